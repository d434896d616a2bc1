// A transform for AssemblyScript's compiler: `Bytes.constant("…")` becomes a view in static memory. So it takes no code at
// the start of the module, no memory of the heap, and no UTF-16 form beside it. Compiled without the transform, by
// others, it means the same and takes more room.

import { LiteralKind, Node, NodeKind, SourceKind } from "assemblyscript";

export default class StaticText {
  /** @param {import("assemblyscript").Parser} parser */
  afterParse(parser) {
    for (const source of parser.sources) {
      if (source.sourceKind === SourceKind.User || source.sourceKind === SourceKind.UserEntry) replaceIn(source);
    }
  }
}

/** Replaces what is below `node`. */
function replaceIn(node) {
  for (const [key, value] of Object.entries(node)) {
    if (key === "range" || key === "source" || key === "parent") continue;
    if (value instanceof Node) node[key] = replaced(value);
    else if (Array.isArray(value)) node[key] = value.map((item) => (item instanceof Node ? replaced(item) : item));
  }
}

function replaced(node) {
  const text = constantText(node);
  if (text !== undefined) return staticView(text, node.range);
  replaceIn(node);
  return node;
}

/** The text of `Bytes.constant("…")`, undefined for anything else. */
function constantText(node) {
  if (node.kind !== NodeKind.Call || node.args.length !== 1) return undefined;
  const { expression, args } = node;
  if (expression.kind !== NodeKind.PropertyAccess || expression.property.text !== "constant") return undefined;
  if (expression.expression.kind !== NodeKind.Identifier || expression.expression.text !== "Bytes") return undefined;
  return isString(args[0]) && args[0].value.length > 0 ? args[0].value : undefined;
}

function isString(node) {
  return node.kind === NodeKind.Literal && node.literalKind === LiteralKind.String;
}

/** `changetype<Bytes>(memory.data<usize>([memory.data<u8>([…]), length]))` */
function staticView(text, range) {
  const view = memoryData("usize", [bytesOf(text, range), integer(Buffer.byteLength(text), range)], range);
  return call("changetype", [named("Bytes", range)], [view], range);
}

function bytesOf(text, range) {
  return memoryData(
    "u8",
    Array.from(Buffer.from(text), (byte) => integer(byte, range)),
    range,
  );
}

function memoryData(type, elements, range) {
  const data = Node.createPropertyAccessExpression(identifier("memory", range), identifier("data", range), range);
  const values = Node.createArrayLiteralExpression(elements, range);
  return Node.createCallExpression(data, [named(type, range)], [values], range);
}

function call(name, types, args, range) {
  return Node.createCallExpression(identifier(name, range), types, args, range);
}

function identifier(name, range) {
  return Node.createIdentifierExpression(name, range);
}

function named(name, range) {
  return Node.createNamedType(Node.createSimpleTypeName(name, range), null, false, range);
}

function integer(value, range) {
  return Node.createIntegerLiteralExpression(i64_new(value), range);
}

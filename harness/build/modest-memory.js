// A transform for AssemblyScript's compiler: the heap grows by what is needed and little more, where the library would
// double all memory. A gateway has one heap for each worker.

import { Node, Token } from "assemblyscript";

/** The library's file of the allocator, its function that grows memory, and what it calls the pages that it wants. */
const ALLOCATOR = "~lib/rt/tlsf.ts";
const GROW = "growMemory";
const WANTED = "pagesWanted";
const NEEDED = "pagesNeeded";
/** Pages of 64 KiB that are taken beyond those needed, so that growing is rare. */
const SPARE = 1;

export default class ModestMemory {
  /** @param {import("assemblyscript").Parser} parser */
  afterParse(parser) {
    const source = parser.sources.find(({ normalizedPath }) => normalizedPath === ALLOCATOR);
    const grow = source?.statements.find((statement) => statement.name?.text === GROW);
    const wanted = grow?.body.statements
      .flatMap(({ declarations = [] }) => declarations)
      .find(({ name }) => name.text === WANTED);
    if (wanted === undefined) throw new Error(`${ALLOCATOR} has no ${WANTED} in ${GROW}`);
    const { range } = wanted;
    const needed = Node.createIdentifierExpression(NEEDED, range);
    const spare = Node.createIntegerLiteralExpression(i64_new(SPARE), range);
    wanted.initializer = Node.createBinaryExpression(Token.Plus, needed, spare, range);
  }
}

// The architecture as a lint rule: an import goes down or sideways through the layers, never up; a filter knows no other
// filter, suite apart, which is all of them; the harness knows modules, schemas and YAML, never their source.

import { dirname, join, relative, sep } from "node:path";

/** How high a folder of runtime/ lies; one that is not named here lies between bytes and stream. */
const RUNTIME = { abi: 0, bytes: 0, stream: 2, ai: 3 };
const MIDDLE_OF_RUNTIME = 1;
/** Files that stand in runtime/ itself may gather what its folders have. */
const TOP_OF_RUNTIME = 4;
const FILTERS = 5;
const NONE = -1;

/** @type {import("eslint").Rule.RuleModule} */
export default {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      up: "{{from}} must not import {{to}}: imports go filters -> runtime/ai -> runtime/stream -> the other folders of runtime/ -> runtime/{bytes,abi}.",
      sibling: "filters/{{from}} must not import filters/{{to}}: what two filters need belongs in runtime/.",
      harness:
        "{{from}} must not import {{to}}: what is not compiled into a module knows modules, schemas and YAML only.",
    },
  },
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join("/");

    /** @param {import("estree").Node & { source?: import("estree").Literal | null }} node */
    function check(node) {
      const specifier = node.source?.value;
      if (typeof specifier !== "string" || !specifier.startsWith(".")) return;
      const target = join(dirname(file), specifier).split(sep).join("/");
      const toLayer = layerOf(target);
      if (toLayer === NONE) return;
      const fromLayer = layerOf(file);
      const report = (/** @type {string} */ messageId, from = file, to = target) => {
        context.report({ node, messageId, data: { from, to } });
      };
      if (fromLayer === NONE) {
        if (!isAssemblyScript(file)) report("harness");
        return;
      }
      if (toLayer > fromLayer) report("up");
      const [from, to] = [filterOf(file), filterOf(target)];
      if (from !== undefined && to !== undefined && from !== to && from !== "suite") report("sibling", from, to);
    }

    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
  },
};

/** @param {string} path */
function layerOf(path) {
  const [top, folder = "", ...below] = path.split("/");
  if (top === "filters") return FILTERS;
  if (top !== "runtime") return NONE;
  return below.length === 0 ? TOP_OF_RUNTIME : (RUNTIME[folder] ?? MIDDLE_OF_RUNTIME);
}

/** @param {string} path */
function filterOf(path) {
  return /^filters\/([^/]+)/.exec(path)?.[1];
}

/** Specs and fuzz entries are compiled with what they test. @param {string} file */
function isAssemblyScript(file) {
  return file.startsWith("test/unit/") || file.endsWith(".as.ts");
}

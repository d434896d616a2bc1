// The architecture as a lint rule: an import goes down or sideways through the layers, never up; a filter knows no other
// filter, suite apart, which is all of them; the harness knows modules, schemas and YAML, never their source.

import { dirname, join, relative, sep } from "node:path";

/** Lowest first. A folder stands for its files and for what no other entry below it names. */
const LAYERS = [
  ["runtime/bytes", "runtime/abi"],
  ["runtime/parse", "runtime/state", "runtime/host", "runtime/config", "runtime/match"],
  ["runtime/stream"],
  ["runtime/ai"],
  ["runtime"],
  ["filters"],
];

/** @type {import("eslint").Rule.RuleModule} */
export default {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      up: "{{from}} must not import {{to}}: imports go filters -> runtime/ai -> runtime/stream -> runtime/{parse,state,host,config,match} -> runtime/{bytes,abi}.",
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
      if (toLayer < 0) return;
      const fromLayer = layerOf(file);
      const report = (/** @type {string} */ messageId, from = file, to = target) => {
        context.report({ node, messageId, data: { from, to } });
      };
      if (fromLayer < 0) {
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
  const folders = LAYERS.flat().filter((folder) => path === folder || path.startsWith(`${folder}/`));
  const nearest = folders.sort((a, b) => b.length - a.length)[0];
  return nearest === undefined ? -1 : LAYERS.findIndex((layer) => layer.includes(nearest));
}

/** @param {string} path */
function filterOf(path) {
  return /^filters\/([^/]+)/.exec(path)?.[1];
}

/** Specs and fuzz entries are compiled with what they test. @param {string} file */
function isAssemblyScript(file) {
  return file.startsWith("test/unit/") || file.endsWith(".as.ts");
}

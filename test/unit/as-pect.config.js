// How as-pect runs the unit specs: AssemblyScript against the pure parts of runtime/ and filters/, with no host below.

const specs = process.argv.filter((argument) => argument.endsWith(".spec.ts"));

export default {
  entries: specs.length > 0 ? [] : ["test/unit/**/*.spec.ts"],
  include: ["test/unit/**/*.include.ts"],
  disclude: [/node_modules/],
  reporter: "test/unit/as-pect.reporter.js",
  async instantiate(memory, createImports, instantiate, binary) {
    return instantiate(binary, createImports({ env: { memory, ...hostCalls(binary) } }));
  },
};

/** A stub for each host call that the spec's imports drag in: pure code may name them in passing, never call them. */
function hostCalls(binary) {
  const stubs = {};
  for (const { module, name, kind } of WebAssembly.Module.imports(new WebAssembly.Module(binary))) {
    if (module !== "env" || kind !== "function" || name === "abort") continue;
    stubs[name] = () => {
      throw new Error(`called the host (${name}): a unit spec has none, use test/host`);
    };
  }
  return stubs;
}

export default {
  entries: ["test/unit/**/*.spec.ts"],
  include: ["nothing"],
  disclude: [/node_modules/],
  async instantiate(memory, createImports, instantiate, binary) {
    return instantiate(binary, createImports({ env: { memory } }));
  },
};

// What no formatter and no type checker sees. AssemblyScript (runtime/, filters/, specs) and the harness's TypeScript
// have rules of their own; the architecture's rules are in harness/lint/rules/.

import tseslint from "typescript-eslint";
import externalInAbi from "./harness/lint/rules/external-in-abi.js";
import oneWayImports from "./harness/lint/rules/one-way-imports.js";

const MODULES = ["runtime/**/*.ts", "filters/**/*.ts"];
const ASSEMBLYSCRIPT = [...MODULES, "test/unit/**/*.ts", "test/**/*.as.ts"];
const TYPESCRIPT = ["harness/**/*.ts", "test/**/*.ts"];

const trap = (what, instead) => `${what} kills the VM and every stream on it: ${instead}.`;

export default tseslint.config(
  { ignores: ["build/", "dist/", ".cache/", "**/fixtures/"] },
  {
    files: ["**/*.{js,ts}"],
    plugins: { sluice: { rules: { "one-way-imports": oneWayImports, "external-in-abi": externalInAbi } } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: { "sluice/one-way-imports": "error" },
  },
  {
    files: ASSEMBLYSCRIPT,
    plugins: { "@typescript-eslint": tseslint.plugin },
    // Decorators stand on functions here, which TypeScript does not allow.
    languageOptions: { parser: tseslint.parser, parserOptions: { allowInvalidAST: true } },
    rules: {
      "no-debugger": "error",
      "no-dupe-else-if": "error",
      "no-duplicate-case": "error",
      "no-self-assign": "error",
      "no-self-compare": "error",
      "no-unreachable": "error",
      "no-var": "error",
      "prefer-const": "error",
      "@typescript-eslint/no-unused-vars": ["error", { args: "none" }],
    },
  },
  {
    files: MODULES,
    // The one file that is about trapping.
    ignores: ["runtime/abi/abort.ts"],
    rules: {
      "sluice/external-in-abi": "error",
      "no-restricted-syntax": [
        "error",
        { selector: "ThrowStatement", message: trap("A throw", "return a status or a fallback") },
        { selector: "TryStatement", message: "AssemblyScript has no exceptions to catch." },
        { selector: "TSNonNullExpression", message: trap("A `!` on null", "test for null") },
        {
          selector: "CallExpression[callee.name=/^(assert|unreachable|abort)$/]",
          message: trap("An assertion that fails", "return a status or a fallback"),
        },
      ],
    },
  },
  {
    files: TYPESCRIPT,
    ignores: ASSEMBLYSCRIPT,
    extends: [tseslint.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-floating-promises": [
        "error",
        // node:test awaits what these return.
        {
          allowForKnownSafeCalls: [
            { from: "package", package: "node:test", name: ["describe", "it", "suite", "test"] },
          ],
        },
      ],
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // `void | Promise<void>` says what it means.
      "@typescript-eslint/no-invalid-void-type": "off",
      eqeqeq: "error",
    },
  },
);

// Host calls are declared in one folder: `@external` stands in runtime/abi only. (Read from the text, because a decorator
// of a function is no part of a TypeScript syntax tree.)

import { relative, sep } from "node:path";

/** @type {import("eslint").Rule.RuleModule} */
export default {
  meta: {
    type: "problem",
    schema: [],
    messages: { elsewhere: "Declare host calls in runtime/abi: this file has an @external of its own." },
  },
  create(context) {
    if (relative(context.cwd, context.filename).split(sep).join("/").startsWith("runtime/abi/")) return {};
    const { sourceCode } = context;
    return {
      Program() {
        for (const match of sourceCode.text.matchAll(/@external\b/g)) {
          const isInComment = sourceCode.getAllComments().some(({ range }) => {
            return range !== undefined && range[0] <= match.index && match.index < range[1];
          });
          if (!isInComment) {
            context.report({ loc: sourceCode.getLocFromIndex(match.index), messageId: "elsewhere" });
          }
        }
      },
    };
  },
};

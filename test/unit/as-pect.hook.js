// Load hook for as-pect: gives it the node numbers of the compiler that is installed.
//
// as-pect 8.1 and as-covers 0.4 were built with an older compiler's enums inlined (`51 /* NodeKind.ClassDeclaration */`).
// Those numbers moved after AssemblyScript 0.28.14, so their transforms overlook every class. The name stands beside the
// number: as such a module loads, each number is read anew from the enums of the compiler that will run it.
//
//   node --import ./test/unit/as-pect.hook.js node_modules/@as-pect/cli/lib/test.js ...

import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

const BUILT_WITH_OLD_NUMBERS = /\/node_modules\/(@as-pect\/transform|@as-covers\/transform|visitor-as)\//;
const INLINED_NUMBER = /\b\d+ \/\* (\w+)\.(\w+) \*\//g;

/** Numbers by `Enum.Member`, set in the loader's thread. */
let numbers = new Map();

if (isMainThread) {
  const compiler = await import("assemblyscript");
  register(import.meta.url, { data: numbersOf(compiler) });
}

/** The members of every enum that the compiler exports. */
function numbersOf(compiler) {
  const found = new Map();
  for (const [name, value] of Object.entries(compiler)) {
    if (typeof value !== "object" || value === null) continue;
    for (const [member, number] of Object.entries(value)) {
      if (typeof number === "number") found.set(`${name}.${member}`, number);
    }
  }
  return found;
}

/** Called by Node in the loader's thread, once. */
export function initialize(data) {
  numbers = data;
}

/** Called by Node for each module that loads. */
export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (!BUILT_WITH_OLD_NUMBERS.test(url) || loaded.format !== "module") return loaded;
  const source = String(loaded.source).replace(INLINED_NUMBER, (text, name, member) => {
    const number = numbers.get(`${name}.${member}`);
    if (number === undefined) throw new Error(`${url}: this compiler has no ${name}.${member}`);
    return `${number} /* ${name}.${member} */`;
  });
  return { ...loaded, source };
}

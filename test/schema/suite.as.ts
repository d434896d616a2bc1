// A module whose only job is to judge configurations of the suite, so that its verdict can be compared with the schema's.
import { readSuite } from "../../filters/suite/suite";
import { judge } from "./judge.as";

export { allocate, collect, reportLength, reportPointer } from "./judge.as";

/** Judges a configuration and frees its text; answers the number of errors. */
export function configure(ptr: usize, length: i32): i32 {
  return judge("suite", ptr, length, (root, shared, compilation) => {
    const suite = readSuite(root, shared, compilation);
    for (let i = 0; i < suite.parts.length; i++) suite.parts[i].free();
  });
}

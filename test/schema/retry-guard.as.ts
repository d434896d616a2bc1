// A module whose only job is to judge configurations of retry-guard, so that its verdict can be compared with the schema's.
import { RetryGuardConfig } from "../../filters/retry-guard/config";
import { judge } from "./judge.as";

export { allocate, collect, reportLength, reportPointer } from "./judge.as";

/** Judges a configuration and frees its text; answers the number of errors. */
export function configure(ptr: usize, length: i32): i32 {
  return judge("retry-guard", ptr, length, (root, shared, compilation) => {
    new RetryGuardConfig(root, shared, compilation);
  });
}

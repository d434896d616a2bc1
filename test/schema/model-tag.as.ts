// A module whose only job is to judge configurations of model-tag, so that its verdict can be compared with the schema's.
import { ModelTagConfig } from "../../filters/model-tag/config";
import { judge } from "./judge.as";

export { allocate, collect, reportLength, reportPointer } from "./judge.as";

/** Judges a configuration and frees its text; answers the number of errors. */
export function configure(ptr: usize, length: i32): i32 {
  return judge("model-tag", ptr, length, (root, shared, compilation) => {
    new ModelTagConfig(root, shared, compilation);
  });
}

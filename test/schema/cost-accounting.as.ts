// A module whose only job is to judge configurations of cost-accounting, so that its verdict can be compared with the schema's.
import { CostConfig } from "../../filters/cost-accounting/config";
import { judge } from "./judge.as";

export { allocate, collect, reportLength, reportPointer } from "./judge.as";

/** Judges a configuration and frees its text; answers the number of errors. */
export function configure(ptr: usize, length: i32): i32 {
  return judge("cost-accounting", ptr, length, (root, _shared, compilation) => {
    new CostConfig(root, compilation);
  });
}

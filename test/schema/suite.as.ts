// A module whose only job is to judge configurations of the suite, so that its verdict can be compared with the schema's.
import { readSuite } from "../../filters/suite/suite";
import { ConfigErrors } from "../../runtime/config/errors";
import { readConfig } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Compilation } from "../../runtime/match/compilation";

let report: ArrayBuffer = new ArrayBuffer(0);

/** Memory for a configuration's text. */
export function allocate(size: i32): usize {
  return heap.alloc(<usize>size);
}

/** Judges a configuration and frees its text; answers the number of errors. */
export function configure(ptr: usize, length: i32): i32 {
  const errors = new ConfigErrors("suite");
  const root = readConfig(errors, ptr, length);
  const compilation = new Compilation();
  const shared = new SharedConfig(root, compilation);
  const suite = readSuite(root, shared, compilation);
  for (let i = 0; i < suite.parts.length; i++) suite.parts[i].onDelete();
  root.finish();
  report = String.UTF8.encode(errors.text() + "\0" + errors.warnings.join("\n"));
  heap.free(ptr);
  const count = errors.errorCount;
  return count;
}

/** Where the errors' text stands, and how long it is. */
export function reportPointer(): usize {
  return changetype<usize>(report);
}

export function reportLength(): i32 {
  return report.byteLength;
}

/** Frees what earlier verdicts left. */
export function collect(): void {
  __collect();
}

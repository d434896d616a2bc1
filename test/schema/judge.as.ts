// Judges a configuration as a filter would, and keeps what it said.
import { ConfigErrors } from "../../runtime/config/errors";
import { ObjectReader, readConfig } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Compilation } from "../../runtime/match/compilation";

let report: ArrayBuffer = new ArrayBuffer(0);

/** Reads the part of a configuration that is `filter`'s own by `read`, and frees the text; answers the number of errors. */
export function judge(
  filter: string,
  ptr: usize,
  length: i32,
  read: (root: ObjectReader, shared: SharedConfig, compilation: Compilation) => void,
): i32 {
  const errors = new ConfigErrors(filter);
  const root = readConfig(errors, ptr, length);
  const compilation = new Compilation();
  read(root, new SharedConfig(root, compilation), compilation);
  root.finish();
  report = String.UTF8.encode(errors.text() + "\0" + errors.warnings.join("\n"));
  heap.free(ptr);
  return errors.errorCount;
}

/** Memory for a configuration's text. */
export function allocate(size: i32): usize {
  return heap.alloc(<usize>size);
}

/** Where the report stands: errors, a zero byte, warnings. */
export function reportPointer(): usize {
  return changetype<usize>(report);
}

/** The report's length in bytes. */
export function reportLength(): i32 {
  return report.byteLength;
}

/** Frees what earlier verdicts left. */
export function collect(): void {
  __collect();
}

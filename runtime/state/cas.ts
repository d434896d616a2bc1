// Changes one value of shared data without ever losing another worker's change: read, compute, write if unchanged, repeat.
import { Status } from "../abi/enums";
import { nextHostBytesInto } from "../bytes/arena";
import { Bytes } from "../bytes/bytes";
import { CREATE_ONLY, getShared, setShared, sharedCas, sharedStatus } from "../host/shared-data";

/** Each lost try means that another worker won: so many in a row do not happen, but a loop must end. */
export const MOST_TRIES: i32 = 1000;

/** What became of a change of shared state. */
export const enum Outcome {
  /** The new value is in place. */
  Written,
  /** The change did not want to be written. */
  Kept,
  /** The host failed; nothing was written. */
  HostFault,
  /** Others changed the value under every try; nothing was written. */
  Contended,
  /** A table has no slot for the key; nothing was written. */
  Full,
}

/** One change of one value. Keep one object per kind of change and set its fields before each use. */
export abstract class Change {
  /**
   * The new value, computed from what is there (absent: nothing yet) and from nothing else, because it runs once per
   * try. Absent leaves the value as it is. `found` may be changed in place. No host calls in here.
   */
  abstract apply(found: Bytes): Bytes;
}

/** Longest value that a retried read does not take from the arena. */
const WORK_BYTES: i32 = 256;
const work = memory.data(256, 8);

/** As `getShared`, written to `ptr` where it fits into `capacity` bytes, so that retries do not fill the arena. */
export function readShared(key: Bytes, ptr: usize = work, capacity: i32 = WORK_BYTES): Bytes {
  nextHostBytesInto(ptr, capacity);
  const found = getShared(key);
  nextHostBytesInto(0, 0);
  return found;
}

/** Whether the last read failed for another reason than that there is nothing. */
export function didReadFail(): bool {
  const status = sharedStatus();
  return status != Status.Ok && status != Status.NotFound;
}

/** The version to write against after a read: what was found, or nothing. */
export function versionRead(): u32 {
  return sharedStatus() == Status.Ok ? sharedCas() : CREATE_ONLY;
}

/** Changes a value until nobody came between. Two host calls where nobody does. `ptr` and `capacity` as in `readShared`. */
export function changeShared(key: Bytes, change: Change, ptr: usize = work, capacity: i32 = WORK_BYTES): Outcome {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const found = readShared(key, ptr, capacity);
    if (didReadFail()) return Outcome.HostFault;
    const version = versionRead();
    const value = change.apply(found);
    if (!value.isPresent) return Outcome.Kept;
    const status = setShared(key, value, version);
    if (status == Status.Ok) return Outcome.Written;
    if (status != Status.CasMismatch) return Outcome.HostFault;
  }
  return Outcome.Contended;
}

/** Writes a value unless there is one already. `Kept`: there is, and it was left alone. */
export function createShared(key: Bytes, value: Bytes): Outcome {
  const status = setShared(key, value, CREATE_ONLY);
  if (status == Status.Ok) return Outcome.Written;
  return status == Status.CasMismatch ? Outcome.Kept : Outcome.HostFault;
}

// Numbers in shared data that all workers add to.
import { Bytes } from "../bytes/bytes";
import { Change, changeShared, didReadFail, Outcome, readShared } from "./cas";

/** What stands for a number that could not be read or changed. */
export const NO_COUNT: i64 = i64.MIN_VALUE;

/** Adds to a number, within bounds. A value that is no number counts as 0. */
class Addition extends Change {
  by: i64 = 0;
  least: i64 = 0;
  most: i64 = 0;
  /** The number afterwards, or as it is when the sum would be out of bounds. */
  result: i64 = 0;
  private readonly value: Bytes = Bytes.constant("........");

  apply(found: Bytes): Bytes {
    const before = numberIn(found);
    const sum = before + this.by;
    this.result = before;
    if (sum < this.least || sum > this.most) return Bytes.absent();
    this.result = sum;
    store<i64>(this.value.ptr, sum);
    return this.value;
  }
}

const addition = new Addition();

/** Adds to the number under a key, which begins at 0. The number afterwards, `NO_COUNT` when the host fails. */
export function addToCount(key: Bytes, by: i64): i64 {
  return add(key, by, i64.MIN_VALUE + 1, i64.MAX_VALUE) == Outcome.Written ? addition.result : NO_COUNT;
}

/** Adds one unless `most` are there: `Written`, `Kept` when they are, or why the host could not. */
export function takeOfCount(key: Bytes, most: i64): Outcome {
  return add(key, 1, i64.MIN_VALUE + 1, most);
}

/** Takes one off unless there is none. */
export function giveBackToCount(key: Bytes): Outcome {
  return add(key, -1, 0, i64.MAX_VALUE);
}

/** The number under a key, 0 when there is none, `NO_COUNT` when the host fails. */
export function countOf(key: Bytes): i64 {
  const found = readShared(key);
  return didReadFail() ? NO_COUNT : numberIn(found);
}

function add(key: Bytes, by: i64, least: i64, most: i64): Outcome {
  addition.by = by;
  addition.least = least;
  addition.most = most;
  return changeShared(key, addition);
}

function numberIn(found: Bytes): i64 {
  return found.length == 8 ? load<i64>(found.ptr) : 0;
}

// Few numbers in order.

/** Puts a number to its place among ascending ones. The library's sort is for many, and takes 1 KiB for each type. */
export function insertAscending(values: i64[], value: i64): void {
  let at = values.push(value) - 1;
  for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
  values[at] = value;
}

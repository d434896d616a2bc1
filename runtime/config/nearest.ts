// Finds the name that someone probably meant.
import { lowerText } from "./lower";

/** The known name nearest to `name`, empty when none is near: at most a third of its letters differ. */
export function nearestName(name: string, known: string[]): string {
  const wanted = fold(name);
  let best = "";
  let least = i32.MAX_VALUE;
  for (let i = 0; i < known.length; i++) {
    const candidate = fold(known[i]);
    const distance = editDistance(wanted, candidate);
    if (distance < least && distance * 3 <= max(max(wanted.length, candidate.length), 3)) {
      least = distance;
      best = known[i];
    }
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other. */
export function editDistance(from: string, to: string): i32 {
  const width = to.length + 1;
  const table = new StaticArray<i32>((from.length + 1) * width);
  for (let column = 0; column < width; column++) table[column] = column;
  for (let row = 1; row <= from.length; row++) {
    const above = (row - 1) * width;
    const here = row * width;
    table[here] = row;
    for (let column = 1; column < width; column++) {
      const same = from.charCodeAt(row - 1) == to.charCodeAt(column - 1);
      let steps = table[above + column - 1] + (same ? 0 : 1);
      steps = min(steps, min(table[above + column], table[here + column - 1]) + 1);
      if (row > 1 && column > 1 && from.charCodeAt(row - 1) == to.charCodeAt(column - 2)) {
        const isSwap = from.charCodeAt(row - 2) == to.charCodeAt(column - 1);
        if (isSwap) steps = min(steps, table[above - width + column - 2] + 1);
      }
      table[here + column] = steps;
    }
  }
  return table[from.length * width + width - 1];
}

/** `max_held_bytes` and `MaxHeldBytes` are meant as `maxHeldBytes`. Cut, so that a huge name costs little. */
function fold(name: string): string {
  const lower = lowerText(name.substring(0, 64));
  let folded = "";
  for (let i = 0, k = lower.length; i < k; i++) {
    const unit = lower.charCodeAt(i);
    if (unit != 0x5f && unit != 0x2d) folded += lower.charAt(i);
  }
  return folded;
}

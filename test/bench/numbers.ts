// Medians, spreads and ratios.

/** Of a list of figures. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  /** A quarter of the figures is below, a quarter above. */
  low: number;
  high: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
  };
}

export function median(values: readonly number[]): number {
  return spread(values).median;
}

/** How far apart the middle half of the figures lies. */
export function noise(one: Spread): number {
  return one.high - one.low;
}

/** `a` less `b`, round by round. */
export function differences(a: readonly number[], b: readonly number[]): number[] {
  return a.slice(0, b.length).map((value, at) => value - (b[at] as number));
}

/** For a table: as many decimals as tell something; a dash where there is no figure. */
export function show(value: number | undefined, decimals?: number): string {
  if (value === undefined || !Number.isFinite(value)) return "—";
  return value.toFixed(decimals ?? (Math.abs(value) < 10 ? 2 : 1));
}

/** Of a sorted list; between two of its values in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

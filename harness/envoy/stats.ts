// Reads Prometheus' text format into a map that tests can ask.

/** Samples of one moment. */
export class Stats {
  /** By name and sorted labels: `sluice_requests{api="openai-chat",model="x"}`. */
  readonly samples: ReadonlyMap<string, number>;
  readonly #parsed: { name: string; labels: Record<string, string>; value: number }[];

  constructor(text: string) {
    this.#parsed = parse(text);
    this.samples = new Map(this.#parsed.map(({ name, labels, value }) => [sampleKey(name, labels), value]));
  }

  /** The sum of all samples of `name` whose labels have at least these values; 0 if there is none. */
  sum(name: string, labels: Record<string, string> = {}): number {
    let total = 0;
    for (const sample of this.#parsed) {
      if (sample.name === name && hasLabels(sample.labels, labels)) total += sample.value;
    }
    return total;
  }

  /** Whether there is a sample of `name` whose labels have at least these values. */
  has(name: string, labels: Record<string, string> = {}): boolean {
    return this.#parsed.some((sample) => sample.name === name && hasLabels(sample.labels, labels));
  }

  /** The one sample with exactly these labels, or undefined. */
  get(name: string, labels: Record<string, string> = {}): number | undefined {
    return this.samples.get(sampleKey(name, labels));
  }

  /** All values that `label` has on samples of `name`. */
  labelValues(name: string, label: string): string[] {
    const values = this.#parsed.flatMap((sample) => (sample.name === name ? [sample.labels[label]] : []));
    return [...new Set(values)].filter((value) => value !== undefined).sort();
  }
}

function sampleKey(name: string, labels: Record<string, string>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.length === 0 ? name : `${name}{${sorted.map(([key, value]) => `${key}="${value}"`).join(",")}}`;
}

function hasLabels(all: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => all[key] === value);
}

function parse(text: string): { name: string; labels: Record<string, string>; value: number }[] {
  const samples = [];
  for (const line of text.split("\n")) {
    const found = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (found === null) continue;
    const labels: Record<string, string> = {};
    for (const [, key = "", value = ""] of (found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[key] = value.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
    }
    samples.push({ name: found[1] ?? "", labels, value: Number(found[3]) });
  }
  return samples;
}

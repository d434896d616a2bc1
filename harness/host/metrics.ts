// Metrics: process-wide by name. Each definition gets an id of its own, as in Envoy: two ids of one name count together.
import { MetricType, Status } from "./status.ts";

/** One metric of the process. */
export interface Metric {
  readonly type: number;
  readonly name: string;
  /** Counter and gauge: the value. Histogram: the number of samples. */
  value: bigint;
  /** Histogram: the samples, at least the newest 10,000. */
  samples: bigint[];
}

const mask64 = (1n << 64n) - 1n;
const keptSamples = 10_000;

/** All metrics of the process. */
export class MetricRegistry {
  readonly #byName = new Map<string, Metric>();

  define(type: number, name: string): Metric {
    const key = `${type} ${name}`;
    let metric = this.#byName.get(key);
    if (metric === undefined) this.#byName.set(key, (metric = { type, name, value: 0n, samples: [] }));
    return metric;
  }

  /** Number of different metrics. */
  get size(): number {
    return this.#byName.size;
  }

  /** Value by name (counter, gauge) or number of samples (histogram). */
  snapshot(): Map<string, bigint> {
    const values = new Map<string, bigint>();
    for (const metric of this.#byName.values()) values.set(metric.name, metric.value);
    return values;
  }

  /** The metric of this name, whatever its type. */
  find(name: string): Metric | undefined {
    for (const metric of this.#byName.values()) if (metric.name === name) return metric;
    return undefined;
  }
}

/** The metric ids of one VM: the lowest two bits are the type. */
export class MetricIds {
  readonly #registry: MetricRegistry;
  readonly #byId = new Map<number, Metric>();
  readonly #next = [0, 0, 0];

  constructor(registry: MetricRegistry) {
    this.#registry = registry;
  }

  /** Number of ids given out. */
  get size(): number {
    return this.#byId.size;
  }

  define(type: number, name: string): number {
    const count = (this.#next[type] as number) + 1;
    this.#next[type] = count;
    const id = count * 4 + type;
    this.#byId.set(id, this.#registry.define(type, name));
    return id;
  }

  increment(id: number, offset: bigint): number {
    const type = id & 3;
    if (type !== MetricType.Counter && type !== MetricType.Gauge) return Status.BadArgument;
    const metric = this.#byId.get(id);
    if (metric === undefined) return Status.NotFound;
    if (type === MetricType.Counter && offset <= 0n) return Status.BadArgument;
    metric.value = (metric.value + offset) & mask64;
    return Status.Ok;
  }

  record(id: number, value: bigint): number {
    const metric = this.#byId.get(id);
    if (metric === undefined) return Status.NotFound;
    if (metric.type === MetricType.Counter) {
      metric.value = (metric.value + value) & mask64;
    } else if (metric.type === MetricType.Gauge) {
      metric.value = value;
    } else {
      metric.value += 1n;
      metric.samples.push(value);
      if (metric.samples.length >= 2 * keptSamples) metric.samples.splice(0, keptSamples);
    }
    return Status.Ok;
  }

  /** The value, or a status. */
  get(id: number): bigint | number {
    const type = id & 3;
    if (type !== MetricType.Counter && type !== MetricType.Gauge) return Status.BadArgument;
    return this.#byId.get(id)?.value ?? Status.NotFound;
  }
}

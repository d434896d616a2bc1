// Metrics with labels: one series of the host for each combination of values, at most so many in all.
import { MetricType } from "../abi/enums";
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";
import { defineMetric, incrementMetric, metricValue, recordMetric } from "../host/metrics";
import { Label, LABEL_BITS, NONE, OTHER } from "./labels";
import { appendLabelValue } from "./label-text";
import { SeriesPermit } from "./series-permit";
import { SeriesTable } from "./series-table";

const LABEL_MASK: u64 = (1 << LABEL_BITS) - 1;

/** What `{}` allows. */
const USUAL_MOST_SERIES: i32 = 5000;

// Metric ids belong to the VM, whichever root defined them.
const table = new SeriesTable();
const name = new ByteBuffer(256);
const SEPARATOR = Bytes.constant("=.=");
const END = Bytes.constant(";.;");

let mostSeries = USUAL_MOST_SERIES;
let permit: SeriesPermit | null = null;
let others = 0; // series of no value at all, one for each family
let series = 0; // all but those
let fromCallers = 0; // series with a value that no configuration names
let refused = 0; // combinations that are known to have no series of their own
let families = 0;

/**
 * Bounds the series of the process; of several roots the largest number counts. Before it is called each VM bounds its
 * own. At configure time, once the configuration was found to be good.
 */
export function allowSeries(most: i32): void {
  if (permit && most <= mostSeries) return;
  mostSeries = most;
  permit = new SeriesPermit(ownMost(), callersMost());
}

/** Series defined by this VM, the `other` ones included. */
export function seriesCount(): i32 {
  return series + others;
}

/**
 * A metric with up to four labels. Make it at the top of a file: it costs nothing until it is used. The first use of a
 * combination defines a series; one that finds no room counts with its open labels as `other`, then with all of them.
 */
export class Family {
  private readonly name: Bytes;
  private readonly number: u64;

  constructor(
    private readonly type: MetricType,
    name: string,
    private readonly labels: Label[] = [],
  ) {
    this.name = Bytes.constant(name);
    this.number = <u64>++families;
  }

  /** Adds to a counter or a gauge. Numbers of labels in the order of the constructor; one hash and one host call. */
  increment(by: i64, a: i32 = OTHER, b: i32 = OTHER, c: i32 = OTHER, d: i32 = OTHER): void {
    // Envoy refuses to add nothing to a counter.
    if (by != 0) incrementMetric(this.metric(a, b, c, d), by);
  }

  /** Sets a gauge, or puts a value into a histogram. */
  record(value: u64, a: i32 = OTHER, b: i32 = OTHER, c: i32 = OTHER, d: i32 = OTHER): void {
    recordMetric(this.metric(a, b, c, d), value);
  }

  /** What a gauge or a counter stands at, in the whole process. */
  value(a: i32 = OTHER, b: i32 = OTHER, c: i32 = OTHER, d: i32 = OTHER): u64 {
    return metricValue(this.metric(a, b, c, d));
  }

  private metric(a: i32, b: i32, c: i32, d: i32): u32 {
    const key = this.key(a, b, c, d);
    const known = table.find(key);
    return known != SeriesTable.ABSENT ? known : this.define(key, a, b, c, d);
  }

  /** Never 0: families count from 1. */
  private key(a: i32, b: i32, c: i32, d: i32): u64 {
    let key = this.number;
    key = (key << LABEL_BITS) | ((<u64>a) & LABEL_MASK);
    key = (key << LABEL_BITS) | ((<u64>b) & LABEL_MASK);
    key = (key << LABEL_BITS) | ((<u64>c) & LABEL_MASK);
    return (key << LABEL_BITS) | ((<u64>d) & LABEL_MASK);
  }

  private define(key: u64, a: i32, b: i32, c: i32, d: i32): u32 {
    const isReserved = this.isReserved(0, a) && this.isReserved(1, b) && this.isReserved(2, c) && this.isReserved(3, d);
    const isOther = (a | b | c | d) == OTHER;
    if (!isOther && !hasRoom(isReserved)) return this.fallback(isReserved, a, b, c, d);
    name.clear();
    this.appendLabel(0, a);
    this.appendLabel(1, b);
    this.appendLabel(2, c);
    this.appendLabel(3, d);
    const text = name.add(this.name).view();
    const shared = permit;
    if (!isOther && shared && !shared.allows(text, isReserved)) {
      const id = this.fallback(isReserved, a, b, c, d);
      // Remembered, so that each use does not ask again.
      table.set(key, id);
      refused++;
      return id;
    }
    const id = defineMetric(this.type, text);
    table.set(key, id);
    if (isOther) others++;
    else series++;
    if (!isReserved) fromCallers++;
    return id;
  }

  /** The series that takes what finds no room: with the values of closed labels, then without any. */
  private fallback(isReserved: bool, a: i32, b: i32, c: i32, d: i32): u32 {
    if (isReserved) return this.metric(OTHER, OTHER, OTHER, OTHER);
    return this.metric(this.closed(0, a), this.closed(1, b), this.closed(2, c), this.closed(3, d));
  }

  private appendLabel(index: i32, value: i32): void {
    if (index >= this.labels.length) return;
    const label = this.labels[index];
    if (label.isComposite) {
      if (value > NONE) name.add(label.text(value));
      return;
    }
    name.add(label.name).add(SEPARATOR);
    appendLabelValue(name, label.text(value));
    name.add(END);
  }

  private isReserved(index: i32, value: i32): bool {
    return index >= this.labels.length || this.labels[index].isReserved(value);
  }

  private closed(index: i32, value: i32): i32 {
    return index < this.labels.length && !this.labels[index].isOpen ? value : OTHER;
  }
}

function hasRoom(isReserved: bool): bool {
  if (series >= ownMost() || refused >= mostSeries) return false;
  return isReserved || fromCallers < callersMost();
}

/** Each family keeps room for its `other` series. */
function ownMost(): i32 {
  return max(mostSeries - families, 0);
}

/** The last quarter is kept for what the configuration names. */
function callersMost(): i32 {
  return ownMost() - ownMost() / 4;
}

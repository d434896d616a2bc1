// Counters, gauges and histograms of the host. They never end: define a bounded number, at configure time.
import { MetricType, Status } from "../abi/enums";
import { proxy_define_metric, proxy_get_metric, proxy_increment_metric, proxy_record_metric } from "../abi/imports";
import { Bytes } from "../bytes/bytes";
import { ANSWER_NUMBER } from "./answer";

/** What stands for a metric that could not be defined; using it does nothing. */
export const NO_METRIC: u32 = u32.MAX_VALUE;

/** Defines a metric, or finds the one of this name. `NO_METRIC` when the host refuses. */
export function defineMetric(type: MetricType, name: Bytes): u32 {
  return proxy_define_metric(type, name.ptr, name.length, ANSWER_NUMBER) == Status.Ok
    ? load<u32>(ANSWER_NUMBER)
    : NO_METRIC;
}

/** Adds to a counter or a gauge. */
export function incrementMetric(id: u32, by: i64 = 1): void {
  if (id != NO_METRIC) proxy_increment_metric(id, by);
}

/** Sets a gauge, or puts a value into a histogram. */
export function recordMetric(id: u32, value: u64): void {
  if (id != NO_METRIC) proxy_record_metric(id, value);
}

/** The value of a counter or gauge; 0 when the host fails. */
export function metricValue(id: u32): u64 {
  return id != NO_METRIC && proxy_get_metric(id, ANSWER_NUMBER) == Status.Ok ? load<u64>(ANSWER_NUMBER) : 0;
}

// The tables of a run: the same rows for the terminal and for the docs.
import { judge, type Verdict } from "./goals.ts";
import { noise, show } from "./numbers.ts";
import type { Results } from "./results.ts";

/** A table of text cells. */
export interface Table {
  title: string;
  heading: string[];
  rows: string[][];
}

const mib = (bytes: number) => show(bytes / 2 ** 20, 1);

/** Every table for which there are figures. */
export function tablesOf(results: Results): Table[] {
  return [
    {
      title: "What is to be reached",
      heading: ["job", "at most", "of", "reached", "host calls alone", "of all CPU time", "met"],
      rows: judge(results).map(verdictRow),
    },
    {
      title: "CPU µs of Envoy per request",
      heading: ["job", "µs", "over no filter", "±"],
      rows: results.figures.map((one) => [
        ...[one.name, show(one.micros.median, 1), show(one.overMicros?.median, 1)],
        show(noise(one.overMicros ?? one.micros) / 2, 1),
      ]),
    },
    {
      title: "Host calls per request",
      heading: ["job", "all", "kinds", "by name"],
      rows: (results.hostCalls ?? []).map(({ job, total, byName }) => [
        ...[job, show(total, 1), String(Object.keys(byName).length)],
        Object.entries(byName)
          .map(([name, count]) => `${name} ${Number(count.toFixed(2))}`)
          .join(", "),
      ]),
    },
    {
      title: "What a kind of host call takes",
      heading: ["job", "kind", "calls", "µs of all", "µs of one"],
      rows: (results.kinds ?? []).map(({ job, name, calls, micros }) => [
        ...[job, name, String(calls), show(micros, 1), show(micros / calls, 1)],
      ]),
    },
    {
      title: "Modules",
      heading: ["module", "KiB"],
      rows: results.modules.map(({ name, bytes }) => [name, show(bytes / 1024, 1)]),
    },
    {
      title: "Resident memory of Envoy, MiB",
      heading: ["workers", "no filter", "suite", "the suite's own"],
      rows: Object.entries(results.memory?.suite ?? {}).map(([workers, suite]) => {
        const none = results.memory?.noFilter[workers] ?? Number.NaN;
        return [workers, mib(none), mib(suite), mib(suite - none)];
      }),
    },
    {
      title: "Linear memory of the suite's VM, MiB",
      heading: ["requests", "after 1000", "after all"],
      rows: results.memory
        ? [
            [
              String(results.memory.linear.requests),
              show(results.memory.linear.early / 2 ** 20, 2),
              show(results.memory.linear.late / 2 ** 20, 2),
            ],
          ]
        : [],
    },
    {
      title: "One worker and two, CPU µs per request",
      heading: ["job", "one", "two", "×"],
      rows: (results.workers ?? []).map(({ name, one, two }) => [
        ...[name, show(one.median, 1), show(two.median, 1), show(two.median / one.median, 2)],
      ]),
    },
    {
      title: "A short HTTP/2 call, ms",
      heading: ["chain", "median", "over no filter", "±"],
      rows: (results.latency ?? []).map(({ name, ms }) => {
        const none = results.latency?.[0]?.ms.median ?? Number.NaN;
        return [name, show(ms.median, 3), show(ms.median - none, 3), show(noise(ms) / 2, 3)];
      }),
    },
    {
      title: "An event's way from upstream to client, ms",
      heading: ["chain", "median", "±", "events", "after the next", "held back"],
      rows: (results.events ?? []).map(({ name, ms, late, held, events }) => [
        ...[name, show(ms.median, 3), show(noise(ms) / 2, 3), String(events), String(late), String(held)],
      ]),
    },
    {
      title: "From a changed configuration to the first answer, ms",
      heading: ["chain", "median", "±"],
      rows: results.start
        ? [
            ["no filter", show(results.start.noFilter.median, 1), show(noise(results.start.noFilter) / 2, 1)],
            ["suite", show(results.start.suite.median, 1), show(noise(results.start.suite) / 2, 1)],
          ]
        : [],
    },
  ].filter(({ rows }) => rows.length > 0);
}

function verdictRow({ job, demand, target, unit, reached, floor, ofTotal, met }: Verdict): string[] {
  const decimals = unit === "events" ? 0 : 2;
  const of = (value: number) => (unit === "×" ? show(value, 2) : `${show(value, decimals)} ${unit}`);
  const isMet = met === undefined ? "not measured" : met ? "yes" : "no";
  return [
    ...[job, of(target), demand.replace(/^× /, ""), reached === undefined ? "—" : of(reached)],
    ...[floor === undefined ? "" : of(floor), ofTotal === undefined ? "" : show(ofTotal, 2), isMet],
  ];
}

// The two halves of a pair must fit: same module, same configuration, outer before inner, nothing between them.
import type { Fault } from "../sluice-yaml/fault.ts";
import type { Installation } from "../sluice-yaml/filters.ts";
import type { JsonObject } from "../sluice-yaml/model.ts";
import type { SourceDocument } from "../sluice-yaml/source.ts";
import type { KubeObject } from "./kube.ts";
import { filterOfUrl } from "./plugins.ts";

interface Half {
  document: SourceDocument;
  name: string;
  url: string;
  priority: number;
  phase: string;
  pair: string | undefined;
  /** What both halves must have in common, as text. */
  place: string;
  config: string;
}

/** Findings over all WasmPlugins of the files together. */
export function checkPairs(documents: readonly SourceDocument[], from: Installation): Fault[] {
  const plugins = documents.flatMap(readPlugin);
  const halves = plugins.filter(({ pair, url }) => pair !== undefined && filterOfUrl(url, from) !== undefined);
  return halves.flatMap((half) => checkHalf(half, halves, plugins));
}

function checkHalf(half: Half, halves: readonly Half[], plugins: readonly Half[]): Fault[] {
  const { document, pair, place } = half;
  const at = ["spec", "pluginConfig", "pair"];
  const module = half.url
    .split("/")
    .at(-1)
    ?.replace(/[@:].*$/, "");
  const others = halves.filter(
    (one) =>
      one.pair !== pair &&
      one.place === place &&
      one.url
        .split("/")
        .at(-1)
        ?.replace(/[@:].*$/, "") === module,
  );
  const other = others[0];
  const missing = pair === "outer" ? "inner" : "outer";
  if (other === undefined) {
    return [
      document.fault(at, `the ${missing} half of this pair is not in these files`, {
        severity: "warning",
        cure: `a second WasmPlugin with the same url, selector and configuration, and pair: ${missing}`,
      }),
    ];
  }
  if (pair === "inner") return [];
  const faults: Fault[] = [];
  if (other.url !== half.url) {
    faults.push(
      document.fault(["spec", "url"], `the two halves are of different modules: ${other.name} has ${other.url}`, {
        severity: "warning",
        cure: "while they differ neither holds; sluice passes traffic and counts pair_mismatch",
      }),
    );
  }
  if (other.config !== half.config) {
    faults.push(
      document.fault(["spec", "pluginConfig"], `the two halves are configured differently (${other.name})`, {
        severity: "warning",
        at: "key",
        cure: "make both the same but for pair",
      }),
    );
  }
  if (other.phase !== half.phase) {
    faults.push(
      document.fault(["spec", "phase"], `the two halves are in different phases`, { cure: "same phase, or none" }),
    );
  }
  if (half.priority <= other.priority) {
    faults.push(
      document.fault(
        ["spec", "priority"],
        `outer must come first: its priority ${half.priority} is not above ${other.priority}`,
        {
          cure: "1000 for outer, 990 for inner",
        },
      ),
    );
  }
  const between = plugins.filter(
    (one) =>
      one.place === place && one.phase === half.phase && one.priority < half.priority && one.priority > other.priority,
  );
  for (const one of between) {
    faults.push(
      one.document.fault(["spec", "priority"], `${one.name} runs between the halves ${half.name} and ${other.name}`, {
        cure: `a priority above ${half.priority} or below ${other.priority}`,
      }),
    );
  }
  return faults;
}

function readPlugin(document: SourceDocument): Half[] {
  const object = document.value as KubeObject;
  if (object.kind !== "WasmPlugin" || typeof object.spec !== "object" || object.spec === null) return [];
  const spec = object.spec as JsonObject;
  const config = { ...(spec["pluginConfig"] as JsonObject | undefined) };
  const { pair } = config;
  delete config["pair"];
  return [
    {
      document,
      name: object.metadata?.name ?? "",
      url: String(spec["url"] ?? ""),
      priority: Number(spec["priority"] ?? 0),
      phase: String(spec["phase"] ?? ""),
      pair: typeof pair === "string" ? pair : undefined,
      place: JSON.stringify([object.metadata?.namespace ?? "", spec["selector"] ?? null, spec["targetRefs"] ?? null]),
      config: JSON.stringify(config),
    },
  ];
}

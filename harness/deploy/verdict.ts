// A module's own verdict on a configuration: the module itself reads it, in the in-process host.
import { readFileSync } from "node:fs";
import { HarnessError } from "../error.ts";
import { Gateway } from "../host/gateway.ts";
import type { Json } from "../scenario/scenario.ts";

/** What a module said of a configuration. */
export interface Verdict {
  errors: Remark[];
  warnings: Remark[];
}

/** One line of it. */
export interface Remark {
  /** Keys and indexes in the configuration; empty for the whole. */
  path: (string | number)[];
  message: string;
}

const modules = new Map<string, Uint8Array>();

/**
 * Lets the module at `path` read a configuration as on a fresh gateway. `undefined` is an absent one. Throws
 * `module-refused` for a file that is no Proxy-Wasm module, `module-trapped` if it dies.
 */
export function verdictOf(path: string, config: Json | undefined): Verdict {
  let bytes = modules.get(path);
  if (bytes === undefined) modules.set(path, (bytes = readFileSync(path)));
  const module = bytes;
  const gateway = new Gateway({
    chain: [
      {
        kind: "plugin",
        name: "validate",
        module: path,
        ...(config !== undefined && { config }),
        vmConfig: { env: { SLUICE_ON_INVALID_CONFIG: "refuse" } },
      },
    ],
    routes: [],
    clusters: [],
    loadModule: () => module,
  });
  if (gateway.traps.length > 0) {
    throw new HarnessError(`${path} died on this configuration: ${gateway.traps[0] ?? ""}`, "module-trapped");
  }
  // Each VM says the same, main thread and worker alike.
  const remarks = (levels: string[]): Remark[] => {
    const lines = gateway.logLines
      .filter(({ level }) => levels.includes(level))
      .flatMap(({ text }) => text.split("\n"));
    return [...new Set(lines)].flatMap((line) => remarkIn(line) ?? []);
  };
  const verdict = { errors: remarks(["error", "critical"]), warnings: remarks(["warn"]) };
  if (verdict.errors.length === 0 && !gateway.isConfigured("validate")) {
    verdict.errors.push({ path: [], message: "the module refuses it and does not say why" });
  }
  return verdict;
}

/** `model-tag: config: tier[0].value: expected …` in its parts. Undefined for other lines. */
function remarkIn(line: string): Remark | undefined {
  const said = /^[a-z0-9-]+: config: ([\s\S]*)$/.exec(line)?.[1];
  if (said === undefined) return undefined;
  const parts = /^((?:[A-Za-z_$][\w$-]*|\[\d+\])(?:\.[^\s.[\]:]+|\[\d+\])*): ([\s\S]*)$/.exec(said);
  return parts === null ? { path: [], message: said } : { path: splitPath(parts[1] ?? ""), message: parts[2] ?? "" };
}

/** `rules[2].limit` as keys and indexes. */
export function splitPath(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? "") : Number(index),
  );
}

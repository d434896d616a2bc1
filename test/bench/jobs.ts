// What is measured: a chain and the requests that go through it.
import type { RawFilter } from "../../harness/envoy/config.ts";
import type { FilterSpec, Json, PluginSpec } from "../../harness/scenario/scenario.ts";
import { limit, pair, plugin, prices, safe, singles, strict, suiteConfig, tokens } from "./chains.ts";
import {
  jsonToMetadataModel,
  jsonToMetadataUsage,
  localRatelimit,
  localRatelimitByKey,
  luaModelTag,
  luaUsage,
} from "./natives.ts";
import type { PeerName, Peers } from "./peers.ts";
import { chat, get, getByKey, keys } from "./requests.ts";

type Chain = (FilterSpec | RawFilter)[];

/** One job. */
export interface Job {
  /** Its name in the table and in the JSON. */
  name: string;
  /** The job of the same requests that it is compared with; absent: it is the base of others. */
  over?: string;
  chain: Chain;
  /** Sent in turn. */
  requests: Buffer[];
  /** Requests of a round, as a share of the bench's number: heavier ones are fewer. */
  share: number;
  /** Whether its host calls are measured alone, too (floor.ts). */
  hasFloor?: boolean;
}

/** Jobs of which goals.ts demands something, and whose chain is one plugin that asks Envoy the same each time. */
const floored = [
  `GET by ${keys} keys: rate-limit`,
  ...["model-tag, native flag", "cost-accounting, native flag", "retry-guard, safe", "suite"].map(
    (what) => `chat 1 KiB: ${what}`,
  ),
  "answer of 200 events: cost-accounting, native flag",
];

/** Empty modules like those of the filters, by the filter's name. */
export type Likes = ReadonlyMap<string, string>;

/** Every job; Rust's are left out where there are none. */
export function jobs(peers: Peers, likes: Likes): Job[] {
  const rust = (name: PeerName, config: Record<string, Json> = {}): PluginSpec[] => {
    const module = peers.modules.get(name);
    return module === undefined ? [] : [plugin(name, config, module)];
  };
  const like = (filter: string) => ({ [`empty like ${filter}`]: [plugin("like", {}, likes.get(filter))] });
  const group = (name: string, requests: Buffer[], share: number, chains: Record<string, Chain>): Job[] => {
    const base: Job = { name: `${name}: no filter`, chain: [], requests, share };
    const over = Object.entries(chains)
      .filter(([, chain]) => chain.length > 0)
      .map(([what, chain]): Job => ({ ...base, name: `${name}: ${what}`, over: base.name, chain }))
      .map((job): Job => ({ ...job, hasFloor: floored.includes(job.name) }));
    return [base, ...over];
  };

  const empty = { "empty filter": [plugin("empty")] };
  const rustLimit = { capacity: tokens, refill: tokens };
  const tag = {
    "model-tag, native flag": [plugin("model-tag")],
    "model-tag, pair": pair("model-tag"),
    "native json_to_metadata, request and answer": [jsonToMetadataModel],
    "Lua model tag": [luaModelTag],
  };
  const cost = {
    "cost-accounting, native flag": [plugin("cost-accounting", prices)],
    "cost-accounting, pair": pair("cost-accounting", prices),
    "Rust cost_accounting": rust("cost_accounting"),
  };
  const allRust: Chain = [
    ...rust("model_tag"),
    ...rust("rate_limit", { header: "authorization", ...rustLimit }),
    ...rust("cost_accounting"),
    ...rust("retry_guard"),
  ];
  return [
    ...group("GET", get, 1, {
      ...empty,
      "model-tag, native flag": [plugin("model-tag")],
      "retry-guard, safe": [plugin("retry-guard", safe)],
      suite: [plugin("suite", suiteConfig)],
      "native local_ratelimit": [localRatelimit],
    }),
    ...group(`GET by ${keys} keys`, getByKey, 1, {
      ...like("rate-limit"),
      "rate-limit": [plugin("rate-limit", limit(["header:x-team"]))],
      "rate-limit, lease": [plugin("rate-limit", limit(["header:x-team"], { lease: "0.01" }))],
      "Rust rate_limit": rust("rate_limit", { header: "x-team", ...rustLimit }),
      "native local_ratelimit, dynamic keys": [localRatelimitByKey],
    }),
    ...group("chat 1 KiB", chat(1024), 1, {
      ...empty,
      ...like("model-tag"),
      ...tag,
      "Rust model_tag": rust("model_tag"),
      ...cost,
      "Lua usage": [luaUsage],
      "native json_to_metadata, usage": [jsonToMetadataUsage],
      ...like("retry-guard"),
      "retry-guard, safe": [plugin("retry-guard", safe)],
      "retry-guard, strict": [plugin("retry-guard", strict)],
      "Rust retry_guard": rust("retry_guard"),
      suite: [plugin("suite", suiteConfig)],
      "suite, pair": pair("suite", suiteConfig),
      "four single modules": singles,
      "four Rust filters": allRust,
    }),
    ...group("chat 64 KiB, model last", chat(65_536, "json-1k", true), 0.5, {
      ...like("model-tag"),
      ...tag,
      "Rust model_tag": rust("model_tag"),
      "Rust model_tag_fast": rust("model_tag_fast"),
    }),
    ...group("answer 64 KiB", chat(1024, "json-64k"), 0.25, {
      ...like("cost-accounting"),
      "cost-accounting, native flag": [plugin("cost-accounting", prices)],
      "Rust cost_accounting": rust("cost_accounting"),
    }),
    ...group("answer of 200 events", chat(1024, "sse"), 0.15, {
      ...like("cost-accounting"),
      ...cost,
      suite: [plugin("suite", suiteConfig)],
    }),
  ];
}

/** Filters that have an empty one like them among the jobs. */
export const liked: readonly string[] = ["rate-limit", "model-tag", "cost-accounting", "retry-guard"];

// What is counted by variant: times to the millisecond, nothing where there are no variants, names within bounds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Gateway } from "../../harness/host/gateway.ts";
import type { FilterSpec, HeaderList, Json, UpstreamSpec } from "../../harness/scenario/scenario.ts";
import { answer, chat, costAccounting, json, prices } from "../scenarios/cost-accounting/chains.ts";
import { modelTag } from "../scenarios/model-tag/chains.ts";

const modules = new Map<string, Uint8Array>();

function loadModule(path: string): Uint8Array {
  let bytes = modules.get(path);
  if (bytes === undefined) modules.set(path, (bytes = readFileSync(path)));
  return bytes;
}

const event = 'data: {"model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n';
const end = 'data: {"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n';

/** A stream whose headers come at once and whose first token comes after so many milliseconds. */
const stream = (afterMs: number): UpstreamSpec => ({
  kind: "answer",
  headers: [["content-type", "text/event-stream"]],
  framing: "chunked",
  body: `:\n\n${event}${end}`,
  chunks: [{ bytes: 3 }, { bytes: event.length, afterMs }, { bytes: end.length, afterMs: 50 }],
});

class Stage {
  readonly gateway: Gateway;

  constructor(chain: FilterSpec[]) {
    this.gateway = new Gateway({ chain, routes: [{ cluster: "m" }], clusters: [{ name: "m" }], loadModule });
  }

  call(body: string, upstream: UpstreamSpec, headers: HeaderList = []): void {
    const all = [...json, ...headers];
    const result = this.gateway.request({
      ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions" },
      ...{ headers: all, body, upstream },
    });
    assert.equal(result.status, 200);
  }

  get names(): string[] {
    return [...this.gateway.metrics.snapshot().keys()].filter((name) => name.includes("sluice.variant."));
  }
}

/** A split whose variants are asked for by name. */
function split(name: string, variants: string[]): Json {
  return {
    ...{ name, match: { models: [name] } },
    variants: variants.map((variant) => ({ name: variant, percent: 0, always: { headers: { "x-want": variant } } })),
  };
}

const costing = costAccounting("flag", { prices, includeUsage: "off" });
const tagging = (splits: Json[]) => modelTag("flag", { trustedHeaders: ["x-want"], split: splits });

test("the time to a variant's first token is that of its own calls", () => {
  const stage = new Stage([...tagging([split("m", ["stable", "canary"])]), ...costing]);
  const body = chat("m", { stream: true });
  for (const [variant, ms] of [
    ["stable", 120],
    ["canary", 340],
    ["canary", 360],
  ] as const) {
    stage.call(body, stream(ms), [["x-want", variant]]);
  }
  const times = (variant: string) =>
    stage.gateway.metrics.find(`split=.=m;.;variant=.=${variant};.;sluice.variant.time_to_first_token_ms`)?.samples;
  assert.deepEqual(times("stable"), [120n]);
  assert.deepEqual(times("canary"), [340n, 360n]);
});

test("without variants nothing is counted by them", () => {
  const alone = new Stage(costing);
  const idle = new Stage([...tagging([split("other-model", ["stable", "canary"])]), ...costing]);
  for (const stage of [alone, idle]) {
    stage.call(chat("m", { stream: true }), stream(100));
    stage.call(chat("m"), answer("m", 10, 1), [["x-want", "canary"]]);
    assert.deepEqual(stage.names, []);
  }
});

test("names that another module gives are bounded, and what has none of its own counts as other", () => {
  const names = Array.from({ length: 6 }, (_, at) => `m${at}`);
  const splits = names.map((name) =>
    split(
      name,
      Array.from({ length: 16 }, (_, at) => `${name}-${at}`),
    ),
  );
  const stage = new Stage([...tagging(splits), ...costing]);
  for (const name of names) {
    for (let at = 0; at < 16; at++) stage.call(chat(name), answer(name, 10, 1), [["x-want", `${name}-${at}`]]);
  }
  const counted = stage.names.filter((name) => name.endsWith("sluice.variant.input_tokens"));
  assert.ok(counted.length <= 64 + names.length, `${counted.length} series`);
  const sum = counted.reduce((tokens, name) => tokens + (stage.gateway.metrics.find(name)?.value ?? 0n), 0n);
  assert.equal(sum, 960n);
});

// When a variant is taken out: by failures only, within the window, on all workers at once, told once, until the configuration
// changes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Gateway } from "../../harness/host/gateway.ts";
import type { HeaderList, Json, RequestSpec, UpstreamSpec } from "../../harness/scenario/scenario.ts";
import { modelTag } from "../scenarios/model-tag/chains.ts";

const wasm = readFileSync("build/model-tag.wasm");
const workers = 4;
const windowMs = 60_000;
const gauge = "split=.=s;.;variant=.=canary;.;sluice.split_rolled_back";

const json: HeaderList = [["content-type", "application/json"]];
const sse: HeaderList = [["content-type", "text/event-stream"]];
const start = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
const well: UpstreamSpec = { kind: "answer", headers: json, body: '{"model":"m","choices":[]}' };
const slow: UpstreamSpec = { ...well, delayMs: 14_000 };
const failures: Record<string, UpstreamSpec> = {
  "answers of 500": { kind: "answer", status: 500, headers: json, body: '{"error":{"message":"no"}}' },
  "resets before an answer": { kind: "reset" },
  "error events inside a stream of 200": {
    kind: "answer",
    headers: sse,
    body: `${start}data: {"error":{"message":"overloaded","type":"server_error"}}\n\n`,
  },
  "streams that are cut": {
    kind: "answer",
    headers: sse,
    framing: "chunked",
    body: `${start}${start}`,
    chunks: [{ bytes: start.length }, { bytes: start.length, afterMs: 5 }],
    cutAfterChunks: 1,
  },
};
const broken = failures["answers of 500"] as UpstreamSpec;

function config(more: Record<string, Json> = {}): Record<string, Json> {
  return {
    trustedHeaders: ["x-user"],
    split: [
      {
        name: "s",
        key: ["header:x-user"],
        variants: [
          { name: "stable", percent: 50 },
          { name: "canary", percent: 50 },
        ],
        rollback: { variant: "canary", errorRate: "0.2", window: "60s", minCalls: 20 },
        ...more,
      },
    ],
  };
}

/** A call of a user. */
const chatOf = (user: number): RequestSpec => ({
  protocol: "h1",
  method: "POST",
  path: "/v1/chat/completions",
  headers: [...json, ["x-user", `user-${user}`]],
  body: '{"model":"gpt-4o","messages":[]}',
});

/** A gateway of four workers; callers come to each in turn. */
class Stage {
  readonly gateway: Gateway;
  canary: UpstreamSpec = well;
  /** Calls that the variants got since the last look. */
  #calls = { stable: 0, canary: 0 };
  #turn = 0;

  constructor(first = config()) {
    this.gateway = new Gateway({
      chain: modelTag("flag", first),
      routes: [{ headers: [{ name: "x-ai-variant", exact: "canary" }], cluster: "canary" }, { cluster: "stable" }],
      clusters: [{ name: "stable", upstream: well }, { name: "canary" }],
      gateway: { workers },
      loadModule: () => wasm,
    });
  }

  /** Calls of `users` users, one after the other, until the canary had `most` calls. Answers how many each variant had. */
  call(users: number, most = Infinity): { stable: number; canary: number } {
    this.#calls = { stable: 0, canary: 0 };
    for (let user = 0; user < users && this.#calls.canary < most; user++) {
      const run = this.gateway.send({
        ...chatOf(user),
        worker: this.#turn++ % workers,
        patienceMs: 20_000,
        upstream: this.canary,
      });
      this.gateway.clock.runUntil(() => run.isDone, 30_000);
      const to = run.upstream[0]?.headers.find(([name]) => name === "x-ai-variant")?.[1];
      assert.ok(to === "stable" || to === "canary", to);
      this.#calls[to] += 1;
    }
    return this.#calls;
  }

  /** Calls that fail until the canary is out; `most` is where it must be. */
  breakCanary(most = 20): void {
    this.canary = broken;
    assert.equal(this.call(1000).canary, most);
    this.canary = well;
  }

  get isOut(): boolean {
    return this.call(40).canary === 0;
  }

  get told(): string[] {
    return this.gateway.logLines.map(({ text }) => text).filter((line) => line.includes("failed too often"));
  }

  get gauge(): bigint | undefined {
    this.gateway.advance(1100);
    return this.gateway.metrics.find(gauge)?.value;
  }
}

describe("a variant is taken out", () => {
  for (const [what, upstream] of Object.entries(failures)) {
    test(`by ${what}: after minCalls, on every worker, told once`, () => {
      const stage = new Stage();
      assert.equal(stage.gauge, 0n);
      // The stable one fails in the same way, and stays.
      stage.canary = upstream;
      const { stable, canary } = stage.call(200);
      assert.equal(canary, 20);
      assert.equal(stable, 180);
      assert.equal(stage.gauge, 1n);
      assert.equal(stage.told.length, 1);
      assert.match(stage.told[0] ?? "", /split s: variant canary failed too often/);
      assert.deepEqual(stage.gateway.traps, []);
    });
  }

  test("by more failures than the rate, not by as many", () => {
    const stage = new Stage();
    for (let round = 0; round < 20; round++) {
      stage.canary = well;
      stage.call(1000, 4);
      stage.canary = broken;
      stage.call(1000, 1);
    }
    stage.canary = well;
    assert.equal(stage.isOut, false);
    stage.canary = broken;
    assert.ok(stage.call(200).canary < 10);
    assert.ok(stage.isOut);
  });

  test("for good: no coming back when the window is over or its server is well again", () => {
    const stage = new Stage();
    stage.breakCanary();
    for (let minute = 0; minute < 12; minute++) {
      assert.ok(stage.isOut);
      stage.gateway.advance(windowMs);
    }
    assert.equal(stage.told.length, 1);
    assert.equal(stage.gauge, 1n);
  });

  test("by calls at once on all workers, and told once", () => {
    const stage = new Stage();
    const runs = Array.from({ length: 200 }, (_, user) =>
      stage.gateway.send({
        ...chatOf(user),
        worker: user % workers,
        upstream: { ...(broken as object), delayMs: 50 } as UpstreamSpec,
      }),
    );
    stage.gateway.clock.runUntil(() => runs.every((run) => run.isDone), 10_000);
    assert.ok(stage.isOut);
    assert.equal(stage.told.length, 1);
  });
});

describe("a variant stays", () => {
  test("however slow it is", () => {
    const stage = new Stage();
    stage.canary = slow;
    assert.ok(stage.call(80).canary > 30);
    assert.equal(stage.isOut, false);
    assert.equal(stage.gauge, 0n);
  });

  test("when callers leave before the answer", () => {
    const stage = new Stage();
    for (let user = 0; user < 200; user++) {
      const run = stage.gateway.send({
        protocol: "h1",
        method: "POST",
        path: "/v1/chat/completions",
        headers: [...json, ["x-user", `user-${user}`]],
        body: '{"model":"gpt-4o","messages":[]}',
        worker: user % workers,
        upstream: slow,
        abort: { afterMs: 100 },
      });
      stage.gateway.clock.runUntil(() => run.isDone, 30_000);
    }
    assert.equal(stage.isOut, false);
  });

  test("while it had fewer calls than minCalls", () => {
    const stage = new Stage();
    stage.canary = broken;
    assert.equal(stage.call(1000, 19).canary, 19);
    assert.equal(stage.gauge, 0n);
    stage.canary = well;
    assert.equal(stage.isOut, false);
  });

  test("when what failed is older than the window", () => {
    const stage = new Stage();
    for (let minute = 0; minute < 5; minute++) {
      stage.canary = broken;
      assert.equal(stage.call(1000, 15).canary, 15);
      stage.gateway.advance(windowMs);
    }
    stage.canary = well;
    assert.equal(stage.isOut, false);
  });
});

describe("a changed configuration", () => {
  const changed = config({ rollback: { variant: "canary", errorRate: "0.2", window: "60s", minCalls: 30 } });

  test("arms a variant anew, and so does the change back", () => {
    const stage = new Stage();
    stage.breakCanary();
    assert.equal(stage.gauge, 1n);
    assert.ok(stage.gateway.update("model-tag", { config: changed }));
    assert.equal(stage.isOut, false);
    assert.equal(stage.gauge, 0n);
    assert.ok(stage.gateway.update("model-tag", { config: config() }));
    assert.equal(stage.isOut, false);
    stage.gateway.advance(windowMs);
    stage.breakCanary();
    assert.equal(stage.told.length, 2);
    assert.equal(stage.gauge, 1n);
  });

  test("does not, when it is the same", () => {
    const stage = new Stage();
    stage.breakCanary();
    assert.ok(stage.gateway.update("model-tag", { config: config() }));
    assert.ok(stage.isOut);
    assert.equal(stage.gauge, 1n);
    assert.equal(stage.told.length, 1);
  });

  test("without the split ends the gauge, and with it the alert", () => {
    const stage = new Stage();
    stage.breakCanary();
    assert.equal(stage.gauge, 1n);
    assert.ok(stage.gateway.update("model-tag", { config: {} }));
    assert.equal(stage.gauge, 0n);
  });

  test("leaves the last one's calls what they had, and the gauge to the new one", () => {
    const stage = new Stage();
    const late = stage.gateway.send({
      protocol: "h1",
      method: "POST",
      path: "/v1/chat/completions",
      headers: json,
      body: '{"model":"gpt-4o","messages":[]}',
      patienceMs: 60_000,
      upstream: slow,
    });
    stage.breakCanary();
    assert.ok(stage.gateway.update("model-tag", { config: changed }));
    for (let second = 0; second < 5; second++) assert.equal(stage.gauge, 0n);
    assert.equal(late.isDone, false);
    stage.gateway.clock.runUntil(() => late.isDone, 60_000);
    for (let second = 0; second < 3; second++) assert.equal(stage.gauge, 0n);
  });

  test("takes no new place in shared data, however often it comes", () => {
    const stage = new Stage();
    const keys = () => stage.gateway.sharedData.entries("").flatMap(([key]) => (key.includes("/split/") ? [key] : []));
    for (let minCalls = 1; minCalls < 50; minCalls++) {
      const rollback = { variant: "canary", errorRate: "0.2", window: "60s", minCalls };
      assert.ok(stage.gateway.update("model-tag", { config: config({ rollback }) }));
      stage.call(4);
    }
    assert.deepEqual(keys(), ["sluice/default/split/v1/s"]);
  });
});

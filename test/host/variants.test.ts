// Who gets which variant: sticky in every worker and process, exact shares, moves one way only.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { Gateway } from "../../harness/host/gateway.ts";
import type { Json } from "../../harness/scenario/scenario.ts";
import { modelTag } from "../scenarios/model-tag/chains.ts";

const users = 10_000;
const module = readFileSync("build/model-tag.wasm");

/** The variant of every user through a gateway of its own, spread over four workers. */
function variantsOf(stable: number, canary: number, more: Record<string, Json> = {}): string[] {
  const split = {
    name: "s",
    key: ["header:x-user"],
    variants: [
      { name: "stable", percent: stable },
      { name: "canary", percent: canary },
    ],
  };
  const gateway = new Gateway({
    chain: modelTag("flag", { trustedHeaders: ["x-user"], split: [split], ...more }),
    routes: [{ cluster: "up" }],
    clusters: [{ name: "up" }],
    gateway: { workers: 4 },
    loadModule: () => module,
  });
  return Array.from({ length: users }, (_, user) => {
    const run = gateway.send({
      protocol: "h1",
      method: "POST",
      path: "/v1beta/models/gemini-2.5-flash:generateContent",
      headers: [["x-user", `user-${user}`]],
      worker: (user * 7 + stable) % 4,
    });
    gateway.clock.runUntil(() => run.isDone, 10_000);
    const seen = run.upstream[0]?.headers.find(([name]) => name === "x-ai-variant");
    return seen?.[1] ?? "none";
  });
}

const share = (variants: string[], name: string) => variants.filter((one) => one === name).length / users;

let ten: string[];

before(() => {
  ten = variantsOf(90, 10);
});

test("ten percent are within one percent of ten percent", () => {
  assert.ok(Math.abs(share(ten, "canary") - 0.1) < 0.01, `${share(ten, "canary")}`);
  assert.equal(share(ten, "canary") + share(ten, "stable"), 1);
});

test("another process with the same configuration gives every user the same variant", () => {
  assert.deepEqual(variantsOf(90, 10), ten);
});

test("from ten to twenty percent nobody moves back", () => {
  const twenty = variantsOf(80, 20);
  assert.ok(Math.abs(share(twenty, "canary") - 0.2) < 0.01, `${share(twenty, "canary")}`);
  assert.deepEqual(
    ten.flatMap((one, user) => (one === "canary" && twenty[user] !== "canary" ? [user] : [])),
    [],
  );
});

test("what the shares leave gets no variant", () => {
  const half = variantsOf(40, 10);
  assert.ok(Math.abs(share(half, "none") - 0.5) < 0.015, `${share(half, "none")}`);
});

/** What a gateway says of a configuration whose canary demands headers. */
function warningsOf(headers: Record<string, string>, trustedHeaders: string[]): string[] {
  const variants: Json[] = [
    { name: "stable", percent: 100 },
    { name: "canary", percent: 0, always: { headers } },
  ];
  const gateway = new Gateway({
    chain: modelTag("flag", { trustedHeaders, split: [{ name: "s", variants }] }),
    routes: [{ cluster: "up" }],
    clusters: [{ name: "up" }],
    loadModule: () => module,
  });
  return [...new Set(gateway.logLines.map(({ text }) => text))].filter((text) => text.includes("always"));
}

test("a variant that any caller could claim is claimed by none, and that is said", () => {
  assert.deepEqual(warningsOf({ "x-testing": "true", "x-user-tier": "vip" }, ["X-User-Tier"]), [
    "model-tag: config: split[0].variants[1].always: holds for no call, because any caller can set the header " +
      '"x-testing"; name it in trustedHeaders if a trusted hop sets it',
  ]);
  assert.deepEqual(warningsOf({ "x-testing": "true", "x-user-tier": "vip" }, ["X-User-Tier", "x-testing"]), []);
});

test("another hash key shares out anew", () => {
  const other = variantsOf(50, 50, { hashKey: "another" });
  const fifty = variantsOf(50, 50);
  const same = other.filter((one, user) => one === fifty[user]).length / users;
  assert.ok(Math.abs(same - 0.5) < 0.03, `${same}`);
});

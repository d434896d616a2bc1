// The matrix: every way to fail, every guard, every route policy, JSON and SSE, with a provider that bills as the judge.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  cellsOf,
  listenerOf,
  matrixClusters,
  matrixListeners,
  playCell,
  policies,
  type Cell,
  type Guard,
  type Outcome,
} from "../../harness/demo/retry-matrix.ts";
import { table } from "../../harness/demo/table.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import { startModelServer, type ModelServer } from "../../harness/providers/server.ts";
import { pool } from "./fixtures/ai-call.ts";

const guards: Guard[] = ["nobody", "strict", "safe", "veto"];
const cells = cellsOf(guards);
/** Policies that repeat what may have been billed. */
const unsafe = ["gateway-error,connect-failure", "5xx,reset,retriable-4xx"];

describe("a failing provider bills", () => {
  let server: ModelServer;
  let envoy: Envoy;
  const first = new Map<Cell, Outcome>();
  const second = new Map<Cell, Outcome>();

  before(async () => {
    server = await startModelServer();
    envoy = await startEnvoy({ listeners: matrixListeners(cells), clusters: matrixClusters(server.port) });
    for (const outcomes of [first, second]) {
      await pool(24, cells, async (cell) => void outcomes.set(cell, await playCell(envoy, server, cell)));
    }
  });

  after(async () => {
    await server?.stop();
    await envoy?.stop();
  });

  /** Cells in which something is not as it has to be. */
  const wrong = (of: (cell: Cell) => boolean, is: (cell: Cell, one: Outcome, two: Outcome) => boolean): string[] =>
    cells.filter(of).flatMap((cell) => {
      const [one, two] = [first.get(cell), second.get(cell)];
      assert.ok(one !== undefined && two !== undefined);
      return is(cell, one, two) ? [] : [`${listenerOf(cell)}, ${cell.fault.name}, stream ${cell.stream}: ${JSON.stringify([one, two])}`]; // prettier-ignore
    });

  test("twice where nobody guards: the policies that people copy do repeat billed calls", () => {
    const doubled = cells.filter((cell) => cell.guard === "nobody" && (first.get(cell)?.billed ?? 0) > 1);
    for (const policy of unsafe) assert.ok(doubled.some((cell) => cell.policy === policy));
    assert.ok(doubled.every((cell) => unsafe.includes(cell.policy)));
  });

  for (const guard of ["strict", "veto"] as const) {
    test(`never twice with ${guard}, over any policy`, () => {
      assert.deepEqual(
        wrong(
          (cell) => cell.guard === guard,
          (_, one, two) => one.billed <= 1 && two.billed <= 1,
        ),
        [],
      );
    });
  }

  test("strict sends every call once", () => {
    assert.deepEqual(
      wrong(
        (cell) => cell.guard === "strict",
        (cell, one) => one.calls <= 1 && one.attempts === (cell.fault.cluster === "nowhere" ? one.attempts : "1"),
      ),
      [],
    );
  });

  test("never twice with safe where the route has no unsafe policy", () => {
    assert.deepEqual(
      wrong(
        ({ guard, policy }) => guard === "safe" && !unsafe.includes(policy),
        (_, one, two) => one.billed <= 1 && two.billed <= 1,
      ),
      [],
    );
  });

  test("once more at most with safe over an unsafe policy: the guard sees it, and it was the last", async () => {
    const doubled = cells.filter((cell) => cell.guard === "safe" && (first.get(cell)?.billed ?? 0) > 1);
    assert.ok(doubled.length > 0);
    assert.deepEqual(
      wrong(
        (cell) => doubled.includes(cell),
        (_, __, two) => two.billed <= 1,
      ),
      [],
    );
    const seen = (await envoy.stats()).sum("sluice_retry_guard_unsafe_policy");
    assert.ok(seen >= doubled.length, `${seen} seen, ${doubled.length} double bills`);
  });

  test("nothing where the connection was refused, which safe and the route's policy under veto repeat", () => {
    const repeats = (cell: Cell) => cell.guard === "safe" || (cell.guard === "veto" && cell.policy !== "none");
    assert.deepEqual(
      wrong(
        (cell) => cell.fault.cluster === "refused" && cell.guard !== "nobody",
        (cell, one) =>
          one.billed === 0 &&
          one.got === "503" &&
          one.attempts === (repeats(cell) ? "3" : "1") &&
          one.verdict === "safe never_sent",
      ),
      [],
    );
  });

  test("and each answer has its verdict", () => {
    const verdicts: Record<string, string> = {
      "500": "unsafe server_error",
      "502": "unsafe server_error",
      "503": "unsafe server_error",
      "504": "unsafe server_error",
      "429": "safe not_billed",
      "per-try timeout": "unsafe timeout",
      "request timeout": "unsafe timeout",
      "reset before the request": "unsafe reset",
      "reset after headers": "unsafe cut",
      "reset after the body": "unsafe reset",
      "cut mid-answer": "unsafe cut",
      "cut mid-stream": "unsafe cut",
      "no healthy upstream": "safe never_sent",
    };
    assert.deepEqual(
      wrong(
        (cell) => cell.guard === "strict" && cell.fault.name in verdicts,
        (cell, one) => one.verdict === verdicts[cell.fault.name],
      ),
      [],
    );
  });

  test("as this matrix shows (attempts seen/billed, what the client got)", (t) => {
    for (const stream of [false, true]) {
      const columns = guards.flatMap((guard) => Object.keys(policies).map((policy) => ({ guard, policy })));
      const rows = [...new Set(cells.filter((cell) => cell.stream === stream).map((cell) => cell.fault))].map(
        (fault) => [
          fault.name,
          ...columns.map(({ guard, policy }) => {
            const cell = cells.find((one) => one.guard === guard && one.policy === policy && one.fault === fault && one.stream === stream); // prettier-ignore
            const outcome = cell && first.get(cell);
            return outcome ? `${outcome.calls}/${outcome.billed} ${outcome.got}` : "";
          }),
        ],
      );
      const heading = ["", ...columns.map(({ guard, policy }) => `${guard}·${policy.slice(0, 10)}`)];
      t.diagnostic(`\n${stream ? "SSE" : "JSON"}\n${table(heading, rows)}`);
    }
  });
});

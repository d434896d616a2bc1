// An act: what a provider bills when calls fail, with the guard and without.
import type { ListenerConfig } from "../envoy/config.ts";
import { cellsOf, matrixListeners, playCell, type Cell, type Guard, type Outcome } from "./retry-matrix.ts";
import type { Act, Row, Stage } from "./stage.ts";
import { mark } from "./table.ts";

const policy = "gateway-error,connect-failure";
const copied = cellsOf(["nobody", "strict"], [policy]);
const none = cellsOf(["safe"], ["none"]);
const shown = [...copied, ...none].filter(({ fault, stream }) => !stream && fault.cluster === undefined);

/** The stage has one cluster for models. */
export const retryGuardListeners: ListenerConfig[] = matrixListeners(shown).map((listener) => ({
  ...listener,
  routes: listener.routes.map((route) => ({ ...route, cluster: "primary" })),
}));

/** Lets each fault happen, unguarded and guarded, and tells what was billed. */
export async function playRetryGuard(stage: Stage): Promise<Act> {
  stage.primary.reset();
  const outcomes = new Map<Cell, Outcome>();
  // One after the other: Envoy lets only three retries of a cluster run at one time.
  for (const cell of shown) outcomes.set(cell, await playCell(stage.envoy, stage.primary, cell));
  const of = (guard: Guard, name: string) => {
    const cell = shown.find((one) => one.guard === guard && one.fault.name === name);
    return cell === undefined ? undefined : outcomes.get(cell);
  };
  const names = [...new Set(shown.map(({ fault }) => fault.name))];
  const rows = names.map((name): Row => {
    const [bare, strict, safe] = [of("nobody", name), of("strict", name), of("safe", name)];
    const good = (strict?.billed ?? 2) <= 1 && (safe?.billed ?? 2) <= 1;
    const told = (outcome: Outcome | undefined) => (outcome ? `${outcome.billed}  (${outcome.calls} sent)` : "");
    return { cells: [mark(good), name, told(bare), told(strict), told(safe), strict?.got ?? "", strict?.verdict ?? ""], good }; // prettier-ignore
  });
  return {
    title: "retry-guard: no AI call is billed twice",
    words:
      `A provider that bills what it began to work on. Without the guard the route has the policy of many a post, ` +
      `${policy}, 2 retries; strict is the guard over that policy, safe over none.`,
    heading: ["", "the call meets", "billed", "billed, strict", "billed, safe", "client got", "verdict"],
    rows,
  };
}

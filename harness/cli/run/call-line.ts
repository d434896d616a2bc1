// One call of the access log as a line for people.
import type { AccessLogEntry } from "../../envoy/access-log.ts";
import type { Terminal } from "../terminal.ts";

/** `10:41:03  200  gpt-4o-mini  chat  openai  812+120 tokens  0.0004 USD  1.2 s`. */
export function callLine(entry: AccessLogEntry, terminal: Terminal): string {
  const state = (name: string) => entry.filterState[`sluice.${name}`];
  const isGood = entry.status >= 200 && entry.status < 400;
  const parts = [
    terminal.paint(entry.start.slice(11, 19), "dim"),
    terminal.paint(entry.status === 0 ? "gone" : String(entry.status), isGood ? "green" : "red"),
    `${entry.method ?? "-"} ${entry.path?.split("?")[0] ?? "-"}`,
    state("model") ?? "",
    state("consumer") ?? "",
    tokens(state("input_tokens"), state("output_tokens"), state("usage_status")),
    money(state("cost"), state("currency")),
    `${((entry.duration_ms ?? 0) / 1000).toFixed(2)} s`,
    entry.cluster === null || entry.cluster === undefined ? "" : `→ ${entry.cluster}`,
    reason(entry, state),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

function tokens(input: string | undefined, output: string | undefined, status: string | undefined): string {
  if (input === undefined && output === undefined) return "";
  return `${input ?? 0}+${output ?? 0} tokens${status === "estimated" ? " (estimated)" : ""}`;
}

function money(cost: string | undefined, currency: string | undefined): string {
  return cost === undefined ? "" : `${cost} ${currency ?? ""}`.trim();
}

/** Why a call was not simply answered. */
function reason(entry: AccessLogEntry, state: (name: string) => string | undefined): string {
  if (state("ratelimit") === "throttled") return `throttled by ${state("ratelimit_rule") ?? "a rule"}`;
  if (state("budget") === "exceeded") return `budget ${state("budget_name") ?? ""} exceeded`;
  if (state("retry_verdict") !== undefined && entry.status >= 400) return `retry: ${state("retry_verdict") ?? ""}`;
  return entry.flags !== null && entry.flags !== "-" && entry.flags !== "" ? entry.flags : "";
}

// Proposes limits: how much each caller used in its busiest minutes, with room above.
import type { JsonObject } from "../../sluice-yaml/model.ts";

/** One proposal's foundation: what a key used. */
export interface KeyUse {
  key: string;
  calls: number;
  /** Sum of tokens in each minute in which there was a call. */
  minutes: Map<number, { calls: number; tokens: number }>;
}

/** A key's proposal. */
export interface Suggestion {
  key: string;
  calls: number;
  activeMinutes: number;
  p99Tokens: number;
  p99Calls: number;
  tokensPerMinute: number;
  callsPerMinute: number;
}

/** Collects use by key. */
export class UseByKey {
  readonly #keys = new Map<string, KeyUse>();

  add(key: string, atMs: number, tokens: number): void {
    let use = this.#keys.get(key);
    if (use === undefined) this.#keys.set(key, (use = { key, calls: 0, minutes: new Map() }));
    use.calls++;
    const minute = Math.floor(atMs / 60_000);
    const sums = use.minutes.get(minute) ?? { calls: 0, tokens: 0 };
    sums.calls++;
    sums.tokens += tokens;
    use.minutes.set(minute, sums);
  }

  /** The 99th percentile of a minute plus `headroom` (0.2 is a fifth), rounded up to two digits. Busiest first. */
  suggest(headroom: number): Suggestion[] {
    return [...this.#keys.values()]
      .map(({ key, calls, minutes }) => {
        const all = [...minutes.values()];
        const p99Tokens = percentile(
          all.map(({ tokens }) => tokens),
          0.99,
        );
        const p99Calls = percentile(
          all.map((one) => one.calls),
          0.99,
        );
        return {
          key,
          calls,
          activeMinutes: all.length,
          p99Tokens,
          p99Calls,
          tokensPerMinute: roundUp(p99Tokens * (1 + headroom)),
          callsPerMinute: roundUp(p99Calls * (1 + headroom)),
        };
      })
      .sort((a, b) => b.tokensPerMinute - a.tokensPerMinute || (a.key < b.key ? -1 : 1));
  }
}

/** rate-limit's configuration: a rule for tokens and one for requests, in shadow mode, an override for each key. */
export function rulesFor(suggestions: readonly Suggestion[], keyName: string): JsonObject {
  const rule = (name: string, unit: string, of: (one: Suggestion) => number): JsonObject => {
    const named = suggestions.filter(({ key }) => key !== "");
    // Whoever is not named gets what the median of the others needs.
    const standard = Math.max(1, percentile(suggestions.map(of), 0.5));
    return {
      name,
      mode: "shadow",
      key: [keyName],
      limit: { capacity: standard, refill: standard, interval: "60s", unit },
      overrides: named.map((one) => ({
        key: [one.key],
        limit: { capacity: Math.max(1, of(one)), refill: Math.max(1, of(one)), interval: "60s" },
      })),
    };
  };
  return {
    rules: [
      rule(`${keyName}-tokens`, "tokens", ({ tokensPerMinute }) => tokensPerMinute),
      rule(`${keyName}-requests`, "requests", ({ callsPerMinute }) => callsPerMinute),
    ],
  };
}

/** Nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** To two digits: 1234 becomes 1300. */
export function roundUp(value: number): number {
  if (value <= 0) return 0;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  // 0.1 + 0.2 must not become one more.
  return Math.ceil(Math.round((value / unit) * 1e9) / 1e9) * unit;
}

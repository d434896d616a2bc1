// Act: a burst by the official client against a bucket, and a budget of tokens that streams share. Who is admitted, who is
// told to wait and for how long, and that waiting so long is enough.
import OpenAI from "openai";
import type { ListenerConfig } from "../envoy/config.ts";
import type { PluginSpec } from "../scenario/scenario.ts";
import type { Act, Row, Stage } from "./stage.ts";
import { mark } from "./table.ts";

const capacity = 3;
const intervalMs = 800;
const tokens = 2000;

/** Six requests at once, three of them at most; and 2000 tokens an hour for each user. */
export const rateLimitListener: ListenerConfig = {
  name: "rate-limit",
  chain: (["outer", "inner"] as const).map((pair): PluginSpec => ({
    kind: "plugin",
    name: `rate-limit-${pair}`,
    module: "build/rate-limit.wasm",
    pair,
    config: {
      trustedHeaders: ["x-user"],
      rules: [
        {
          name: "burst",
          mode: "enforce",
          key: ["header:x-user"],
          match: { headers: { "x-user": "burst" } },
          limit: { capacity, refill: 1, interval: `${intervalMs}ms` },
        },
        {
          name: "tokens",
          mode: "enforce",
          key: ["header:x-user"],
          match: { headers: { "x-user": "tokens" } },
          limit: { capacity: tokens, interval: "1h", unit: "tokens" },
        },
      ],
      reject: { dialects: ["openai", "ietf"] },
    },
  })),
  routes: [{ cluster: "primary", timeoutMs: 0 }],
};

/** Plays the act. */
export async function playRateLimit(stage: Stage): Promise<Act> {
  const baseURL = `${stage.url("rate-limit")}/v1`;
  const client = (user: string, maxRetries = 0) =>
    new OpenAI({ apiKey: "demo", baseURL, maxRetries, defaultHeaders: { "x-user": user } });
  const rows: Row[] = [];
  const show = (good: boolean, ...cells: string[]) => rows.push({ good, cells: [mark(good), ...cells] });
  const call = { model: "gpt-4o", max_tokens: 100, messages: [{ role: "user" as const, content: "Hello" }] };
  const ask = async (from: OpenAI) => {
    const started = performance.now();
    const told = await from.chat.completions
      .create(call)
      .withResponse()
      .then(
        ({ response }) => ({ status: response.status, headers: response.headers }),
        (error: unknown) => {
          if (!(error instanceof OpenAI.RateLimitError)) throw error;
          return { status: error.status, headers: error.headers };
        },
      );
    return { ...told, ms: performance.now() - started };
  };
  const left = (headers: Headers, kind: string) => headers.get(`x-ratelimit-remaining-${kind}`) ?? "—";
  const waitOf = (headers: Headers) => headers.get("retry-after-ms") ?? "—";

  stage.primary.reset();
  for (let i = 1; i <= 6; i++) {
    const { status, headers } = await ask(client("burst"));
    const isRefused = status === 429;
    const good = isRefused === i > capacity;
    show(
      good,
      `burst, request ${i}`,
      String(status),
      left(headers, "requests"),
      isRefused ? `${waitOf(headers)} ms` : "",
    );
  }
  const obeying = await ask(client("burst", 1));
  const good = obeying.status === 200 && obeying.ms > intervalMs / 4 && obeying.ms < intervalMs * 2;
  show(
    good,
    "one that waits as it is told",
    String(obeying.status),
    left(obeying.headers, "requests"),
    `waited ${obeying.ms.toFixed(0)} ms`,
  );

  stage.primary.reset([{ do: { usage: { input: 40, output: 60 }, delayMs: 100 } }]);
  const many = await Promise.all(Array.from({ length: 40 }, () => ask(client("tokens"))));
  const admitted = many.filter(({ status }) => status === 200).length;
  const used = stage.primary.billed.reduce((sum, { usage }) => sum + (usage?.input ?? 0) + (usage?.output ?? 0), 0);
  const refused = many.find(({ status }) => status === 429);
  show(
    used <= tokens && refused !== undefined,
    "40 calls of 100 tokens at once",
    `${admitted} × 200`,
    `${used} of ${tokens} used`,
    `${many.length - admitted} × 429`,
  );
  stage.primary.reset();
  return {
    title: "rate-limit: exact buckets of requests and tokens",
    words:
      "Three requests at once, one more every 0.8 s; a client that waits as it is told succeeds. Tokens are reserved before " +
      "a call and settled after it: many calls at once cannot spend more than there is.",
    heading: ["", "call", "answer", "left", "wait"],
    rows,
  };
}

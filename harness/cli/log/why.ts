// Tells in words what became of a call and why, from what its line in the log says.
import type { LogEntry } from "./entry.ts";

/** A sentence for each thing that is known. */
export function explainCall(entry: LogEntry): string[] {
  const { state } = entry;
  return [asked(entry), ...tagged(state), ...refused(entry), ...limited(state), ...charged(entry), ...retried(entry)];
}

function asked(entry: LogEntry): string {
  const when = Number.isNaN(entry.startMs) ? "" : `${new Date(entry.startMs).toISOString()}: `;
  const who = entry.state["consumer"] === undefined ? "" : ` by ${entry.state["consumer"]}`;
  const team = [
    entry.state["team"] && `team ${entry.state["team"]}`,
    entry.state["project"] && `project ${entry.state["project"]}`,
  ];
  const of = team.some(Boolean) ? ` (${team.filter(Boolean).join(", ")})` : "";
  const where = entry.cluster === undefined ? "It reached no upstream" : `It went to ${entry.cluster}`;
  const route = entry.route === undefined ? "" : ` by route ${entry.route}`;
  const answer = entry.status === 0 ? "got no answer: the caller left" : `was answered ${entry.status}`;
  const time = entry.durationMs === undefined ? "" : ` after ${(entry.durationMs / 1000).toFixed(2)} s`;
  return `${when}${entry.method ?? "A call"} ${entry.path?.split("?")[0] ?? ""}${who}${of} ${answer}${time}. ${where}${route}.`;
}

const SOURCES: Record<string, string> = {
  path: "the path",
  json: "the body's top-level `model`",
  multipart: "the form's field `model`",
  grpc: "the gRPC method",
  none: "nowhere",
  limit: "nowhere within the bytes that are held",
};

function tagged(state: Record<string, string>): string[] {
  const said: string[] = [];
  const { model, model_source: source } = state;
  if (model !== undefined) {
    const from = source === undefined ? "" : `, found in ${SOURCES[source] ?? source}`;
    const kind = state["request_type"] === undefined ? "" : ` It is ${state["request_type"]} work`;
    const api = state["api"] === undefined ? "" : ` in the format of ${state["api"]}`;
    said.push(
      model === "unknown"
        ? `It is tagged unknown: the model was found ${SOURCES[source ?? "none"] ?? source}.${kind}${kind && api}${kind && "."}`
        : `It is tagged ${model}${from}.${kind}${kind && api}${kind && "."}`,
    );
  } else
    said.push(
      "It is no AI call to sluice: its path and content are none of an API that it knows (classify teaches others).",
    );
  if (state["response_model"] !== undefined && state["response_model"] !== model) {
    said.push(`The model that answered calls itself ${state["response_model"]}; that one is priced.`);
  }
  if (state["tier"] !== undefined) said.push(`Its tier is ${state["tier"]}.`);
  if (state["variant"] !== undefined) said.push(`A split gave it the variant ${state["variant"]}.`);
  return said;
}

/** What our own answers say in Envoy's response code details. */
const REFUSALS: [RegExp, string][] = [
  [/sluice_rate_limited/, "It was refused by a rate limit."],
  [
    /sluice_rate_limit_key_missing/,
    "It was refused: a rate limit's key is not in the call, and the rule says onMissingKey: reject.",
  ],
  [
    /sluice_rate_limit_unavailable/,
    "It was refused: the rate limit could not be asked, and it says to refuse then (failure or onError).",
  ],
  [/sluice_budget_exceeded/, "It was refused: a budget is spent."],
  [
    /sluice_budget_key_missing/,
    "It was refused: a budget's key is not in the call, and the budget says onMissingKey: reject.",
  ],
  [
    /sluice_model_not_allowed/,
    "It was refused: the model is not on the list (models.allow, or the consumer's own models).",
  ],
  [/sluice_model_not_priced/, "It was refused: the model has no price, and unknownModel says reject."],
  [
    /sluice_model_beyond_limit|sluice_held_limit/,
    "It was refused: the model is not within the bytes that are held (maxHeldBytes), and models are enforced (onHeldLimit).",
  ],
  [/sluice_model_ambiguous/, "It was refused: its body names two different models, and models are enforced."],
  [/sluice_model_unreadable/, "It was refused: its model cannot be read, and models are enforced."],
  [/sluice_duplicate_call/, "It was refused as a repeat of a call that is under way, or over (duplicates)."],
  [/sluice_idempotency_key_reused/, "It was refused: its idempotency-key was used before with another body."],
  [
    /sluice_replayed/,
    "It got the stored answer of the first call with its idempotency-key; nothing was sent or charged.",
  ],
  [
    /sluice_retry_vetoed/,
    "A repeat by the proxy was stopped: the attempt before it had been sent, and may have been billed.",
  ],
  [/sluice_fallback/, "It got the configured fallback answer instead of a failure; nothing is charged for it."],
];

function refused({ details, flags, status }: LogEntry): string[] {
  const ours = REFUSALS.find(([pattern]) => pattern.test(details ?? ""))?.[1];
  if (ours !== undefined) return [ours];
  const meanings: Record<string, string> = {
    UF: "the upstream could not be connected to: nothing was sent",
    UH: "no healthy upstream: nothing was sent",
    UO: "the upstream's circuit breaker is open: nothing was sent",
    NR: "no route matched it: nothing was sent",
    UT: "the upstream did not answer in time, after it had the request",
    UC: "the upstream closed the connection in the middle",
    UR: "the upstream reset the stream",
    DC: "the caller left before the answer was whole",
    URX: "the limit of retries was reached",
    RL: "Envoy's own rate limit refused it, not sluice",
    UAEX: "external authorization refused it, not sluice",
  };
  const known = (flags ?? "").split(",").flatMap((flag) => meanings[flag] ?? []);
  if (known.length > 0) return [`Envoy says: ${known.join("; ")} (${flags ?? ""}).`];
  return status >= 400 ? [`The answer ${status} is the upstream's own.`] : [];
}

function limited(state: Record<string, string>): string[] {
  const { ratelimit, ratelimit_rule: rule, ratelimit_wait_ms: wait, ratelimit_remaining: remaining, reserved } = state;
  const said: string[] = [];
  if (ratelimit === "throttled") {
    const when = wait === undefined ? "" : ` ${(Number(wait) / 1000).toFixed(1)} s later it would have been admitted.`;
    said.push(`Rule ${rule ?? "?"} was the one that refused it.${when}`);
  } else if (ratelimit === "would-throttle") {
    said.push(`Rule ${rule ?? "?"} would have refused it, but is in shadow mode: it only counts.`);
  } else if (ratelimit === "allowed") {
    const left =
      remaining === undefined ? "" : ` ${remaining} were left${rule === undefined ? "" : ` in rule ${rule}`}.`;
    const held = reserved === undefined ? "" : ` ${reserved} were reserved for it until its real use was known.`;
    said.push(`The rate limits admitted it.${held}${left}`);
  }
  const { budget, budget_name: name } = state;
  if (budget === "warn") said.push(`Budget ${name ?? ""} is nearly spent: the call was tagged x-ai-budget: warn.`);
  if (budget === "exceeded") said.push(`Budget ${name ?? ""} is spent.`);
  return said;
}

const USAGE: Record<string, string> = {
  complete: "as the upstream told it",
  partial: "as far as the upstream told it before the answer broke off",
  estimated: "estimated from what went through, because the upstream told nothing",
  none: "none was told",
};

function charged({ state }: LogEntry): string[] {
  const { usage_status: status, input_tokens: input, output_tokens: output, cost, currency, price_id: price } = state;
  if (status === undefined && cost === undefined) return [];
  const said: string[] = [];
  if (status === "none") said.push("No use was counted: the answer tells none.");
  else {
    const cached =
      Number(state["cached_input_tokens"] ?? 0) > 0 ? ` (${state["cached_input_tokens"]} of them from the cache)` : "";
    const reasoning =
      Number(state["reasoning_tokens"] ?? 0) > 0 ? ` (${state["reasoning_tokens"]} of them reasoning)` : "";
    said.push(
      `It used ${input ?? 0} input tokens${cached} and ${output ?? 0} output tokens${reasoning}, ${USAGE[status ?? ""] ?? status}.`,
    );
  }
  if (cost !== undefined) said.push(`That cost ${cost} ${currency ?? ""} by price ${price ?? "?"}.`);
  else if (status !== "none" && status !== undefined)
    said.push("No price applies to it (sluice.errors kind=unknown_price counts such calls).");
  if (state["fallback"] === "true") said.push("It was a fallback answer, which costs nothing.");
  return said;
}

const REASONS: Record<string, string> = {
  never_sent: "nothing had left the gateway",
  not_billed: "the provider refused without working on it",
  idempotent: "the configuration says that such calls may be repeated",
  server_error: "the provider failed after it had the request",
  timeout: "the provider had the request and did not answer in time",
  reset: "the connection broke after the request was sent",
  cut: "the answer broke off",
  stream_error: "the answer began well and then told of an error",
  earlier_attempt: "an attempt before the last one may have been billed",
  client_error: "the provider did not accept the request",
  unread: "what the provider said of the error could not be read",
};

function retried({ state, attempts }: LogEntry): string[] {
  const said: string[] = [];
  const { retry_verdict: verdict, retry_reason: reason } = state;
  if ((attempts ?? 1) > 1) said.push(`Envoy sent it ${attempts} times.`);
  if (verdict !== undefined) {
    const because = reason === undefined ? "" : `: ${REASONS[reason] ?? reason}`;
    const meaning: Record<string, string> = {
      safe: "To repeat it is safe",
      unsafe: "To repeat it is not safe, it may be billed twice",
      unknown: "Whether it may be repeated is not known",
    };
    said.push(`${meaning[verdict] ?? verdict}${because}.`);
  }
  if (state["original_request_id"] !== undefined) said.push(`It repeats call ${state["original_request_id"]}.`);
  if (state["replayed"] === "true") said.push("Its answer is the stored one of that call.");
  return said;
}

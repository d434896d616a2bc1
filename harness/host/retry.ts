// Envoy's retry policy: the route's, widened and overridden by request headers.
import type { HeaderMap } from "./headers.ts";
import type { RetrySpec } from "../scenario/scenario.ts";

/** How an attempt failed without an answer. */
export type AttemptFailure = "connect" | "reset-before-request" | "reset" | "refused-stream" | "per-try-timeout";

/** What one request may repeat. */
export class RetryState {
  readonly #on: Set<string>;
  readonly #codes: Set<number>;
  #left: number;
  readonly perTryTimeoutMs: number;

  /** Reads the route's policy and the request's `x-envoy-*` headers. */
  constructor(policy: RetrySpec | undefined, headers: HeaderMap) {
    const split = (text: string | undefined): string[] => (text ?? "").split(",").map((word) => word.trim()).filter(Boolean); // prettier-ignore
    this.#on = new Set([...split(policy?.on), ...split(headers.get("x-envoy-retry-on"))]);
    this.#codes = new Set(policy?.retriableStatusCodes);
    for (const code of split(headers.get("x-envoy-retriable-status-codes"))) this.#codes.add(Number(code));
    const max = headers.get("x-envoy-max-retries");
    this.#left = max !== undefined && /^\d+$/.test(max) ? Number(max) : (policy?.retries ?? 1);
    const perTry = headers.get("x-envoy-upstream-rq-per-try-timeout-ms");
    this.perTryTimeoutMs =
      perTry !== undefined && /^\d+$/.test(perTry) ? Number(perTry) : (policy?.perTryTimeoutMs ?? 0);
  }

  /** A retry is thinkable: the request must be kept. */
  get isEnabled(): boolean {
    return this.#on.size > 0;
  }

  /** Whether this answer is to be thrown away and the request repeated. Counts the retry. */
  retriesAnswer(status: number, headers: HeaderMap): boolean {
    return this.#take(this.#wantsAnswer(status, headers));
  }

  /** The same for an attempt that had no answer. */
  retriesFailure(failure: AttemptFailure): boolean {
    return this.#take(this.#wantsFailure(failure));
  }

  /** The policy wanted a retry and none was left. */
  isExhausted = false;

  #take(isWanted: boolean): boolean {
    if (!isWanted) return false;
    if (this.#left === 0) {
      this.isExhausted = true;
      return false;
    }
    this.#left--;
    return true;
  }

  #wantsAnswer(status: number, headers: HeaderMap): boolean {
    const on = this.#on;
    if (headers.has("x-envoy-ratelimited")) return on.has("envoy-ratelimited");
    if (on.has("5xx") && status >= 500 && status <= 599) return true;
    if (on.has("gateway-error") && status >= 502 && status <= 504) return true;
    if (on.has("retriable-4xx") && status === 409) return true;
    if (on.has("retriable-status-codes") && this.#codes.has(status)) return true;
    const grpc = headers.get("grpc-status");
    const names: Record<string, string> = {
      "1": "cancelled",
      "4": "deadline-exceeded",
      "8": "resource-exhausted",
      "13": "internal",
      "14": "unavailable",
    };
    return grpc !== undefined && on.has(names[grpc] ?? "");
  }

  #wantsFailure(failure: AttemptFailure): boolean {
    const on = this.#on;
    if (on.has("5xx") || on.has("gateway-error")) return true;
    if (failure === "connect") return on.has("connect-failure") || on.has("reset") || on.has("reset-before-request");
    if (on.has("reset")) return true;
    if (failure === "per-try-timeout") return false;
    if (failure === "reset-before-request") return on.has("reset-before-request");
    return failure === "refused-stream" && (on.has("refused-stream") || on.has("reset-before-request"));
  }
}

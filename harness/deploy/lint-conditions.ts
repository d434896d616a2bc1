// Envoy's retry conditions: which repeat a call only while nothing of it was sent, and what is wrong with the others.

/** Nothing of the request reached a server that acts on it. */
const safe = new Set(["connect-failure", "refused-stream", "reset-before-request"]);

/** Statuses by which providers refuse a call without billing it. */
const notBilled = new Set([429, 529]);

const billed = "the provider had the request and may have billed it";

const why: Record<string, string> = {
  "5xx": `covers every 500, timeout and reset: ${billed}`,
  "gateway-error": `502, 503 and 504 come after the request was sent: ${billed}`,
  reset: `covers timeouts and connections that break off in mid-answer: ${billed}`,
  "retriable-4xx": `a 409 says that the provider works on the first call`,
  "retriable-headers": `whatever has these headers is an answer: ${billed}`,
  "http3-post-connect-failure": `the connection failed after the request may have been read: ${billed}`,
  cancelled: `gRPC's CANCELLED comes from a server that had the call: ${billed}`,
  "deadline-exceeded": `gRPC's DEADLINE_EXCEEDED comes from a server that had the call: ${billed}`,
  internal: `gRPC's INTERNAL comes from a server that had the call: ${billed}`,
  unavailable: `gRPC's UNAVAILABLE may come from a server that had the call: ${billed}`,
};

/** gRPC's conditions: no answer to a JSON call has them. */
const grpc = new Set(["cancelled", "deadline-exceeded", "internal", "unavailable", "resource-exhausted"]);

/** One condition that can bill twice. */
export interface UnsafeCondition {
  condition: string;
  why: string;
  /** Only gRPC answers have it. */
  isGrpc: boolean;
}

/** The conditions of a comma-separated list that can bill twice. `codes` go with `retriable-status-codes`. */
export function unsafeConditions(list: string, codes: readonly number[] = []): UnsafeCondition[] {
  const words = list
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  const found = words.flatMap((condition): UnsafeCondition[] => {
    // Istio takes bare statuses among the conditions.
    if (/^\d{3}$/.test(condition)) return unsafeCodes([Number(condition)]);
    if (condition === "retriable-status-codes") return unsafeCodes(codes);
    if (safe.has(condition) || condition === "envoy-ratelimited" || condition === "resource-exhausted") return [];
    return [{ condition, why: why[condition] ?? `not known to be safe: ${billed}`, isGrpc: grpc.has(condition) }];
  });
  return [...new Map(found.map((one) => [one.condition, one])).values()];
}

/** The statuses that can bill twice. */
export function unsafeCodes(codes: readonly number[]): UnsafeCondition[] {
  return codes
    .filter((code) => !notBilled.has(code))
    .map((code) => ({ condition: String(code), why: `a ${code} is an answer: ${billed}`, isGrpc: false }));
}

/** What to write instead, where the route itself is to repeat anything. */
export const safeConditions = "connect-failure,refused-stream";

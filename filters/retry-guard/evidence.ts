// What a request says of being a repeat of an earlier one. Equal bodies alone say nothing: people ask the same thing twice.
import { Bytes } from "../../runtime/bytes/bytes";
import { NO_NUMBER, parseU64 } from "../../runtime/bytes/numbers";

/** Longest id that counts. */
export const MOST_ID_BYTES: i32 = 255;

const ATTEMPT = Bytes.constant("attempt=");
/** More repeats than any client makes: such a number is made up. */
const MOST_ATTEMPTS: u64 = 1000;

/** Which id a call and its repeats share. */
export const enum IdKind {
  None,
  /** The caller's own: its mere return is evidence. */
  IdempotencyKey,
  /** AWS's SDKs: one for all attempts. */
  Invocation,
  /** Envoy's: the same over the retries of a gateway in front of this one. */
  RequestId,
}

/** One object, filled anew for each request. */
@final
export class Evidence {
  kind: IdKind = IdKind.None;
  id: Bytes = Bytes.absent();
  /** The request says itself that it is a repeat. */
  isClaimed: bool = false;
  /** There was an idempotency key that is none: too long, empty or with bytes that no text has. */
  hasInvalidKey: bool = false;

  /** As new. */
  reset(): void {
    this.kind = IdKind.None;
    this.id = Bytes.absent();
    this.isClaimed = false;
    this.hasInvalidKey = false;
  }

  /** `idempotency-key`, or the header that the configuration names. */
  takeKey(value: Bytes): void {
    if (!value.isPresent) return;
    if (isId(value)) this.takeId(IdKind.IdempotencyKey, value);
    else this.hasInvalidKey = true;
  }

  /** `amz-sdk-invocation-id` and `amz-sdk-request` (`attempt=2; max=3`). */
  takeInvocation(id: Bytes, request: Bytes): void {
    if (!isId(id)) return;
    this.takeId(IdKind.Invocation, id);
    if (this.kind == IdKind.Invocation && attemptIn(request) > 1) this.isClaimed = true;
  }

  /** `x-stainless-retry-count`, which OpenAI's and Anthropic's SDKs send. */
  takeRetryCount(value: Bytes): void {
    if (isCount(parseU64(value), 1)) this.isClaimed = true;
  }

  /** `x-request-id` and `x-envoy-attempt-count`, where a trusted hop sets the latter. */
  takeAttempt(requestId: Bytes, attempt: Bytes): void {
    if (!isId(requestId)) return;
    this.takeId(IdKind.RequestId, requestId);
    if (isCount(parseU64(attempt), 2)) this.isClaimed = true;
  }

  private takeId(kind: IdKind, id: Bytes): void {
    if (this.kind != IdKind.None) return;
    this.kind = kind;
    this.id = id.slice(0);
  }
}

/** Whether a text can be an id: 1 to 255 printable ASCII characters. */
export function isId(text: Bytes): bool {
  if (text.isEmpty || text.length > MOST_ID_BYTES) return false;
  for (let i = 0; i < text.length; i++) if (text.at(i) < 0x20 || text.at(i) > 0x7e) return false;
  return true;
}

/** The number in `attempt=N; max=M`, 0 without one. */
export function attemptIn(request: Bytes): u64 {
  const at = request.indexOf(ATTEMPT);
  if (at < 0) return 0;
  let end = at + ATTEMPT.length;
  while (request.at(end) >= 0x30 && request.at(end) <= 0x39) end++;
  const value = parseU64(request.slice(at + ATTEMPT.length, end));
  return isCount(value, 1) ? value : 0;
}

function isCount(value: u64, least: u64): bool {
  return value != NO_NUMBER && value >= least && value <= MOST_ATTEMPTS;
}

// Whether a call that failed may be repeated without being billed twice, and why.
import { Bytes } from "../../runtime/bytes/bytes";
import { constants } from "../../runtime/ai/api";
import { Failure, isNeverSent } from "./failure";

/** The verdict. The texts are values of filter state, headers and metric names. */
export const enum Verdict {
  /** The call did not fail. */
  None,
  Safe,
  Unsafe,
  Unknown,
}

/** Why. The texts are values of filter state and of the label `reason`. */
export const enum Reason {
  None,
  /** Nothing left the gateway. */
  NeverSent,
  /** The provider refused without working on it. */
  NotBilled,
  /** The configuration says that such calls may be repeated. */
  Idempotent,
  /** The provider failed after it had the request. */
  ServerError,
  Timeout,
  Reset,
  /** The answer broke off. */
  Cut,
  /** An error inside an answer that began well. */
  StreamError,
  /** The last attempt is harmless, but one before it may have been billed. */
  EarlierAttempt,
  /** The provider did not accept the request; SDKs repeat some of these. */
  ClientError,
  /** What the provider said of the error could not be read. */
  Unread,
}

/** Whether an answer stands for a refusal that is not billed. */
export const enum Billing {
  /** It may be billed. */
  Possible,
  /** It is not. */
  None,
  /** The type of the error would tell, but cannot be read. */
  Unread,
}

/** How the answer's body ended, where its head was fine. */
export const enum BodyEnd {
  Good,
  Cut,
  Error,
}

const VERDICTS: StaticArray<Bytes> = constants(["", "safe", "unsafe", "unknown"]);
const REASONS: StaticArray<Bytes> = constants([
  "",
  "never_sent",
  "not_billed",
  "idempotent",
  "server_error",
  "timeout",
  "reset",
  "cut",
  "stream_error",
  "earlier_attempt",
  "client_error",
  "unread",
]);

/** The facts that a verdict rests on. One object, filled anew for each. */
@final
export class Judgement {
  failure: Failure = Failure.None;
  /** Of an answer by the upstream: its status (gRPC's errors are 500). */
  status: i32 = 0;
  billing: Billing = Billing.Possible;
  bodyEnd: BodyEnd = BodyEnd.Good;
  attempts: i64 = 1;
  /** Whether every attempt before the last is known to have reached no model. */
  areEarlierSafe: bool = false;
  isIdempotent: bool = false;
  /** What was found. */
  verdict: Verdict = Verdict.None;
  reason: Reason = Reason.None;

  /** As new. */
  reset(): void {
    this.failure = Failure.None;
    this.status = 0;
    this.billing = Billing.Possible;
    this.bodyEnd = BodyEnd.Good;
    this.attempts = 1;
    this.areEarlierSafe = false;
    this.isIdempotent = false;
    this.verdict = Verdict.None;
    this.reason = Reason.None;
  }

  /** Fills `verdict` and `reason`. */
  decide(): void {
    if (this.failure == Failure.None && this.bodyEnd == BodyEnd.Good) return this.set(Verdict.None, Reason.None);
    if (this.isIdempotent) return this.set(Verdict.Safe, Reason.Idempotent);
    if (isNeverSent(this.failure)) return this.setHarmless(Reason.NeverSent);
    switch (this.failure) {
      case Failure.None:
        return this.set(Verdict.Unsafe, this.bodyEnd == BodyEnd.Cut ? Reason.Cut : Reason.StreamError);
      case Failure.Timeout:
        return this.set(Verdict.Unsafe, Reason.Timeout);
      case Failure.Reset:
        return this.set(Verdict.Unsafe, Reason.Reset);
      default:
        return this.decideAnswer();
    }
  }

  private decideAnswer(): void {
    if (this.billing == Billing.None) return this.setHarmless(Reason.NotBilled);
    if (this.billing == Billing.Unread) return this.set(Verdict.Unknown, Reason.Unread);
    if (this.status >= 500) return this.set(Verdict.Unsafe, Reason.ServerError);
    this.set(Verdict.Unknown, Reason.ClientError);
  }

  private setHarmless(reason: Reason): void {
    if (this.attempts <= 1 || this.areEarlierSafe) return this.set(Verdict.Safe, reason);
    this.set(Verdict.Unknown, Reason.EarlierAttempt);
  }

  private set(verdict: Verdict, reason: Reason): void {
    this.verdict = verdict;
    this.reason = reason;
  }
}

/** The text of a verdict; absent for none. */
export function verdictText(verdict: Verdict): Bytes {
  const at = <i32>verdict;
  return at > 0 && at < VERDICTS.length ? unchecked(VERDICTS[at]) : Bytes.absent();
}

/** The text of a reason; absent for none. */
export function reasonText(reason: Reason): Bytes {
  const at = <i32>reason;
  return at > 0 && at < REASONS.length ? unchecked(REASONS[at]) : Bytes.absent();
}

/** All reasons, for the label. */
export function reasonTexts(): string[] {
  const texts: string[] = [];
  for (let i = 1; i < REASONS.length; i++) texts.push(REASONS[i].toText());
  return texts;
}

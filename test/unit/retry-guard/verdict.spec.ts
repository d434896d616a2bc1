import { Bytes } from "../../../runtime/bytes/bytes";
import { Failure, failureOf, Flag, isNeverSent, isRetryWanted } from "../../../filters/retry-guard/failure";
import {
  Billing,
  BodyEnd,
  Judgement,
  Reason,
  reasonText,
  Verdict,
  verdictText,
} from "../../../filters/retry-guard/verdict";

const NONE = Bytes.absent();
const VIA_UPSTREAM = Bytes.constant("via_upstream");

function judged(failure: Failure, status: i32, attempts: i64 = 1, earlierSafe: bool = false): Judgement {
  const judgement = new Judgement();
  judgement.failure = failure;
  judgement.status = status;
  judgement.attempts = attempts;
  judgement.areEarlierSafe = earlierSafe;
  judgement.decide();
  return judgement;
}

describe("how an attempt failed", () => {
  it("is told by Envoy's flags", () => {
    expect(failureOf(Flag.NoHealthyUpstream, NONE, 1)).toBe(Failure.NoHealthyUpstream);
    expect(failureOf(Flag.NoRoute, NONE, 0)).toBe(Failure.NoHealthyUpstream);
    expect(failureOf(Flag.NoCluster, NONE, 0)).toBe(Failure.NoHealthyUpstream);
    expect(failureOf(Flag.ConnectionFailure | Flag.RetryLimitExceeded, NONE, 3)).toBe(Failure.ConnectFailure);
    expect(failureOf(Flag.Overflow, NONE, 1)).toBe(Failure.Overflow);
    expect(failureOf(Flag.RequestTimeout, NONE, 1)).toBe(Failure.Timeout);
    expect(failureOf(Flag.StreamIdleTimeout, NONE, 1)).toBe(Failure.Timeout);
    expect(failureOf(Flag.MaxDuration, NONE, 1)).toBe(Failure.Timeout);
    expect(failureOf(Flag.ConnectionTermination, NONE, 1)).toBe(Failure.Reset);
    expect(failureOf(Flag.RemoteReset, NONE, 1)).toBe(Failure.Reset);
    expect(failureOf(Flag.ProtocolError, NONE, 1)).toBe(Failure.Reset);
  });

  it("is the upstream's answer whatever a denied retry left in the flags", () => {
    expect(failureOf(Flag.Overflow, VIA_UPSTREAM, 1)).toBe(Failure.Answer);
    expect(failureOf(Flag.RetryLimitExceeded, VIA_UPSTREAM, 2)).toBe(Failure.Answer);
  });

  it("knows streams that HTTP/2 servers refuse", () => {
    const details = Bytes.constant("upstream_reset_before_response_started{remote_refused_stream_reset}");
    expect(failureOf(Flag.RemoteReset, details, 1)).toBe(Failure.RefusedStream);
    expect(isNeverSent(Failure.RefusedStream)).toBe(true);
  });

  it("knows answers of other filters", () => {
    expect(failureOf(0, Bytes.constant("ext_authz_denied"), 0)).toBe(Failure.NotForwarded);
    expect(failureOf(0, NONE, 1)).toBe(Failure.Answer);
  });

  it("tells whether the policy wanted one more", () => {
    expect(isRetryWanted(32768)).toBe(true);
    expect(isRetryWanted(64)).toBe(false);
  });
});

describe("a verdict", () => {
  it("is none where nothing failed", () => {
    expect(judged(Failure.None, 200).verdict).toBe(Verdict.None);
    expect(verdictText(Verdict.None).isPresent).toBe(false);
  });

  it("is safe for what was never sent", () => {
    const failures: Failure[] = [
      Failure.NoHealthyUpstream,
      Failure.ConnectFailure,
      Failure.Overflow,
      Failure.NotForwarded,
      Failure.RefusedStream,
    ];
    for (let i = 0; i < failures.length; i++) {
      const judgement = judged(failures[i], 503);
      expect(judgement.verdict).toBe(Verdict.Safe);
      expect(judgement.reason).toBe(Reason.NeverSent);
    }
  });

  it("is unsafe once the bytes had left", () => {
    expect(judged(Failure.Timeout, 504).reason).toBe(Reason.Timeout);
    expect(judged(Failure.Reset, 503).reason).toBe(Reason.Reset);
    for (let status = 500; status < 600; status++) {
      const judgement = judged(Failure.Answer, status);
      expect(judgement.verdict).toBe(Verdict.Unsafe);
      expect(judgement.reason).toBe(Reason.ServerError);
    }
  });

  it("is unsafe for an answer that broke off, or failed inside", () => {
    const judgement = new Judgement();
    judgement.status = 200;
    judgement.bodyEnd = BodyEnd.Cut;
    judgement.decide();
    expect(judgement.verdict).toBe(Verdict.Unsafe);
    expect(judgement.reason).toBe(Reason.Cut);
    judgement.bodyEnd = BodyEnd.Error;
    judgement.decide();
    expect(judgement.reason).toBe(Reason.StreamError);
  });

  it("is safe for what the provider does not bill, unknown where it cannot be read", () => {
    const judgement = new Judgement();
    judgement.failure = Failure.Answer;
    judgement.status = 429;
    judgement.billing = Billing.None;
    judgement.decide();
    expect(judgement.verdict).toBe(Verdict.Safe);
    expect(judgement.reason).toBe(Reason.NotBilled);
    judgement.billing = Billing.Unread;
    judgement.decide();
    expect(judgement.verdict).toBe(Verdict.Unknown);
    expect(judgement.reason).toBe(Reason.Unread);
  });

  it("does not forget attempts before the last", () => {
    const judgement = judged(Failure.ConnectFailure, 503, 2);
    expect(judgement.verdict).toBe(Verdict.Unknown);
    expect(judgement.reason).toBe(Reason.EarlierAttempt);
    expect(judged(Failure.ConnectFailure, 503, 2, true).verdict).toBe(Verdict.Safe);
    expect(judged(Failure.Timeout, 504, 2, true).verdict).toBe(Verdict.Unsafe);
  });

  it("is safe for what the configuration calls idempotent", () => {
    const judgement = new Judgement();
    judgement.failure = Failure.Timeout;
    judgement.isIdempotent = true;
    judgement.decide();
    expect(judgement.verdict).toBe(Verdict.Safe);
    expect(judgement.reason).toBe(Reason.Idempotent);
  });

  it("is unknown for a request that the provider did not accept", () => {
    expect(judged(Failure.Answer, 409).verdict).toBe(Verdict.Unknown);
    expect(judged(Failure.Answer, 409).reason).toBe(Reason.ClientError);
  });

  it("has a text for each reason", () => {
    expect(reasonText(Reason.NeverSent).toText()).toBe("never_sent");
    expect(reasonText(Reason.Unread).toText()).toBe("unread");
    expect(reasonText(Reason.None).isPresent).toBe(false);
  });
});

import { attemptIn, Evidence, IdKind, isId } from "../../../filters/retry-guard/evidence";
import { Bytes } from "../../../runtime/bytes/bytes";

const ABSENT = Bytes.absent();

function text(value: string): Bytes {
  return Bytes.constant(value);
}

describe("evidence of a repeat", () => {
  it("is a retry count of at least one", () => {
    const values = ["0", "1", "2", "-1", "1.0", " 1", "", "99999999999999999999", "1001"];
    const claims: bool[] = [false, true, true, false, false, false, false, false, false];
    for (let i = 0; i < values.length; i++) {
      const evidence = new Evidence();
      evidence.takeRetryCount(text(values[i]));
      expect(evidence.isClaimed).toBe(claims[i], values[i]);
    }
    const evidence = new Evidence();
    evidence.takeRetryCount(ABSENT);
    expect(evidence.isClaimed).toBe(false);
  });

  it("is an AWS attempt beyond the first with an invocation id", () => {
    const evidence = new Evidence();
    evidence.takeInvocation(text("a-b-c"), text("attempt=1; max=3"));
    expect(evidence.isClaimed).toBe(false);
    expect(evidence.kind).toBe(IdKind.Invocation);
    evidence.reset();
    evidence.takeInvocation(text("a-b-c"), text("ttl=20260101T000000Z; attempt=2; max=3"));
    expect(evidence.isClaimed).toBe(true);
    evidence.reset();
    evidence.takeInvocation(ABSENT, text("attempt=2; max=3"));
    expect(evidence.isClaimed).toBe(false);
    expect(attemptIn(text("attempt=; max=3"))).toBe(0);
    expect(attemptIn(text("attempt=x"))).toBe(0);
    expect(attemptIn(text("attempt=99999999999999999999999"))).toBe(0);
  });

  it("is not an idempotency key by itself", () => {
    const evidence = new Evidence();
    evidence.takeKey(text("order-1"));
    expect(evidence.kind).toBe(IdKind.IdempotencyKey);
    expect(evidence.isClaimed).toBe(false);
  });

  it("is an attempt count of a trusted hop, with its request id", () => {
    const evidence = new Evidence();
    evidence.takeAttempt(text("r-1"), text("1"));
    expect(evidence.isClaimed).toBe(false);
    evidence.takeAttempt(text("r-1"), text("2"));
    expect(evidence.isClaimed).toBe(true);
  });

  it("prefers the caller's own key", () => {
    const evidence = new Evidence();
    evidence.takeKey(text("k"));
    evidence.takeInvocation(text("i"), text("attempt=1"));
    evidence.takeAttempt(text("r"), text("1"));
    expect(evidence.kind).toBe(IdKind.IdempotencyKey);
    expect(evidence.id.toText()).toBe("k");
  });

  it("does not take hostile keys", () => {
    const hostile = ["", "a\nb", "a\u0000b", "é", "\u007f", "x".repeat(256), "a\tb"];
    for (let i = 0; i < hostile.length; i++) {
      const evidence = new Evidence();
      evidence.takeKey(text(hostile[i]));
      expect(evidence.kind).toBe(IdKind.None);
      expect(evidence.hasInvalidKey).toBe(true);
    }
    expect(isId(text("x".repeat(255)))).toBe(true);
    const evidence = new Evidence();
    evidence.takeKey(ABSENT);
    expect(evidence.hasInvalidKey).toBe(false);
  });
});

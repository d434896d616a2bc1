import { NotBilled } from "../../../filters/retry-guard/not-billed";
import { Billing } from "../../../filters/retry-guard/verdict";
import { Bytes } from "../../../runtime/bytes/bytes";

const NONE = Bytes.absent();

const known = new NotBilled([]);

describe("what is not billed", () => {
  it("is a refusal for being too busy", () => {
    expect(known.judge(429, NONE, false, NONE)).toBe(Billing.None);
    expect(known.judge(529, NONE, false, NONE)).toBe(Billing.None);
    const words = ["overloaded_error", "service_unavailable", "UNAVAILABLE", "ServiceUnavailableException"];
    for (let i = 0; i < words.length; i++) {
      expect(known.judge(503, Bytes.constant(words[i]), true, NONE)).toBe(Billing.None, words[i]);
    }
  });

  it("is not every failure", () => {
    const statuses = [400, 408, 409, 500, 502, 504];
    for (let i = 0; i < statuses.length; i++) {
      expect(known.judge(statuses[i], Bytes.constant("overloaded_error"), true, NONE)).toBe(Billing.Possible);
    }
    expect(known.judge(503, Bytes.constant("server_error"), true, NONE)).toBe(Billing.Possible);
    expect(known.judge(503, NONE, true, NONE)).toBe(Billing.Possible);
  });

  it("cannot be told where the error's type is unread", () => {
    expect(known.judge(503, NONE, false, NONE)).toBe(Billing.Unread);
  });
});

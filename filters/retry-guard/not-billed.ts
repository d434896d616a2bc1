// Answers by which a provider refuses a call before a model works on it: repeating such a call costs nothing twice.
import { Bytes } from "../../runtime/bytes/bytes";
import { ObjectReader } from "../../runtime/config/reader";
import { TextForm } from "../../runtime/config/forms";
import { GlobList } from "../../runtime/match/glob";
import { Billing } from "./verdict";

/** The words of providers for "too busy": Anthropic, OpenAI and its copies, Google, Bedrock, DashScope. */
const OVERLOADED: string[] = [
  "overloaded*",
  "service_unavailable*",
  "engine_overloaded*",
  "server_overloaded*",
  "slow_down",
  "UNAVAILABLE",
  "RESOURCE_EXHAUSTED",
  "ServiceUnavailable*",
  "ThrottlingException",
  "Throttling*",
  "ModelUnavailable*",
];

/** One kind of refusal. Of each list one element must hold; an empty one demands nothing. */
@final
export class NotBilledRule {
  constructor(
    private readonly status: i32,
    private readonly errorTypes: GlobList,
    private readonly providers: GlobList,
  ) {}

  /** What this rule says of an answer; `isRead` tells whether the error's type would be known if there were one. */
  judge(status: i32, errorType: Bytes, isRead: bool, provider: Bytes): Billing {
    if (status != this.status) return Billing.Possible;
    if (!this.providers.isEmpty && !this.providers.matches(provider)) return Billing.Possible;
    if (this.errorTypes.isEmpty || this.errorTypes.matches(errorType)) return Billing.None;
    return isRead ? Billing.Possible : Billing.Unread;
  }
}

/** `notBilled`: what is known of all providers, and what the configuration adds. */
@final
export class NotBilled {
  private readonly rules: NotBilledRule[] = [];

  constructor(readers: ObjectReader[]) {
    const anyone = new GlobList([]);
    this.rules.push(new NotBilledRule(429, anyone, anyone));
    this.rules.push(new NotBilledRule(529, anyone, anyone));
    this.rules.push(new NotBilledRule(503, new GlobList(OVERLOADED), anyone));
    for (let i = 0; i < readers.length; i++) {
      const reader = readers[i];
      if (!reader.has("status")) reader.mismatch("status", "a whole number from 400 to 599");
      const status = <i32>reader.integer("status", 0, 400, 599);
      const types = new GlobList(reader.strings("errorTypes", TextForm.Glob));
      this.rules.push(new NotBilledRule(status, types, new GlobList(reader.strings("providers", TextForm.Glob))));
    }
  }

  /** Whether an answer of the upstream is billed, as far as its head and the error's type tell. */
  judge(status: i32, errorType: Bytes, isRead: bool, provider: Bytes): Billing {
    let billing = Billing.Possible;
    for (let i = 0, k = this.rules.length; i < k; i++) {
      const one = unchecked(this.rules[i]).judge(status, errorType, isRead, provider);
      if (one == Billing.None) return one;
      if (one == Billing.Unread) billing = one;
    }
    return billing;
  }
}

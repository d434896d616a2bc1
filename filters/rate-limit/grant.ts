// What one rule decided about one call, kept until the call is over.
import { Standing } from "./dialects";

/** Where a rule stands with a call. */
export const enum GrantState {
  /** The rule is not about the call. */
  None,
  /** It is, and did not decide yet. */
  Matched,
  /** The rate limit service decides. */
  Asked,
  /** Admitted; what was taken is in the grant. */
  Granted,
  /** Not admitted: refused, or would have been. */
  Over,
  /** Not admitted, but let through with a tag. */
  Tagged,
  /** Admitted because the host failed. */
  Unknown,
}

/** In memory of its own, one for each call and rule: nothing is allocated per request. */
@unmanaged
export class Grant extends Standing {
  /** The bucket: two words of its hash. */
  high: u64;
  low: u64;
  /** Units taken; those of a reserving rule are reserved. */
  units: i64;
  /** When, and the deficit with them. */
  at: i64;
  level: i64;
  /** Nanoseconds until the call would have been admitted. */
  wait: i64;
  /** The bucket's hash as the rate limit service knows it, and what that said. */
  askedHigh: u64;
  askedLow: u64;
  generation: u32;
  /** The override whose limit counts, or `OWN_LIMIT`. */
  limit: i32;
  state: GrantState;
  answer: GrantState;
  /** Whether the call has all parts of the key but the model. */
  isWhole: bool;
  /** Whether the rate limit service is away, and a share of the limit counts. */
  isAlone: bool;
  /** Whether the units came out of a lease. */
  isLeased: bool;
}

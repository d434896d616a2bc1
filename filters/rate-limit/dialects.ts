// Which headers tell a caller its limits, in the words of each dialect. Pure: it names headers and writes values.
//
// ietf: draft-ietf-httpapi-ratelimit-headers-11, one item for each rule. openai, anthropic, envoy: of the rules that count
// the same the tightest one, which is the one with the smallest share of its limit left.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { Unit } from "./unit";
import { appendDuration, appendMoment, secondsUp } from "./wait";

/** Dialects, as bits. */
export const enum Dialect {
  Ietf = 1,
  OpenAi = 2,
  Anthropic = 4,
  Envoy = 8,
  None = 16,
}

/** How things stand with one rule when it decided. */
@unmanaged
export class Standing {
  /** The limit, and what is left of it. */
  capacity: i64;
  remaining: i64;
  /** Nanoseconds until all of it is back. */
  full: i64;
  /** Seconds in which all of it comes back. */
  window: i64;
}

/** The headers of one dialect that tell one kind of limit. */
@final
export class HeaderGroup {
  readonly limit: Bytes;
  readonly remaining: Bytes;
  readonly reset: Bytes;

  constructor(
    readonly dialect: i32,
    /** Bits (1 << Unit) of what it tells. */
    readonly units: i32,
    limit: string,
    remaining: string,
    reset: string,
  ) {
    this.limit = Bytes.constant(limit);
    this.remaining = Bytes.constant(remaining);
    this.reset = Bytes.constant(reset);
  }

  /** Whether it tells this kind of limit. */
  tells(unit: Unit): bool {
    return (this.units & (1 << (<i32>unit))) != 0;
  }

  /** The value of the header that names the limit. */
  limitText(out: ByteBuffer, standing: Standing): Bytes {
    out.clear().i64(standing.capacity);
    if (this.dialect == Dialect.Envoy)
      out.add(ENVOY_POLICY).i64(standing.capacity).add(ENVOY_WINDOW).i64(standing.window);
    return out.view();
  }

  remainingText(out: ByteBuffer, standing: Standing): Bytes {
    return out.clear().i64(standing.remaining).view();
  }

  /** When all is back; `at` is when it stood so, in nanoseconds since 1970. */
  resetText(out: ByteBuffer, standing: Standing, at: i64): Bytes {
    out.clear();
    if (this.dialect == Dialect.OpenAi) return appendDuration(out, standing.full).view();
    if (this.dialect == Dialect.Anthropic) return appendMoment(out, at + min(standing.full, FAR)).view();
    return out.i64(secondsUp(standing.full)).view();
  }
}

/** Headers of the ietf dialect. */
export const RATE_LIMIT: Bytes = Bytes.constant("ratelimit");
export const RATE_LIMIT_POLICY: Bytes = Bytes.constant("ratelimit-policy");
/** What Envoy sets where it limits by itself. */
export const ENVOY_RATE_LIMITED: Bytes = Bytes.constant("x-envoy-ratelimited");

const FAR: i64 = 1 << 60;
const ENVOY_POLICY = Bytes.constant(", ");
const ENVOY_WINDOW = Bytes.constant(";w=");
const REMAINING = Bytes.constant(";r=");
const RESET = Bytes.constant(";t=");
const REQUESTS: i32 = 1 << (<i32>Unit.Requests);
const TOKENS: i32 = 1 << (<i32>Unit.Tokens);
const INPUT: i32 = 1 << (<i32>Unit.InputTokens);
const OUTPUT: i32 = 1 << (<i32>Unit.OutputTokens);

/** All groups. */
export const GROUPS: HeaderGroup[] = [
  openai(REQUESTS, "requests"),
  openai(TOKENS, "tokens"),
  anthropic(REQUESTS, "requests"),
  anthropic(TOKENS, "tokens"),
  anthropic(INPUT, "input-tokens"),
  anthropic(OUTPUT, "output-tokens"),
  new HeaderGroup(
    Dialect.Envoy,
    REQUESTS | TOKENS | INPUT | OUTPUT,
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
  ),
];

/** Whether less of the first is left than of the second. */
export function isTighter(a: Standing, b: Standing): bool {
  return <f64>a.remaining / <f64>max<i64>(a.capacity, 1) < <f64>b.remaining / <f64>max<i64>(b.capacity, 1);
}

/** Appends one rule's item of `RateLimit`: `"team";r=50;t=30`. */
export function appendRateLimit(out: ByteBuffer, rule: Bytes, remaining: i64, full: i64, isTimed: bool): void {
  out.byte(0x22).add(rule).byte(0x22).add(REMAINING).i64(remaining);
  if (isTimed) out.add(RESET).i64(secondsUp(full));
}

function openai(units: i32, name: string): HeaderGroup {
  const prefix = "x-ratelimit-";
  return new HeaderGroup(
    Dialect.OpenAi,
    units,
    prefix + "limit-" + name,
    prefix + "remaining-" + name,
    prefix + "reset-" + name,
  );
}

function anthropic(units: i32, name: string): HeaderGroup {
  const prefix = "anthropic-ratelimit-" + name;
  return new HeaderGroup(Dialect.Anthropic, units, prefix + "-limit", prefix + "-remaining", prefix + "-reset");
}

// What a caller who is over a limit is told: status, body, how long to wait.
import { GrpcStatus } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { ErrorKind } from "../../runtime/ai/reply";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { Text } from "../../runtime/config/text";
import { appendAmount, UNITS_PER_NANO } from "../../runtime/price/amount";
import { RateLimitConfig, RejectConfig } from "./config";
import { Grant } from "./grant";
import { NEVER } from "./meter";
import { Rule } from "./rule";
import { Unit } from "./unit";
import { appendDuration, millisUp, secondsUp } from "./wait";

const RETRY_AFTER = Bytes.constant("retry-after");
const RETRY_AFTER_MS = Bytes.constant("retry-after-ms");
const SHOULD_RETRY = Bytes.constant("x-should-retry");
const FALSE = Bytes.constant("false");
const CODE = Bytes.constant("rate_limit_exceeded");
const UNAVAILABLE_CODE = Bytes.constant("rate_limit_unavailable");
const LIMITED_DETAILS = Bytes.constant("sluice_rate_limited");
const MISSING_DETAILS = Bytes.constant("sluice_rate_limit_key_missing");
const UNAVAILABLE_DETAILS = Bytes.constant("sluice_rate_limit_unavailable");
/** What is told where it cannot be computed when there is room: calls in flight end when they end. */
const UNKNOWN_WAIT: i64 = 1_000_000_000;

const UNIT_TEXTS: Bytes[] = [
  Bytes.constant(" requests"),
  Bytes.constant(" tokens"),
  Bytes.constant(" input tokens"),
  Bytes.constant(" output tokens"),
  Bytes.constant(" requests in flight"),
  Bytes.constant(" "), // the currency follows
];
const RATE_LIMIT = Bytes.constant("Rate limit `");
const REACHED = Bytes.constant("` reached: at most ");
const IN = Bytes.constant(" in ");
const SECONDS = Bytes.constant(" s, ");
const COMMA = Bytes.constant(", ");
const LEFT = Bytes.constant(" left");
const NEEDED = Bytes.constant(", about ");
const NEEDED_END = Bytes.constant(" needed");
const TRY_AGAIN = Bytes.constant(". Try again in ");
const TRY_LATER = Bytes.constant(". Try again when other requests have ended");
const MISSING_TEXT = Bytes.constant("` counts callers by something that this request lacks");
const UNAVAILABLE_TEXT = Bytes.constant("` cannot be checked at the moment");
const MOST_NANOS: i64 = i64.MAX_VALUE / 1000;
const number = new ByteBuffer(64);

/** How long a refused caller has to wait. */
export function waitOf(grant: Grant): i64 {
  return grant.wait == NEVER ? UNKNOWN_WAIT : grant.wait;
}

/** Answers a call that is over a rule's limit; `asked` is what it was estimated at, 0 for a plain request. */
export function refuse(call: AiCall, all: RateLimitConfig, rule: Rule, grant: Grant, asked: i64): void {
  const config = all.reject;
  const reply = call.reply;
  const wait = waitOf(grant);
  const isRetriable = wait <= config.giveUpAfter;
  const id = call.requestId.view;
  const own = config.body;
  if (own) {
    writeOwn(reply.openWhole(config.status, config.contentType.bytes, LIMITED_DETAILS), own, rule, id, wait);
    if (!isRetriable) reply.headers.add(SHOULD_RETRY, FALSE);
  } else {
    const text = reply.open(config.status, ErrorKind.RateLimit, GrpcStatus.ResourceExhausted, CODE, LIMITED_DETAILS);
    reply.isRetriable = isRetriable;
    writeReason(text, rule, grant, asked, all.currency.bytes);
    if (grant.wait == NEVER) text.add(TRY_LATER);
    else appendDuration(text.add(TRY_AGAIN), wait);
    call.endSentence(text);
  }
  reply.grpc = GrpcStatus.ResourceExhausted;
  reply.headers.add(
    RETRY_AFTER,
    number
      .clear()
      .i64(max<i64>(secondsUp(wait), 1))
      .view(),
  );
  reply.headers.add(
    RETRY_AFTER_MS,
    number
      .clear()
      .i64(max<i64>(millisUp(wait), 1))
      .view(),
  );
}

/** Answers a call that lacks a part of the key of a rule that wants it. */
export function refuseMissing(call: AiCall, config: RejectConfig, rule: Rule): void {
  const text = call.reply.open(config.status, ErrorKind.RateLimit, GrpcStatus.ResourceExhausted, CODE, MISSING_DETAILS);
  text.add(RATE_LIMIT).add(rule.name.bytes).add(MISSING_TEXT);
  call.endSentence(text);
}

/** Answers a call of which it cannot be known whether it is over: `failure: closed`. */
export function refuseUnknown(call: AiCall, rule: Rule): void {
  const reply = call.reply;
  const text = reply.open(503, ErrorKind.BadGateway, GrpcStatus.Unavailable, UNAVAILABLE_CODE, UNAVAILABLE_DETAILS);
  reply.isRetriable = true;
  text.add(RATE_LIMIT).add(rule.name.bytes).add(UNAVAILABLE_TEXT);
  call.endSentence(text);
}

function writeReason(text: ByteBuffer, rule: Rule, grant: Grant, asked: i64, currency: Bytes): void {
  text.add(RATE_LIMIT).add(rule.name.bytes).add(REACHED);
  writeCount(text, rule, grant.capacity).add(UNIT_TEXTS[rule.unit]);
  if (rule.unit == Unit.Cost) text.add(currency);
  if (rule.unit != Unit.Concurrency) text.add(IN).i64(grant.window).add(SECONDS);
  else text.add(COMMA);
  writeCount(text, rule, grant.remaining).add(LEFT);
  if (asked > 0) writeCount(text.add(NEEDED), rule, asked).add(NEEDED_END);
}

/** Writes money as a decimal, all else as it is counted. */
function writeCount(text: ByteBuffer, rule: Rule, count: i64): ByteBuffer {
  if (rule.unit != Unit.Cost) return text.i64(count);
  return appendAmount(text, min<i64>(count, MOST_NANOS) * <i64>UNITS_PER_NANO);
}

const OPEN: u8 = 0x7b;
const CLOSE: u8 = 0x7d;
const RULE = Bytes.constant("rule");
const REQUEST_ID_NAME = Bytes.constant("requestId");
const RETRY_AFTER_NAME = Bytes.constant("retryAfter");
const RETRY_AFTER_MS_NAME = Bytes.constant("retryAfterMs");

/** The operator's own text, with `{rule}`, `{requestId}`, `{retryAfter}` and `{retryAfterMs}` filled in. */
function writeOwn(out: ByteBuffer, template: Text, rule: Rule, id: Bytes, wait: i64): void {
  const text = template.bytes;
  for (let at = 0; at < text.length;) {
    const open = text.indexOfByte(OPEN, at);
    const close = open < 0 ? -1 : text.indexOfByte(CLOSE, open);
    if (close < 0) {
      out.add(text.slice(at));
      return;
    }
    out.add(text.slice(at, open));
    const name = text.slice(open + 1, close);
    at = close + 1;
    if (name.equals(RULE)) out.add(rule.name.bytes);
    else if (name.equals(REQUEST_ID_NAME)) appendPlain(out, id);
    else if (name.equals(RETRY_AFTER_NAME)) out.i64(max<i64>(secondsUp(wait), 1));
    else if (name.equals(RETRY_AFTER_MS_NAME)) out.i64(max<i64>(millisUp(wait), 1));
    else {
      out.byte(OPEN);
      at = open + 1;
    }
  }
}

/** A request id is what the caller typed: nothing that could end a text in JSON or HTML. */
function appendPlain(out: ByteBuffer, text: Bytes): void {
  for (let i = 0; i < text.length; i++) {
    const byte = text.at(i);
    const isPlain = (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a);
    out.byte(isPlain || byte == 0x2d || byte == 0x5f || byte == 0x2e ? byte : 0x5f);
  }
}

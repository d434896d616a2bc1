// What a caller whose budget is spent is told: which budget, and when the next period begins.
import { GrpcStatus } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { ErrorKind } from "../../runtime/ai/reply";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { appendAmount } from "../../runtime/price/amount";
import { civilDay, DAY_SECONDS } from "../../runtime/price/date";
import { Budget } from "./budget";

const RETRY_AFTER = Bytes.constant("retry-after");
const CODE = Bytes.constant("insufficient_quota");
const DETAILS = Bytes.constant("sluice_budget_exceeded");
const MISSING_DETAILS = Bytes.constant("sluice_budget_key_missing");
const BUDGET = Bytes.constant("Budget `");
const SPENT = Bytes.constant("` is spent: ");
const UNTIL = Bytes.constant(" until ");
const MISSING = Bytes.constant("` counts callers by something that this request lacks");
const NANO: i64 = 1000;
const number = new ByteBuffer(24);

/** Answers a call beyond a budget of `amount` (1e-9) whose period ends at `end` (seconds since 1970). */
export function refuseBudget(call: AiCall, budget: Budget, amount: i64, currency: Bytes, end: i64, now: i64): void {
  const text = call.reply.open(429, ErrorKind.Quota, GrpcStatus.ResourceExhausted, CODE, DETAILS);
  text.add(BUDGET).add(budget.name.bytes).add(SPENT);
  appendNano(text, amount).byte(0x20).add(currency).add(UNTIL);
  appendTime(text, end, budget.window.offsetSeconds);
  call.endSentence(text);
  number.clear().i64(max<i64>(end - now, 1));
  call.reply.headers.add(RETRY_AFTER, number.view());
}

/** Answers a call that lacks a part of a budget's key. */
export function refuseMissingKey(call: AiCall, budget: Budget): void {
  const text = call.reply.open(429, ErrorKind.Quota, GrpcStatus.ResourceExhausted, CODE, MISSING_DETAILS);
  text.add(BUDGET).add(budget.name.bytes).add(MISSING);
  call.endSentence(text);
}

/** 1e-9 as a decimal. Beyond what 1e-12 can count, whole units of the currency. */
function appendNano(out: ByteBuffer, amount: i64): ByteBuffer {
  if (amount <= i64.MAX_VALUE / NANO) return appendAmount(out, amount * NANO);
  return out.i64(amount / 1_000_000_000);
}

/** `2026-12-01T00:00:00+08:00`, as RFC 3339 has it. */
export function appendTime(out: ByteBuffer, seconds: i64, offset: i32): void {
  const local = seconds + <i64>offset;
  const day = <i32>((local >= 0 ? local : local - DAY_SECONDS + 1) / DAY_SECONDS);
  const time = <i32>(local - <i64>day * DAY_SECONDS);
  civilDay.set(day);
  out.i64(civilDay.year).byte(0x2d);
  two(out, civilDay.month).byte(0x2d);
  two(out, civilDay.day).byte(0x54);
  two(out, time / 3600).byte(0x3a);
  two(out, (time / 60) % 60).byte(0x3a);
  two(out, time % 60);
  if (offset == 0) {
    out.byte(0x5a);
    return;
  }
  const minutes = abs(offset) / 60;
  out.byte(offset < 0 ? 0x2d : 0x2b);
  two(out, minutes / 60).byte(0x3a);
  two(out, minutes % 60);
}

function two(out: ByteBuffer, value: i32): ByteBuffer {
  if (value < 10) out.byte(0x30);
  return out.i64(value);
}

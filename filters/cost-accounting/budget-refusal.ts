// What a caller whose budget is spent is told: which budget, and when the next period begins.
import { GrpcStatus } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { ErrorKind } from "../../runtime/ai/reply";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { appendAmount } from "../../runtime/price/amount";
import { Budget } from "./budget";
import { appendTime } from "./period";

const RETRY_AFTER = Bytes.constant("retry-after");
const CODE = Bytes.constant("insufficient_quota");
const DETAILS = Bytes.constant("sluice_budget_exceeded");
const MISSING_DETAILS = Bytes.constant("sluice_budget_key_missing");
const UNAVAILABLE_CODE = Bytes.constant("budget_unavailable");
const UNAVAILABLE_DETAILS = Bytes.constant("sluice_budget_unavailable");
const BUDGET = Bytes.constant("Budget `");
const SPENT = Bytes.constant("` is spent: ");
const UNTIL = Bytes.constant(" until ");
const MISSING = Bytes.constant("` counts callers by something that this request lacks");
const UNAVAILABLE = Bytes.constant("` cannot be checked at the moment");
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

/** Answers a call whose budget nobody can tell about, where the configuration wants it refused then. */
export function refuseUnknownBudget(call: AiCall, budget: Budget): void {
  const reply = call.reply;
  const text = reply.open(503, ErrorKind.BadGateway, GrpcStatus.Unavailable, UNAVAILABLE_CODE, UNAVAILABLE_DETAILS);
  reply.isRetriable = true;
  text.add(BUDGET).add(budget.name.bytes).add(UNAVAILABLE);
  call.endSentence(text);
}

/** 1e-9 as a decimal. Beyond what 1e-12 can count, whole units of the currency. */
function appendNano(out: ByteBuffer, amount: i64): ByteBuffer {
  if (amount <= i64.MAX_VALUE / NANO) return appendAmount(out, amount * NANO);
  return out.i64(amount / 1_000_000_000);
}

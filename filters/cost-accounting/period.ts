// Times and periods in words: `2026-12-01T00:00:00+08:00`, `2026-12+08:00`.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { civilDay, DAY_SECONDS, daysOf } from "../../runtime/price/date";
import { Window, WindowKind } from "./window";

const DASH: u8 = 0x2d;
const COLON: u8 = 0x3a;

/** A time, as RFC 3339 has it. */
export function appendTime(out: ByteBuffer, seconds: i64, offset: i32): void {
  const local = seconds + <i64>offset;
  const day = <i32>((local >= 0 ? local : local - DAY_SECONDS + 1) / DAY_SECONDS);
  const time = <i32>(local - <i64>day * DAY_SECONDS);
  appendDay(out, day).byte(0x54);
  two(out, time / 3600).byte(COLON);
  two(out, (time / 60) % 60).byte(COLON);
  two(out, time % 60);
  appendOffset(out, offset);
}

/** The period that begins on a local day: `2026-12`, `2026-W49` (ISO 8601) or `2026-12-01`, each with its offset. */
export function appendPeriod(out: ByteBuffer, window: Window, day: i32): void {
  civilDay.set(day);
  if (window.kind == WindowKind.Month) two(out.i64(civilDay.year).byte(DASH), civilDay.month);
  else if (window.kind == WindowKind.Week) appendWeek(out, day);
  else appendDay(out, day);
  appendOffset(out, window.offsetSeconds);
}

/** The year of a week is that of its Thursday. */
function appendWeek(out: ByteBuffer, monday: i32): void {
  civilDay.set(monday + 3);
  const week = (monday + 3 - daysOf(civilDay.year, 1, 1)) / 7 + 1;
  two(out.i64(civilDay.year).byte(DASH).byte(0x57), week);
}

function appendDay(out: ByteBuffer, day: i32): ByteBuffer {
  civilDay.set(day);
  two(out.i64(civilDay.year).byte(DASH), civilDay.month).byte(DASH);
  return two(out, civilDay.day);
}

function appendOffset(out: ByteBuffer, offset: i32): void {
  if (offset == 0) {
    out.byte(0x5a);
    return;
  }
  const minutes = abs(offset) / 60;
  out.byte(offset < 0 ? DASH : 0x2b);
  two(out, minutes / 60).byte(COLON);
  two(out, minutes % 60);
}

function two(out: ByteBuffer, value: i32): ByteBuffer {
  if (value < 10) out.byte(0x30);
  return out.i64(value);
}

// Times as headers write them.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { civilDay, DAY_SECONDS } from "../../runtime/price/date";

const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;

/** Seconds, rounded up: a client that waits them has waited long enough. */
export function secondsUp(nanos: i64): i64 {
  return nanos <= 0 ? 0 : (nanos - 1) / SECOND + 1;
}

/** Milliseconds, rounded up. */
export function millisUp(nanos: i64): i64 {
  return nanos <= 0 ? 0 : (nanos - 1) / MILLI + 1;
}

/** As OpenAI writes durations: `20ms`, `7.66s`, `6m0s`, `1h2m3s`. To the millisecond, rounded up. */
export function appendDuration(out: ByteBuffer, nanos: i64): ByteBuffer {
  const millis = millisUp(nanos);
  if (millis < 1000) return out.i64(millis).byte(0x6d).byte(0x73);
  const seconds = millis / 1000;
  const hours = seconds / 3600;
  if (hours > 0) out.i64(hours).byte(0x68);
  if (seconds >= 60) out.i64((seconds / 60) % 60).byte(0x6d);
  out.i64(seconds % 60);
  let rest = millis % 1000;
  if (rest > 0) {
    out.byte(0x2e);
    for (let unit: i64 = 100; rest > 0; unit /= 10) {
      out.byte(0x30 + <u8>(rest / unit));
      rest %= unit;
    }
  }
  return out.byte(0x73);
}

/** A moment as RFC 3339 has it, in whole seconds of UTC, rounded up: `2026-11-03T12:41:00Z`. */
export function appendMoment(out: ByteBuffer, nanos: i64): ByteBuffer {
  const seconds = secondsUp(nanos);
  const day = civilDay.set(<i32>min<i64>(seconds / DAY_SECONDS, 100_000_000));
  const time = seconds % DAY_SECONDS;
  out.i64(day.year).byte(0x2d);
  twoDigits(out, day.month).byte(0x2d);
  twoDigits(out, day.day).byte(0x54);
  twoDigits(out, <i32>(time / 3600)).byte(0x3a);
  twoDigits(out, <i32>((time / 60) % 60)).byte(0x3a);
  return twoDigits(out, <i32>(time % 60)).byte(0x5a);
}

function twoDigits(out: ByteBuffer, value: i32): ByteBuffer {
  return out.byte(0x30 + <u8>((value / 10) % 10)).byte(0x30 + <u8>(value % 10));
}

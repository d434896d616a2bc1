// Answers of Envoy's rate limit service: protobuf of envoy.service.ratelimit.v3, as much of it as is used. Pure.
//
//   RateLimitResponse    1 overall_code, 2 statuses
//   DescriptorStatus     1 code, 2 current_limit {1 requests_per_unit, 2 unit}, 3 limit_remaining, 4 duration_until_reset
import { Bytes } from "../bytes/bytes";

const LENGTH_DELIMITED: u32 = 2;
const NANOS: i64 = 1_000_000_000;
/** The service's word for a limit that is reached. */
const OVER_LIMIT: i32 = 2;

/** What the service says of one descriptor. */
@final
export class DescriptorStatus {
  isOver: bool = false;
  /** The service knows a limit for it. */
  hasLimit: bool = false;
  limit: i64 = 0;
  remaining: i64 = 0;
  /** Seconds of the window, 0 when it does not say. */
  window: i64 = 0;
  /** Nanoseconds until the window ends. */
  reset: i64 = 0;

  clear(): void {
    this.isOver = false;
    this.hasLimit = false;
    this.limit = 0;
    this.remaining = 0;
    this.window = 0;
    this.reset = 0;
  }
}

/** Reads the statuses of an answer one after the other: `open`, then `next` as long as it is true. */
@final
export class ResponseReader {
  readonly status: DescriptorStatus = new DescriptorStatus();
  private readonly fields: FieldReader = new FieldReader();
  private readonly inner: FieldReader = new FieldReader();
  private readonly deepest: FieldReader = new FieldReader();

  open(message: Bytes): void {
    this.fields.open(message.ptr, message.length);
  }

  next(): bool {
    const fields = this.fields;
    while (fields.next()) {
      if (fields.number != 2 || fields.wire != LENGTH_DELIMITED) continue;
      this.readStatus(fields.ptr, fields.length);
      return true;
    }
    return false;
  }

  /** Whether the bytes were a message up to where it was read. */
  get isSound(): bool {
    return this.fields.isSound && this.inner.isSound && this.deepest.isSound;
  }

  private readStatus(ptr: usize, length: i32): void {
    const fields = this.inner;
    const status = this.status;
    status.clear();
    fields.open(ptr, length);
    while (fields.next()) {
      if (fields.number == 1) status.isOver = <i32>fields.value == OVER_LIMIT;
      else if (fields.number == 2) this.readLimit(fields.ptr, fields.length);
      else if (fields.number == 3) status.remaining = <i64>(<u32>fields.value);
      else if (fields.number == 4) this.readDuration(fields.ptr, fields.length);
    }
  }

  private readLimit(ptr: usize, length: i32): void {
    const fields = this.deepest;
    this.status.hasLimit = true;
    fields.open(ptr, length);
    while (fields.next()) {
      if (fields.number == 1) this.status.limit = <i64>(<u32>fields.value);
      else if (fields.number == 2) this.status.window = secondsOf(<i32>fields.value);
    }
  }

  private readDuration(ptr: usize, length: i32): void {
    const fields = this.deepest;
    let seconds: i64 = 0;
    let nanos: i64 = 0;
    fields.open(ptr, length);
    while (fields.next()) {
      if (fields.number == 1) seconds = min<i64>(max<i64>(<i64>fields.value, 0), 1 << 32);
      else if (fields.number == 2) nanos = min<i64>(max<i64>(<i64>fields.value, 0), NANOS);
    }
    this.status.reset = seconds * NANOS + nanos;
  }
}

/** The fields of one message. Stops at what is none. */
class FieldReader {
  number: u32 = 0;
  wire: u32 = 0;
  value: u64 = 0;
  ptr: usize = 0;
  length: i32 = 0;
  isSound: bool = true;
  private at: usize = 0;
  private end: usize = 0;

  open(ptr: usize, length: i32): void {
    this.at = ptr;
    this.end = ptr + <usize>max(length, 0);
    this.isSound = true;
  }

  next(): bool {
    if (this.at >= this.end || !this.isSound) return false;
    const head = this.varint();
    this.number = <u32>(head >> 3);
    this.wire = <u32>(head & 7);
    this.ptr = this.at;
    this.length = 0;
    this.value = 0;
    if (this.wire == 0) this.value = this.varint();
    else if (this.wire == LENGTH_DELIMITED) this.skip(this.varint());
    else if (this.wire == 5) this.skip(4);
    else if (this.wire == 1) this.skip(8);
    else this.isSound = false;
    return this.isSound;
  }

  private skip(size: u64): void {
    this.ptr = this.at;
    if (size > <u64>(this.end - this.at)) {
      this.isSound = false;
      return;
    }
    this.length = <i32>size;
    this.at += <usize>size;
  }

  private varint(): u64 {
    let result: u64 = 0;
    for (let shift: u64 = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) break;
      const byte = load<u8>(this.at++);
      if (shift < 64) result |= (<u64>(byte & 0x7f)) << shift;
      if (byte < 0x80) return result;
    }
    this.isSound = false;
    return 0;
  }
}

/** Seconds of the service's units: second, minute, hour, day, month (30 days), year (365 days), week. */
function secondsOf(unit: i32): i64 {
  switch (unit) {
    case 1:
      return 1;
    case 2:
      return 60;
    case 3:
      return 3600;
    case 4:
      return 86_400;
    case 5:
      return 30 * 86_400;
    case 6:
      return 365 * 86_400;
    case 7:
      return 7 * 86_400;
    default:
      return 0;
  }
}

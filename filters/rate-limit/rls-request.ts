// Questions to Envoy's rate limit service: protobuf of envoy.service.ratelimit.v3, as much of it as is used. Pure.
//
//   RateLimitRequest     1 domain, 2 descriptors
//   RateLimitDescriptor  1 entries {1 key, 2 value}, 3 hits_addend {1 value}
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";

const LENGTH_DELIMITED: u32 = 2;
const RULE = Bytes.constant("rule");
const LIMIT = Bytes.constant("limit");
const KEY = Bytes.constant("key");
const OWN = Bytes.constant("own");

const entries = new ByteBuffer(256);
const value = new ByteBuffer(64);

/** Begins a request. */
export function beginRequest(out: ByteBuffer, domain: Bytes): void {
  text(out.clear(), 1, domain);
}

/**
 * Adds a descriptor: which rule, its own limit (-1) or which override (from 0), and whose bucket. `hits` is how much is taken;
 * 0 asks only.
 */
export function addDescriptor(out: ByteBuffer, rule: Bytes, index: i32, high: u64, low: u64, hits: u64): void {
  entries.clear();
  entry(RULE, rule);
  entry(LIMIT, index < 0 ? OWN : value.clear().i64(index).view());
  entry(KEY, value.clear().hex64(high).hex64(low).view());
  value.clear();
  if (hits > 0) varint(tag(value, 1, 0), hits);
  tag(entries, 3, LENGTH_DELIMITED);
  varint(entries, value.length).add(value.view());
  tag(out, 2, LENGTH_DELIMITED);
  varint(out, entries.length).add(entries.view());
}

function entry(key: Bytes, what: Bytes): void {
  tag(entries, 1, LENGTH_DELIMITED);
  varint(entries, 2 + varintSize(key.length) + key.length + varintSize(what.length) + what.length);
  text(entries, 1, key);
  text(entries, 2, what);
}

function text(out: ByteBuffer, field: u32, bytes: Bytes): void {
  tag(out, field, LENGTH_DELIMITED);
  varint(out, bytes.length).add(bytes);
}

function tag(out: ByteBuffer, field: u32, wire: u32): ByteBuffer {
  return varint(out, (field << 3) | wire);
}

function varint(out: ByteBuffer, rest: u64): ByteBuffer {
  while (rest >= 0x80) {
    out.byte(<u8>(rest | 0x80));
    rest >>= 7;
  }
  return out.byte(<u8>rest);
}

function varintSize(rest: u64): i32 {
  let size = 1;
  for (; rest >= 0x80; rest >>= 7) size++;
  return size;
}

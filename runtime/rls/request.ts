// Questions to Envoy's rate limit service: protobuf of envoy.service.ratelimit.v3, as much of it as is used. Pure.
//
//   RateLimitRequest     1 domain, 2 descriptors
//   RateLimitDescriptor  1 entries {1 key, 2 value}, 3 hits_addend {1 value}
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";

const LENGTH_DELIMITED: u32 = 2;

const entries = new ByteBuffer(256);
const value = new ByteBuffer(16);

/** Begins a request. */
export function beginRequest(out: ByteBuffer, domain: Bytes): void {
  entries.clear();
  text(out.clear(), 1, domain);
}

/** Adds an entry to the next descriptor. */
export function addEntry(key: Bytes, what: Bytes): void {
  tag(entries, 1, LENGTH_DELIMITED);
  varint(entries, 2 + varintSize(key.length) + key.length + varintSize(what.length) + what.length);
  text(entries, 1, key);
  text(entries, 2, what);
}

/** Adds the descriptor of all entries since the last one. `hits` is how much is taken; 0 asks only. */
export function endDescriptor(out: ByteBuffer, hits: u64): void {
  value.clear();
  if (hits > 0) varint(tag(value, 1, 0), hits);
  tag(entries, 3, LENGTH_DELIMITED);
  varint(entries, value.length).add(value.view());
  tag(out, 2, LENGTH_DELIMITED);
  varint(out, entries.length).add(entries.view());
  entries.clear();
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

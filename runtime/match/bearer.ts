// Tells callers apart by their credential without ever keeping it: a keyed hash, HMAC-SHA256 cut to 128 bits.
import { arenaAlloc } from "../bytes/arena";
import { Bytes, lowerAscii } from "../bytes/bytes";
import { sipHash128 } from "../bytes/siphash";
import { HMAC_KEY_SIZE, hmacPrepare, hmacSha256, SHA256_SIZE } from "../bytes/sha256";
import { Text } from "../config/text";
import { Facts } from "./facts";

/** Hexadecimal digits of a caller's hash. */
export const BEARER_DIGITS: i32 = 32;

/** Callers whose digits are remembered by a fast hash of their credential: the slow one is for those who come anew. */
const RECENT: usize = 64;
const RECENT_BYTES: usize = 16 + 32;
const fingerprint: usize = memory.data(16, 8);

const AUTHORIZATION: Bytes = Bytes.constant("authorization");
const API_KEYS: Bytes[] = [Bytes.constant("x-api-key"), Bytes.constant("api-key"), Bytes.constant("x-goog-api-key")];
const SCHEME: Bytes = Bytes.constant("bearer");

/**
 * The hash under one configured key. `openssl dgst -sha256 -hmac KEY` of the credential prints the same digits (twice
 * as many; the first half is used).
 */
@final
export class BearerHash {
  private readonly prepared: ArrayBuffer = new ArrayBuffer(HMAC_KEY_SIZE);
  private readonly digest: ArrayBuffer = new ArrayBuffer(SHA256_SIZE);
  private readonly recent: ArrayBuffer = new ArrayBuffer(<i32>(RECENT * RECENT_BYTES));

  constructor(key: string) {
    const text = new Text(key);
    hmacPrepare(text.bytes.ptr, text.bytes.length, changetype<usize>(this.prepared));
  }

  /** The caller's hash as 32 lower-case hexadecimal digits in the arena; absent when the call has no credential. */
  of(facts: Facts): Bytes {
    const secret = credential(facts);
    if (secret.isEmpty) return Bytes.absent();
    const prepared = changetype<usize>(this.prepared);
    sipHash128(load<u64>(prepared), load<u64>(prepared, 8), secret.ptr, secret.length, fingerprint);
    const high = load<u64>(fingerprint);
    const low = load<u64>(fingerprint, 8);
    const place = changetype<usize>(this.recent) + (<usize>low % RECENT) * RECENT_BYTES;
    const known = place + 16;
    if (load<u64>(place) != high || load<u64>(place, 8) != low) {
      store<u64>(place, high);
      store<u64>(place, low, 8);
      this.hash(secret, known);
    }
    const out = arenaAlloc(<usize>BEARER_DIGITS);
    memory.copy(out, known, <usize>BEARER_DIGITS);
    return Bytes.view(out, BEARER_DIGITS);
  }

  /** Writes the digits. */
  private hash(secret: Bytes, out: usize): void {
    const digest = changetype<usize>(this.digest);
    hmacSha256(changetype<usize>(this.prepared), secret.ptr, secret.length, digest);
    for (let i = 0; i < BEARER_DIGITS; i++) {
      const byte = load<u8>(digest + <usize>(i >> 1));
      const digit = i & 1 ? byte & 15 : byte >> 4;
      store<u8>(out + <usize>i, digit < 10 ? 0x30 + digit : 0x57 + digit);
    }
  }
}

/** The bearer token, else the whole `authorization`, else an API key header; empty or absent when there is none. */
function credential(facts: Facts): Bytes {
  const value = facts.header(AUTHORIZATION).trim();
  if (!value.isEmpty) return hasScheme(value) ? value.slice(SCHEME.length + 1).trim() : value;
  for (let i = 0, k = API_KEYS.length; i < k; i++) {
    const key = facts.header(API_KEYS[i]).trim();
    if (!key.isEmpty) return key;
  }
  return Bytes.absent();
}

function hasScheme(value: Bytes): bool {
  if (value.at(SCHEME.length) != 0x20) return false;
  for (let i = 0; i < SCHEME.length; i++) if (lowerAscii(value.at(i)) != SCHEME.at(i)) return false;
  return true;
}

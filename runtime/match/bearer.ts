// Tells callers apart by their credential without ever keeping it: a keyed hash, HMAC-SHA256 cut to 128 bits.
import { arenaAlloc } from "../bytes/arena";
import { Bytes, lowerAscii } from "../bytes/bytes";
import { HMAC_KEY_SIZE, hmacPrepare, hmacSha256, SHA256_SIZE } from "../bytes/sha256";
import { Text } from "../config/text";
import { Facts } from "./facts";

/** Hexadecimal digits of a caller's hash. */
export const BEARER_DIGITS: i32 = 32;

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

  constructor(key: string) {
    const text = new Text(key);
    hmacPrepare(text.bytes.ptr, text.bytes.length, changetype<usize>(this.prepared));
  }

  /** The caller's hash as 32 lower-case hexadecimal digits in the arena; absent when the call has no credential. */
  of(facts: Facts): Bytes {
    const secret = credential(facts);
    if (secret.isEmpty) return Bytes.absent();
    const digest = changetype<usize>(this.digest);
    hmacSha256(changetype<usize>(this.prepared), secret.ptr, secret.length, digest);
    const out = arenaAlloc(<usize>BEARER_DIGITS);
    for (let i = 0; i < BEARER_DIGITS; i++) {
      const byte = load<u8>(digest + <usize>(i >> 1));
      const digit = i & 1 ? byte & 15 : byte >> 4;
      store<u8>(out + <usize>i, digit < 10 ? 0x30 + digit : 0x57 + digit);
    }
    return Bytes.view(out, BEARER_DIGITS);
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

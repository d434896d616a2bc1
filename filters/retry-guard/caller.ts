// Who calls, as 32 bytes that nobody else has: no repeat is ever compared with another caller's call.
import { CallFacts } from "../../runtime/ai/call-facts";
import { Bytes } from "../../runtime/bytes/bytes";
import { sha256Final, sha256Init, sha256Update } from "../../runtime/bytes/sha256";
import { ipAddress } from "../../runtime/match/address";
import { Consumer } from "../../runtime/match/consumers";

const state: usize = memory.data(112, 8); // SHA256_STATE_SIZE
const kind: usize = memory.data(8);

/** What tells callers apart, strongest first. */
const enum CallerKind {
  Entry = 1,
  Credential = 2,
  Address = 3,
}

/**
 * Writes SHA-256 of the caller's identity to `out`: the entry of the consumer table, else the credential's hash, else the
 * peer's address. Answers whether it is an identity at all; an address is none. Within the request's headers callback.
 */
export function hashCaller(entry: Consumer | null, facts: CallFacts, out: usize): bool {
  if (entry) return hash(CallerKind.Entry, entry.name.bytes, out);
  const bearer = facts.bearer();
  if (bearer.isPresent) return hash(CallerKind.Credential, bearer, out);
  hash(CallerKind.Address, ipAddress(facts.sourceAddress()), out);
  return false;
}

function hash(by: CallerKind, text: Bytes, out: usize): bool {
  store<u8>(kind, <u8>by);
  sha256Init(state);
  sha256Update(state, kind, 1);
  sha256Update(state, text.ptr, text.length);
  sha256Final(state, out);
  return true;
}

// The secret under which keys of tables are hashed, so that nobody can choose keys that fall into one group.
import { Bytes } from "../bytes/bytes";
import { sipHash128 } from "../bytes/siphash";
import { readNanos } from "../host/clock";
import { createShared, readShared } from "./cas";

const KEY = Bytes.constant("sluice/secret");
const SECRET_BYTES: i32 = 16;
const secret = Bytes.constant("................");
const seed = memory.data(16, 8);
let isKnown: bool = false;

/** The two words of the key, one for the whole process: the VM that comes first makes it. At configure time. */
export function openSecret(): void {
  if (isKnown) return;
  store<u64>(seed, readNanos());
  store<u64>(seed, readNanos(), 8);
  sipHash128(load<u64>(seed), load<u64>(seed, 8), seed, 16, secret.ptr);
  createShared(KEY, secret);
  const found = readShared(KEY);
  isKnown = found.length == SECRET_BYTES;
  // A host that failed: all VMs go on with the same words, and try again at the next configuration.
  if (isKnown) memory.copy(secret.ptr, found.ptr, SECRET_BYTES);
  else memory.fill(secret.ptr, 0, SECRET_BYTES);
}

/** The first word; `openSecret` comes before. */
export function secretHigh(): u64 {
  return load<u64>(secret.ptr);
}

/** The second word. */
export function secretLow(): u64 {
  return load<u64>(secret.ptr, 8);
}

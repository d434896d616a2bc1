// Which wrong configurations of a plugin were taken, to pass everything through: they are taken again for good.
//
// Envoy asks a canary VM once for each configuration and keeps the answer. A worker's VM that answers otherwise later, when
// a good configuration is in use, fails: with it every plugin that lives in it.
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";
import { sipHash128 } from "../bytes/siphash";
import { Text } from "../config/text";
import { Change, changeShared, Outcome, readShared } from "../state/cas";

const MOST: i32 = 32;
const HASH_BYTES: i32 = 8;
const hashed = memory.data(16, 8);

/** The wrong configurations of one plugin that were taken, the last 32 of them. */
export class PassedConfigs {
  private key: Text = new Text("");

  /** Names the plugin: the name of its filter in the chain. */
  open(module: string, plugin: Bytes): void {
    this.key = new Text("sluice/passed/" + module + "/" + plugin.toText());
  }

  /** Whether this very text was taken before. */
  has(text: Bytes): bool {
    const found = readShared(this.key.bytes);
    const hash = hashOf(text);
    for (let at = 0; at + HASH_BYTES <= found.length; at += HASH_BYTES) {
      if (load<u64>(found.ptr + <usize>at) == hash) return true;
    }
    return false;
  }

  /** This text is taken. */
  add(text: Bytes): bool {
    addition.hash = hashOf(text);
    return changeShared(this.key.bytes, addition) == Outcome.Written;
  }
}

/** Puts a hash behind the others; the oldest goes. */
class Addition extends Change {
  hash: u64 = 0;
  private readonly next: ByteBuffer = new ByteBuffer(MOST * HASH_BYTES);

  apply(found: Bytes): Bytes {
    const kept = found.slice(max(0, found.length - (MOST - 1) * HASH_BYTES));
    const next = this.next.clear().add(kept);
    for (let shift = 0; shift < 64; shift += 8) next.byte(<u8>(this.hash >> shift));
    return next.view();
  }
}

const addition = new Addition();

function hashOf(text: Bytes): u64 {
  sipHash128(0, 0, text.ptr, text.length, hashed);
  return load<u64>(hashed);
}

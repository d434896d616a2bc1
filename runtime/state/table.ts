// A bounded table in shared data: one slot for each key, found by its 128-bit hash, changed by compare-and-swap.
//
// The host has no delete and no listing, so there are always the same 4096 keys, `sluice/INSTANCE/TABLE/vF-L/GGG`, each
// the packed slots whose hashes end in GGG. A change is one get and one set. A key that is new takes a place of
// those that `maxKeys` allows (a count beside the groups), or the slot in its group that may be given up first.
import { Status } from "../abi/enums";
import { Bytes } from "../bytes/bytes";
import { Text } from "../config/text";
import { getShared, setShared } from "../host/shared-data";
import { createShared, didReadFail, MOST_TRIES, Outcome, readShared, versionRead } from "./cas";
import { addToCount, giveBackToCount, NO_COUNT, takeOfCount } from "./count";
import { HashSet } from "./hash-set";
import { GROUP_FORM, HASH_BYTES, SlotLayout } from "./slots";

/** Hexadecimal digits that number the groups: 4096 keys of shared data, beside the count. */
const USUAL_DIGITS: i32 = 3;
/** Slots of a group. 65536 keys are 16 in a group: more than 255 in one does not happen by chance. */
const MOST_SLOTS: i32 = 255;

/** One change of a slot. Keep one object per kind of change and set its fields before each use. */
export abstract class SlotChange {
  /**
   * Changes the payload in place; `isFresh`: the key was not there and its payload is zeros. False leaves the table as it
   * was. It runs once per try, on what is there at that time, and must not depend on an earlier run. No host calls.
   */
  abstract apply(payload: usize, isFresh: bool): bool;
}

/** Which slots may be given up for a new key. */
export abstract class Eviction {
  /** The highest goes first; a negative one stays. Compares slots of a group at one moment. No host calls. */
  abstract score(payload: usize): i64;
}

/** How the payloads looked before, for the first version that reads them. */
export abstract class Predecessor {
  constructor(readonly layout: SlotLayout) {}

  /** Writes what an old payload means to a new one, which is zeros. */
  abstract convert(from: usize, to: usize): void;
}

// The group that is being read or changed: the memory of all tables of the VM.
let work: usize = 0;
let workBytes: i32 = 0;
const view = Bytes.constant("");

/**
 * One table of one configuration. Made at configure time; a later configuration with the same names goes on with it. A
 * lower `maxKeys` than before ends growth, it takes no slot away.
 */
export class Table {
  /** What became of the last `find`: `Kept` or `HostFault`. */
  found: Outcome = Outcome.Kept;
  private readonly prefix: Text;
  private readonly countKey: Text;
  private oldPrefix: Text | null = null;
  private readonly reserved: HashSet = new HashSet();
  private readonly presence: Presence = new Presence();
  // Of the change that is under way: what the group was read as, its size afterwards, a place taken and not used yet.
  private version: u32 = 0;
  private size: i32 = 0;
  private holdsPlace: bool = false;
  private isFull: bool = false;
  private misses: u32 = 0;

  constructor(
    private readonly instance: string,
    private readonly name: string,
    private readonly layout: SlotLayout,
    private readonly maxKeys: i32,
    private readonly eviction: Eviction,
    private readonly predecessor: Predecessor | null = null,
    private readonly digits: i32 = USUAL_DIGITS,
  ) {
    const zeros = "0".repeat(digits);
    this.prefix = new Text(folder(instance, name, layout) + zeros);
    this.countKey = new Text(folder(instance, name, layout) + "keys");
    if (predecessor) this.oldPrefix = new Text(folder(instance, name, predecessor.layout) + zeros);
  }

  /** Makes it ready. Before the first use, once a configuration was found to be good. */
  open(): void {
    const bytes = this.layout.groupBytes(MOST_SLOTS + 1);
    if (bytes > workBytes) {
      if (work) heap.free(work);
      work = heap.alloc(bytes);
      workBytes = bytes;
    }
    const before = this.predecessor;
    if (!before) return;
    const oldCountKey = new Text(folder(this.instance, this.name, before.layout) + "keys");
    const oldCount = getShared(oldCountKey.bytes);
    if (oldCount.length == 8) createShared(this.countKey.bytes, oldCount);
  }

  /** Gives a key of the configuration its slot for as long as this configuration lives. At configure time. */
  reserve(high: u64, low: u64): Outcome {
    this.reserved.add(high, low);
    return this.change(high, low, this.presence);
  }

  /** The payload of a key, to be read before the next use of any table; 0 when there is none. One host call. */
  find(high: u64, low: u64): usize {
    const count = this.readGroup(low);
    this.found = count < 0 ? Outcome.HostFault : Outcome.Kept;
    if (count < 0) return 0;
    const index = this.layout.find(work, count, high, low);
    return index < 0 ? 0 : this.layout.payload(work, index);
  }

  /** Changes the payload of a key. Two host calls, for a key that takes a new place four. */
  change(high: u64, low: u64, change: SlotChange): Outcome {
    this.holdsPlace = false;
    let outcome = Outcome.Contended;
    for (let tries = 0; tries < MOST_TRIES && outcome == Outcome.Contended; tries++) {
      outcome = this.attempt(high, low, change);
    }
    if (this.holdsPlace) giveBackToCount(this.countKey.bytes);
    return outcome;
  }

  private attempt(high: u64, low: u64, change: SlotChange): Outcome {
    const layout = this.layout;
    const count = this.readGroup(low);
    if (count < 0) return Outcome.HostFault;
    const version = this.version;
    const known = layout.find(work, count, high, low);
    const index = known < 0 ? count : known;
    if (known < 0) layout.reset(work, index, high, low);
    if (!change.apply(layout.payload(work, index), known < 0)) return Outcome.Kept;
    this.size = count;
    if (known < 0) {
      const room = this.makeRoom(high, low, count);
      if (room != Outcome.Written) return room;
    }
    layout.setCount(work, this.size);
    view.ptr = work;
    view.length = layout.groupBytes(this.size);
    const status = setShared(this.keyOf(this.prefix, low), view, version);
    if (status == Status.CasMismatch) return Outcome.Contended;
    if (status != Status.Ok) return Outcome.HostFault;
    if (this.size > count) this.holdsPlace = false;
    return Outcome.Written;
  }

  /** Reads the group of a hash into `work`. How many slots it has, -1 when the host fails. */
  private readGroup(low: u64): i32 {
    if (!work) return -1;
    const group = readShared(this.keyOf(this.prefix, low), work, workBytes);
    if (didReadFail()) return -1;
    this.version = versionRead();
    if (!group.isPresent) return this.adopt(low);
    const count = this.layout.countIn(group);
    // Other layouts have other keys: what is here and not of ours is of no use to anybody.
    return group.ptr == work ? min(max(count, 0), MOST_SLOTS) : 0;
  }

  /** Puts what the version before this one left of a group into `work`. Nothing is written until the group is changed. */
  private adopt(low: u64): i32 {
    const before = this.predecessor;
    const prefix = this.oldPrefix;
    if (!before || !prefix) return 0;
    const old = getShared(this.keyOf(prefix, low));
    if (didReadFail()) return -1;
    const count = min(before.layout.countIn(old), MOST_SLOTS);
    for (let i = 0; i < count; i++) {
      const slot = before.layout.slot(old.ptr, i);
      this.layout.reset(work, i, load<u64>(slot), load<u64>(slot, 8));
      before.convert(slot + HASH_BYTES, this.layout.payload(work, i));
    }
    return max(count, 0);
  }

  /** Finds room for the new slot behind `count` others: a place of its own, else that of one that may go. */
  private makeRoom(high: u64, low: u64, count: i32): Outcome {
    const canGrow = count < MOST_SLOTS;
    if (canGrow && !this.holdsPlace) {
      const taken = this.takePlace();
      if (taken == Outcome.HostFault || taken == Outcome.Contended) return taken;
      this.holdsPlace = taken == Outcome.Written;
    }
    if (canGrow && this.holdsPlace) {
      this.size = count + 1;
      return Outcome.Written;
    }
    const victim = this.victim(count);
    if (victim >= 0) {
      this.layout.copy(work, victim, count);
      return Outcome.Written;
    }
    // A key of the configuration gets its slot also where callers came first.
    if (!canGrow || !this.reserved.has(high, low)) return this.isUnchanged(low) ? Outcome.Full : Outcome.Contended;
    if (addToCount(this.countKey.bytes, 1) == NO_COUNT) return Outcome.HostFault;
    this.holdsPlace = true;
    this.size = count + 1;
    return Outcome.Written;
  }

  /** The key of the group of a hash: the prefix with its digits put in. */
  private keyOf(prefix: Text, low: u64): Bytes {
    const key = prefix.bytes;
    const first = key.length - this.digits;
    let rest = low;
    for (let i = key.length - 1; i >= first; i--) {
      const digit = <u8>(rest & 15);
      store<u8>(key.ptr + <usize>i, digit < 10 ? 0x30 + digit : 0x57 + digit);
      rest >>= 4;
    }
    return key;
  }

  /** Whether the group is still as it was read: else another worker may have taken the last place for this very key. */
  private isUnchanged(low: u64): bool {
    readShared(this.keyOf(this.prefix, low), work, workBytes);
    return didReadFail() || versionRead() == this.version;
  }

  /** Takes one of the places that `maxKeys` allows. Once there was none it asks again only now and then. */
  private takePlace(): Outcome {
    if (this.isFull && (++this.misses & 63) != 0) return Outcome.Kept;
    const taken = takeOfCount(this.countKey.bytes, this.maxKeys);
    this.isFull = taken == Outcome.Kept;
    return taken;
  }

  /** The slot of the group in `work` that may be given up first, -1 when all stay. */
  private victim(count: i32): i32 {
    let best = -1;
    let bestScore: i64 = -1;
    for (let i = 0; i < count; i++) {
      const score = this.eviction.score(this.layout.payload(work, i));
      if (score <= bestScore) continue;
      const slot = this.layout.slot(work, i);
      if (this.reserved.count && this.reserved.has(load<u64>(slot), load<u64>(slot, 8))) continue;
      best = i;
      bestScore = score;
    }
    return best;
  }
}

/** Makes sure that a key of the configuration is there. */
class Presence extends SlotChange {
  apply(payload: usize, isFresh: bool): bool {
    return isFresh;
  }
}

function folder(instance: string, name: string, layout: SlotLayout): string {
  const version = "v" + GROUP_FORM.toString() + "-" + layout.version.toString();
  return "sluice/" + instance + "/" + name + "/" + version + "/";
}

// Changes to a held body, by place: what is cut out and what is put in.
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";

const MAX_EDITS = 4;

/** At most four changes of one body, kept in the order of their offsets, not overlapping. */
export class Edits {
  /** Number of changes. */
  count: i32 = 0;
  private readonly offsets: StaticArray<i32> = new StaticArray<i32>(MAX_EDITS);
  private readonly removals: StaticArray<i32> = new StaticArray<i32>(MAX_EDITS);
  private readonly starts: StaticArray<i32> = new StaticArray<i32>(MAX_EDITS);
  private readonly lengths: StaticArray<i32> = new StaticArray<i32>(MAX_EDITS);
  private readonly texts: ByteBuffer = new ByteBuffer(64);

  /** Ends its memory. */
  free(): void {
    this.texts.free();
  }

  /** Forgets all changes. */
  clear(): void {
    this.count = 0;
    this.texts.clear();
  }

  /** Replaces `remove` bytes at `offset` (from the body's start) by `insert`. False for one too many or one that overlaps. */
  add(offset: i32, remove: i32, insert: Bytes): bool {
    if (this.count == MAX_EDITS || offset < 0 || remove < 0) return false;
    let at = this.count;
    while (at > 0 && this.offset(at - 1) > offset) at--;
    if (at > 0 && this.offset(at - 1) + this.removed(at - 1) > offset) return false;
    if (at < this.count && offset + remove > this.offset(at)) return false;
    for (let i = this.count; i > at; i--) this.copy(i, i - 1);
    unchecked((this.offsets[at] = offset));
    unchecked((this.removals[at] = remove));
    unchecked((this.starts[at] = this.texts.length));
    unchecked((this.lengths[at] = insert.length));
    this.texts.add(insert);
    this.count++;
    return true;
  }

  /** By how many bytes the body grows; negative when it shrinks. */
  get growth(): i32 {
    let growth = 0;
    for (let i = 0; i < this.count; i++) growth += this.insertedLength(i) - this.removed(i);
    return growth;
  }


  @inline offset(index: i32): i32 {
    return unchecked(this.offsets[index]);
  }


  @inline removed(index: i32): i32 {
    return unchecked(this.removals[index]);
  }


  @inline inserted(index: i32): usize {
    return this.texts.ptr + <usize>unchecked(this.starts[index]);
  }


  @inline insertedLength(index: i32): i32 {
    return unchecked(this.lengths[index]);
  }

  private copy(to: i32, from: i32): void {
    unchecked((this.offsets[to] = this.offsets[from]));
    unchecked((this.removals[to] = this.removals[from]));
    unchecked((this.starts[to] = this.starts[from]));
    unchecked((this.lengths[to] = this.lengths[from]));
  }
}

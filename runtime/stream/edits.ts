// Changes to a held body, by place: what is cut out and what is put in.
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";

const MAX_EDITS = 4;

/** At most four changes of one body, in the order of their offsets, not overlapping. */
export class Edits {
  /** Number of changes. */
  count: i32 = 0;
  private readonly offsets: StaticArray<i32> = new StaticArray<i32>(MAX_EDITS);
  private readonly removals: StaticArray<i32> = new StaticArray<i32>(MAX_EDITS);
  private readonly starts: StaticArray<i32> = new StaticArray<i32>(MAX_EDITS);
  private readonly lengths: StaticArray<i32> = new StaticArray<i32>(MAX_EDITS);
  private readonly texts: ByteBuffer = new ByteBuffer(64);

  /** Forgets all changes. */
  clear(): void {
    this.count = 0;
    this.texts.clear();
  }

  /** Replaces `remove` bytes at `offset` (from the body's start) by `insert`. False for one too many or out of order. */
  add(offset: i32, remove: i32, insert: Bytes): bool {
    const last = this.count - 1;
    if (this.count == MAX_EDITS || offset < 0 || remove < 0) return false;
    if (last >= 0 && offset < this.offset(last) + this.removed(last)) return false;
    unchecked((this.offsets[this.count] = offset));
    unchecked((this.removals[this.count] = remove));
    unchecked((this.starts[this.count] = this.texts.length));
    unchecked((this.lengths[this.count] = insert.length));
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
}

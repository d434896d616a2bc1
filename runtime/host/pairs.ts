// The ABI's form of header pairs: count, the sizes of each name and value, then the texts, each ended by 0.
import { Bytes } from "../bytes/bytes";
import { ByteBuffer } from "../bytes/buffer";

/** Number of pairs; 0 for bytes that are no pairs. */
export function pairCount(pairs: Bytes): i32 {
  if (pairs.length < 4) return 0;
  const count = load<i32>(pairs.ptr);
  return count >= 0 && count <= (pairs.length - 4) / 8 ? count : 0;
}

/** Walks over pairs: `while (reader.next()) use(reader.name, reader.value)`. One for the whole module. */
class PairReader {
  private nameView: Bytes = changetype<Bytes>(heap.alloc(offsetof<Bytes>()));
  private valueView: Bytes = changetype<Bytes>(heap.alloc(offsetof<Bytes>()));
  private sizes: usize = 0;
  private text: usize = 0;
  private end: usize = 0;
  private left: i32 = 0;

  /** Begins at the first pair. */
  open(pairs: Bytes): void {
    this.left = pairCount(pairs);
    this.sizes = pairs.ptr + 4;
    this.text = this.sizes + <usize>this.left * 8;
    this.end = pairs.ptr + <usize>pairs.length;
  }

  /** Moves to the next pair; false at the end, or where the bytes are cut. */
  next(): bool {
    if (this.left <= 0) return false;
    this.left--;
    const nameSize = load<u32>(this.sizes);
    const valueSize = load<u32>(this.sizes, 4);
    this.sizes += 8;
    if (<u64>nameSize + <u64>valueSize + 2 > <u64>(this.end - this.text)) {
      this.left = 0;
      return false;
    }
    this.nameView.ptr = this.text;
    this.nameView.length = nameSize;
    this.valueView.ptr = this.text + nameSize + 1;
    this.valueView.length = valueSize;
    this.text += nameSize + valueSize + 2;
    return true;
  }

  /** The name of this pair, valid until the next `next`. */
  get name(): Bytes {
    return this.nameView;
  }

  /** The value of this pair, valid until the next `next`. */
  get value(): Bytes {
    return this.valueView;
  }
}

export const pairReader = new PairReader();

/** Puts pairs together for a local reply or a call: `clear`, `add` each, `finish`. */
export class PairWriter {
  private readonly texts: ByteBuffer = new ByteBuffer(256);
  private readonly sizes: ByteBuffer = new ByteBuffer(64);
  private readonly out: ByteBuffer = new ByteBuffer(256);
  private count: u32 = 0;

  clear(): this {
    this.texts.clear();
    this.sizes.clear();
    this.count = 0;
    return this;
  }

  add(name: Bytes, value: Bytes): this {
    this.texts.add(name).byte(0).add(value).byte(0);
    this.u32(this.sizes, name.length);
    this.u32(this.sizes, value.length);
    this.count++;
    return this;
  }

  /** The finished bytes, valid until the writer is used again; empty without pairs. */
  finish(): Bytes {
    if (!this.count) return Bytes.empty();
    this.out.clear();
    this.u32(this.out, this.count);
    return this.out.add(this.sizes.view()).add(this.texts.view()).view();
  }

  private u32(buffer: ByteBuffer, value: u32): void {
    buffer
      .byte(<u8>value)
      .byte(<u8>(value >> 8))
      .byte(<u8>(value >> 16))
      .byte(<u8>(value >> 24));
  }
}

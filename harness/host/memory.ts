// A VM's linear memory: bounds-checked reads and writes, allocation through the module.
import type { BodyBuffer } from "./body-buffer.ts";
import { pairsSize, writePairs } from "./pairs.ts";
import { Status } from "./status.ts";

/** Reads and writes a VM's memory. Pointers are taken as unsigned. */
export class VmMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #allocate: (size: number) => number;
  #bytes = new Uint8Array(0);

  /** `allocate` answers a pointer to `size` bytes inside the VM, or 0. */
  constructor(memory: WebAssembly.Memory, allocate: (size: number) => number) {
    this.#memory = memory;
    this.#allocate = allocate;
  }

  /** All memory. Good until the VM runs next. */
  get bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.#memory.buffer) this.#bytes = new Uint8Array(this.#memory.buffer);
    return this.#bytes;
  }

  /** Size of the linear memory. */
  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** A view of a range, good until the VM runs next; undefined where it is out of bounds. */
  view(pointer: number, size: number): Uint8Array | undefined {
    const from = pointer >>> 0;
    const to = from + (size >>> 0);
    const bytes = this.bytes;
    return to > bytes.length ? undefined : bytes.subarray(from, to);
  }

  /** A copy of a range. */
  copy(pointer: number, size: number): Uint8Array | undefined {
    return this.view(pointer, size)?.slice();
  }

  /** A range as byte string. */
  text(pointer: number, size: number): string | undefined {
    const from = pointer >>> 0;
    const to = from + (size >>> 0);
    const bytes = this.bytes;
    if (to > bytes.length) return undefined;
    let text = "";
    for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] as number);
    return text;
  }

  setU32(pointer: number, value: number): boolean {
    const at = pointer >>> 0;
    const bytes = this.bytes;
    if (at + 4 > bytes.length) return false;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    return true;
  }

  setU64(pointer: number, value: bigint): boolean {
    const low = Number(value & 0xffffffffn);
    return this.setU32(pointer, low) && this.setU32((pointer >>> 0) + 4, Number((value >> 32n) & 0xffffffffn));
  }

  /** Allocates and writes a byte string, then its place: what every call that answers bytes does. */
  answerText(text: string, pointerOut: number, sizeOut: number): number {
    const pointer = this.#reserve(text.length);
    if (pointer < 0) return Status.InvalidMemoryAccess;
    const bytes = this.bytes;
    for (let i = 0; i < text.length; i++) bytes[pointer + i] = text.charCodeAt(i);
    return this.#answer(pointer, text.length, pointerOut, sizeOut);
  }

  answerBytes(data: Uint8Array, pointerOut: number, sizeOut: number): number {
    const pointer = this.#reserve(data.length);
    if (pointer < 0) return Status.InvalidMemoryAccess;
    this.bytes.set(data, pointer);
    return this.#answer(pointer, data.length, pointerOut, sizeOut);
  }

  answerBuffer(data: BodyBuffer, start: number, count: number, pointerOut: number, sizeOut: number): number {
    const pointer = this.#reserve(count);
    if (pointer < 0) return Status.InvalidMemoryAccess;
    data.copyTo(this.bytes, pointer, start, count);
    return this.#answer(pointer, count, pointerOut, sizeOut);
  }

  answerPairs(names: readonly string[], values: readonly string[], pointerOut: number, sizeOut: number): number {
    if (names.length === 0) return this.#answer(0, 0, pointerOut, sizeOut);
    const size = pairsSize(names, values);
    const pointer = this.#reserve(size);
    if (pointer < 0) return Status.InvalidMemoryAccess;
    writePairs(names, values, this.bytes, pointer);
    return this.#answer(pointer, size, pointerOut, sizeOut);
  }

  // A pointer; 0 for no bytes; -1 where there is no memory.
  #reserve(size: number): number {
    if (size === 0) return 0;
    const pointer = this.#allocate(size) >>> 0;
    return pointer === 0 || pointer + size > this.bytes.length ? -1 : pointer;
  }

  #answer(pointer: number, size: number, pointerOut: number, sizeOut: number): number {
    return this.setU32(pointerOut, pointer) && this.setU32(sizeOut, size) ? Status.Ok : Status.InvalidMemoryAccess;
  }
}

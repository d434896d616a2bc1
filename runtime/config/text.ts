// A configured text as UTF-8 bytes that live exactly as long as the configuration that holds it.
import { Bytes } from "../bytes/bytes";

/**
 * Owns the bytes of one configured text. Unlike `Bytes.constant` it is managed: when a configuration is replaced and
 * nothing refers to the text any more, a collection frees it. Made at configure time only.
 */
@final
export class Text {
  // A `Bytes` followed by the bytes themselves, in one block, so that `bytes` costs nothing.
  private readonly memory: ArrayBuffer;

  constructor(text: string) {
    const size = String.UTF8.byteLength(text);
    const memory = new ArrayBuffer(<i32>offsetof<Bytes>() + size);
    const view = changetype<Bytes>(memory);
    view.ptr = changetype<usize>(memory) + offsetof<Bytes>();
    view.length = size;
    String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, view.ptr);
    this.memory = memory;
  }

  /** The bytes, valid as long as this text is referred to. Costs nothing. */
  @inline get bytes(): Bytes {
    return changetype<Bytes>(this.memory);
  }

  /** The text as a string, for error lines. */
  toString(): string {
    return this.bytes.toText();
  }
}

// Finds the context that a number of the host means: open addressing, linear probing, no deletion marks.
import { StreamContext } from "./context";

/** Maps context ids to streams. Grows by doubling; ids are never 0. */
export class ContextTable {
  private ids: StaticArray<u32> = new StaticArray<u32>(256);
  private streams: StaticArray<StreamContext | null> = new StaticArray<StreamContext | null>(256);
  private used: i32 = 0;

  /** The stream of an id, or null. */
  get(id: u32): StreamContext | null {
    const mask = this.ids.length - 1;
    let i = this.home(id);
    while (unchecked(this.ids[i]) != id) {
      if (unchecked(this.ids[i]) == 0) return null;
      i = (i + 1) & mask;
    }
    return unchecked(this.streams[i]);
  }

  /** Adds a stream under an id that is not there yet. */
  set(id: u32, stream: StreamContext): void {
    if (this.used * 4 >= this.ids.length * 3) this.grow();
    this.insert(id, stream);
    this.used++;
  }

  /** Removes an id; a missing one is no fault. */
  delete(id: u32): void {
    const mask = this.ids.length - 1;
    let hole = this.home(id);
    while (unchecked(this.ids[hole]) != id) {
      if (unchecked(this.ids[hole]) == 0) return;
      hole = (hole + 1) & mask;
    }
    this.used--;
    // Move later entries of the same run back, so that no probe meets a gap before its entry.
    for (let next = (hole + 1) & mask; ; next = (next + 1) & mask) {
      const at = unchecked(this.ids[next]);
      if (at == 0) break;
      if (((next - this.home(at)) & mask) >= ((next - hole) & mask)) {
        unchecked((this.ids[hole] = at));
        unchecked((this.streams[hole] = this.streams[next]));
        hole = next;
      }
    }
    unchecked((this.ids[hole] = 0));
    unchecked((this.streams[hole] = null));
  }


  @inline private home(id: u32): i32 {
    return ((id * 0x9e3779b1) >> 7) & (this.ids.length - 1);
  }

  private insert(id: u32, stream: StreamContext): void {
    const mask = this.ids.length - 1;
    let i = this.home(id);
    while (unchecked(this.ids[i]) != 0) i = (i + 1) & mask;
    unchecked((this.ids[i] = id));
    unchecked((this.streams[i] = stream));
  }

  private grow(): void {
    const ids = this.ids;
    const streams = this.streams;
    this.ids = new StaticArray<u32>(ids.length * 2);
    this.streams = new StaticArray<StreamContext | null>(ids.length * 2);
    for (let i = 0; i < ids.length; i++) {
      const stream = unchecked(streams[i]);
      if (stream) this.insert(unchecked(ids[i]), stream);
    }
  }
}

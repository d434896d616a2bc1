// Shared data: one map per vm_id for the whole process, with compare-and-swap.
import { Status } from "./status.ts";

/** A value and the number of the write that put it there. */
export interface SharedValue {
  value: Uint8Array;
  cas: number;
}

/** The process's shared data. Keys are byte strings. */
export class SharedData {
  readonly #maps = new Map<string, Map<string, SharedValue>>();
  #lastCas = 0;

  get(vmId: string, key: string): SharedValue | undefined {
    return this.#maps.get(vmId)?.get(key);
  }

  /**
   * Writes. `cas` 0 overwrites; another must equal the number of the value that is there; on a missing key any inserts.
   * `value` is kept: the caller must not change it.
   */
  set(vmId: string, key: string, value: Uint8Array, cas: number): number {
    let map = this.#maps.get(vmId);
    if (map === undefined) this.#maps.set(vmId, (map = new Map()));
    const old = map.get(key);
    if (old !== undefined && cas !== 0 && cas !== old.cas) return Status.CasMismatch;
    this.#lastCas = this.#lastCas === 0xffffffff ? 1 : this.#lastCas + 1;
    map.set(key, { value, cas: this.#lastCas });
    return Status.Ok;
  }

  /** Keys and values of one vm_id, for tests. */
  entries(vmId: string): [key: string, value: SharedValue][] {
    return [...(this.#maps.get(vmId) ?? [])];
  }

  /** Number of keys of one vm_id. */
  size(vmId: string): number {
    return this.#maps.get(vmId)?.size ?? 0;
  }
}

// How many good configurations of a plugin are live in the process: by it a wrong one is refused or passed through.
import { Status } from "../abi/enums";
import { Bytes } from "../bytes/bytes";
import { ByteBuffer } from "../bytes/buffer";
import { CREATE_ONLY, getShared, setShared, sharedCas } from "../host/shared-data";

const MAX_TRIES = 1000;
const value: Bytes = Bytes.constant("........");

/** Adds to a number in shared data, which begins at 0. The number afterwards, -1 when the host fails. */
export function addShared(key: Bytes, by: i64): i64 {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const found = getShared(key);
    const before = found.length == 8 ? load<i64>(found.ptr) : 0;
    store<i64>(value.ptr, before + by);
    const status = setShared(key, value, found.isPresent ? sharedCas() : CREATE_ONLY);
    if (status == Status.Ok) return before + by;
    if (status != Status.CasMismatch) return -1;
  }
  return -1;
}

/** One root's part in the count of its plugin, which all VMs of the process share. */
export class LiveRoots {
  private readonly key: ByteBuffer = new ByteBuffer(64, 512);
  private isCounted: bool = false;

  /** Names the plugin: the name of its filter in the chain. */
  open(module: string, plugin: Bytes): void {
    if (!this.isCounted) this.key.clear().text("sluice/live/" + module + "/").add(plugin);
  }

  /** Whether a good configuration of this plugin is live somewhere. */
  get isAny(): bool {
    const found = getShared(this.key.view());
    return found.length == 8 && load<i64>(found.ptr) > 0;
  }

  /** This root is one of them. */
  add(): void {
    if (this.isCounted) return;
    this.isCounted = addShared(this.key.view(), 1) >= 0;
  }

  /** It is no more. */
  remove(): void {
    if (!this.isCounted) return;
    addShared(this.key.view(), -1);
    this.isCounted = false;
  }
}

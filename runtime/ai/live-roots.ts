// Whether a good configuration of a plugin is in use in the process: by it a wrong one is refused or passed through.
import { Bytes } from "../bytes/bytes";
import { Text } from "../config/text";
import { nowNanos } from "../host/clock";
import { getShared, setShared } from "../host/shared-data";

/** Between two signs of life, and how long one holds. */
const BEAT_NANOS: u64 = 900_000_000;
const LIVE_NANOS: u64 = 3_000_000_000;
const value: Bytes = Bytes.constant("........");

/** Says that good configurations of a plugin are in use, to all VMs of the process. */
export class LiveRoots {
  private key: Text = new Text("");
  private beatenAt: u64 = 0;

  /** Names the plugin: the name of its filter in the chain. */
  open(module: string, plugin: Bytes): void {
    this.key = new Text("sluice/live/" + module + "/" + plugin.toText());
  }

  /** Whether a good configuration of this plugin is in use somewhere. */
  get isAny(): bool {
    const found = getShared(this.key.bytes);
    return found.length == 8 && isRecent(load<u64>(found.ptr));
  }

  /**
   * This root is one of them; from every tick. A count would not do: the canary VM in which Envoy tries a configuration,
   * and every VM that dies, go without a callback. Neither ticks.
   */
  beat(): void {
    const now = nowNanos();
    if (now >= this.beatenAt && now - this.beatenAt < BEAT_NANOS) return;
    this.beatenAt = now;
    store<u64>(value.ptr, now);
    setShared(this.key.bytes, value, 0);
  }
}

/** A clock that stepped back makes no dead one live for long. */
function isRecent(beat: u64): bool {
  const now = nowNanos();
  return now >= beat ? now - beat < LIVE_NANOS : beat - now < LIVE_NANOS;
}

// Which build runs with which configuration, and whether one of the configurations was wrong, as gauges.
import { MetricType } from "../abi/enums";
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";
import { Label, NONE } from "./labels";
import { Family } from "./series";
import { VERSION } from "./version";

const versions = new Label("version");
const version = versions.reserve(Bytes.constant(VERSION));
const hashes = new Label("config_hash");
const buildInfo = new Family(MetricType.Gauge, "sluice.build_info", [versions, hashes]);
const configInvalid = new Family(MetricType.Gauge, "sluice.config_invalid");
const text = new ByteBuffer(16);
const live: BuildInfo[] = [];

/** What one root says of itself. The root keeps one of these. All at configure time. */
export class BuildInfo {
  private hash: i32 = NONE;
  private isInvalid: bool = false;

  /** `module` is the filter's name. */
  constructor(readonly module: string) {}

  /** A good configuration is in use from now on. */
  publish(configHash: u64): void {
    this.withdraw();
    this.hash = hashes.reserve(configHashText(configHash));
    live.push(this);
    buildInfo.record(1, version, this.hash);
  }

  /** The configuration is wrong, and everything passes through. */
  publishInvalid(): void {
    this.withdraw();
    this.isInvalid = true;
    live.push(this);
    buildInfo.record(1, version, NONE);
    configInvalid.record(1);
  }

  /** The root is gone, or gets another configuration: what no other root of this VM says as well is taken back. */
  withdraw(): void {
    const at = live.indexOf(this);
    if (at < 0) return;
    live.splice(at, 1);
    if (!isSaid(this.hash)) buildInfo.record(0, version, this.hash);
    // Only who said 1 says 0: other modules and workers write the same gauge.
    if (this.isInvalid && !isAnyInvalid()) configInvalid.record(0);
    this.hash = NONE;
    this.isInvalid = false;
  }

  /** @internal */
  says(hash: i32): bool {
    return this.hash == hash;
  }

  /** @internal */
  get isPassive(): bool {
    return this.isInvalid;
  }
}

/** A configuration's hash as metrics, filter state and logs show it: 16 digits, valid until the next call. */
export function configHashText(hash: u64): Bytes {
  return text.clear().hex64(hash).view();
}

function isSaid(hash: i32): bool {
  for (let i = 0; i < live.length; i++) if (live[i].says(hash)) return true;
  return false;
}

function isAnyInvalid(): bool {
  for (let i = 0; i < live.length; i++) if (live[i].isPassive) return true;
  return false;
}

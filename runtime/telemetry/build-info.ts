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

/** What one root says of itself. The root keeps one of these. All at configure time. */
export class BuildInfo {
  private hash: i32 = NONE;
  private isInvalid: bool = false;
  private isSaid: bool = false;

  /** A good configuration is in use from now on. */
  publish(configHash: u64): void {
    this.withdraw();
    this.hash = hashes.reserve(configHashText(configHash));
    this.isSaid = true;
    this.repeat();
  }

  /** The configuration is wrong, and everything passes through. */
  publishInvalid(): void {
    this.withdraw();
    this.isInvalid = true;
    this.isSaid = true;
    this.repeat();
  }

  /** Says it again. Called with every tick: whoever goes takes the gauge back, whoever stays puts it up again. */
  repeat(): void {
    if (!this.isSaid) return;
    buildInfo.record(1, version, this.hash);
    if (this.isInvalid) configInvalid.record(1);
  }

  /** The root is gone, or gets another configuration. */
  withdraw(): void {
    if (!this.isSaid) return;
    buildInfo.record(0, version, this.hash);
    if (this.isInvalid) configInvalid.record(0);
    this.hash = NONE;
    this.isInvalid = false;
    this.isSaid = false;
  }
}

/** A configuration's hash as metrics, filter state and logs show it: 16 digits, valid until the next call. */
export function configHashText(hash: u64): Bytes {
  return text.clear().hex64(hash).view();
}

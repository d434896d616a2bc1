// Under which hash the state of a call's key is found, for keys of which the model may be known later than the rest.
//
// Whoever has state hashes with a secret of its own, made of the process's secret and an identity: two owners never share.
import { Bytes } from "../bytes/bytes";
import { sipHash128 } from "../bytes/siphash";
import { Text } from "../config/text";
import { Facts } from "../match/facts";
import { KeyKind, KeySpec } from "../match/key";
import { KeyWriter } from "../match/key-writer";
import { MAX_MODEL_BYTES } from "./model";

const MISSING = Bytes.constant("\x00missing");
const OVERFLOW = Bytes.constant("\x00overflow");
const scratch = memory.data(288, 8); // a hash and a model

/** The hashes of one owner. Made once the process's secret is known. */
export class KeyHash {
  /** The last hash that was built. */
  high: u64 = 0;
  low: u64 = 0;
  /** Whether the call had all parts but, maybe, the model. */
  isWhole: bool = true;
  /** The parts of the last `build`, the model's place left empty; valid as long as the callback runs. */
  readonly writer: KeyWriter;
  private readonly k0: u64;
  private readonly k1: u64;

  constructor(
    protected readonly key: KeySpec,
    identity: string,
    high: u64,
    low: u64,
  ) {
    const text = new Text(identity);
    sipHash128(high, low, text.bytes.ptr, text.bytes.length, scratch);
    const k0 = load<u64>(scratch);
    const k1 = load<u64>(scratch, 8);
    this.k0 = k0;
    this.k1 = k1;
    this.writer = new KeyWriter(k0, k1);
  }

  /** Hashes all parts but the model, when the request's headers are there. */
  build(facts: Facts): void {
    const sources = this.key.sources;
    const writer = this.writer;
    writer.clear();
    for (let i = 0, k = sources.length; i < k; i++) {
      writer.add(sources[i].kind == KeyKind.Model ? Bytes.empty() : sources[i].value(facts));
    }
    this.isWhole = writer.missing == 0;
    this.finish();
  }

  /** Hashes given parts, the model's among them. Configure time. */
  ofParts(parts: Text[]): void {
    const sources = this.key.sources;
    let model = Bytes.absent();
    this.writer.clear();
    for (let i = 0; i < parts.length; i++) {
      const isModel = i < sources.length && sources[i].kind == KeyKind.Model;
      if (isModel) model = parts[i].bytes;
      this.writer.add(isModel ? Bytes.empty() : parts[i].bytes);
    }
    this.finish();
    if (model.isPresent) this.addModel(this.high, this.low, model);
  }

  /** Adds the model to a hash of the other parts. */
  addModel(high: u64, low: u64, model: Bytes): void {
    const length = min(model.length, MAX_MODEL_BYTES);
    store<u64>(scratch, high);
    store<u64>(scratch, low, 8);
    memory.copy(scratch + 16, model.ptr, length);
    this.hash(scratch, 16 + length);
  }

  /** The hash of all calls that lack a part. */
  missing(): void {
    this.hash(MISSING.ptr, MISSING.length);
  }

  /** The hash of keys for which there is no room. */
  overflow(): void {
    this.hash(OVERFLOW.ptr, OVERFLOW.length);
  }

  /** Hashes what was written. */
  protected finish(): void {
    this.writer.digest(scratch);
    this.high = load<u64>(scratch);
    this.low = load<u64>(scratch, 8);
  }

  private hash(ptr: usize, length: i32): void {
    sipHash128(this.k0, this.k1, ptr, length, scratch);
    this.high = load<u64>(scratch);
    this.low = load<u64>(scratch, 8);
  }
}

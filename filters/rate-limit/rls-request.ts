// How the rate limit service is told which bucket is meant.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { BucketWriter } from "../../runtime/rls/owed";
import { addEntry, endDescriptor } from "../../runtime/rls/request";
import { Rule } from "./rule";

const RULE = Bytes.constant("rule");
const LIMIT = Bytes.constant("limit");
const KEY = Bytes.constant("key");
const OWN = Bytes.constant("own");

const value = new ByteBuffer(64);

/**
 * Adds a descriptor: which rule, its own limit (-1) or which override (from 0), and whose bucket. `hits` is how much is taken;
 * 0 asks only.
 */
export function addDescriptor(out: ByteBuffer, rule: Bytes, index: i32, high: u64, low: u64, hits: u64): void {
  addEntry(RULE, rule);
  addEntry(LIMIT, index < 0 ? OWN : value.clear().i64(index).view());
  addEntry(KEY, value.clear().hex64(high).hex64(low).view());
  endDescriptor(out, hits);
}

/** Names the buckets of rules. */
@final
export class RuleBuckets extends BucketWriter {
  constructor(private readonly rules: Rule[]) {
    super();
  }

  write(out: ByteBuffer, rule: i32, limit: i32, high: u64, low: u64, hits: u64): void {
    addDescriptor(out, this.rules[rule].globalName.bytes, limit, high, low, hits);
  }
}

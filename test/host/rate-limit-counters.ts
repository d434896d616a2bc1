// Envoy's rate limit service for the in-process host: fixed windows, as its YAML says, in memory.
import type { Descriptor, RateLimitFile } from "../../harness/deploy/ratelimit-words.ts";
import type { GrpcCallout, GrpcCalloutAnswer } from "../../harness/host/process.ts";

const units = ["second", "minute", "hour", "day", "month", "year", "week"];
const OK = 1;
const OVER_LIMIT = 2;

type Field = { number: number; value: bigint; bytes: Uint8Array };

/** Reads the fields of a protobuf message. */
function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const value = varint();
    const isBytes = (tag & 7) === 2;
    const bytes = isBytes ? message.subarray(at, at + Number(value)) : new Uint8Array();
    if (isBytes) at += Number(value);
    fields.push({ number: tag >> 3, value, bytes });
  }
  return fields;
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const only = (fields: Field[], number: number): Uint8Array[] =>
  fields.filter((field) => field.number === number).map(({ bytes }) => bytes);

function encode(...fields: [number, bigint | Uint8Array][]): Uint8Array {
  const out: number[] = [];
  const varint = (value: bigint): void => {
    let rest = value;
    for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
    out.push(Number(rest));
  };
  for (const [number, value] of fields) {
    varint(BigInt((number << 3) | (typeof value === "bigint" ? 0 : 2)));
    varint(typeof value === "bigint" ? value : BigInt(value.length));
    if (typeof value !== "bigint") for (const byte of value) out.push(byte);
  }
  return Uint8Array.from(out);
}

/** One service, for as many gateways as like. */
export class RateLimitCounters {
  /** `key=value` of each entry, joined by commas, and what was counted under it. */
  readonly counts = new Map<string, bigint>();
  /** How long answers take; what is undefined never comes, and is not counted. */
  delayMs: number | undefined = 0;
  /** What becomes of requests that count something, where it is another thing. */
  delayOfHitsMs: number | undefined;
  readonly #files: readonly RateLimitFile[];

  constructor(...files: RateLimitFile[]) {
    this.#files = files;
  }

  /** For `GatewayOptions.onGrpcCall`. */
  readonly answer = (call: GrpcCallout): GrpcCalloutAnswer => {
    const request = fieldsOf(call.message);
    const descriptors = only(request, 2).map((descriptor) => this.#read(descriptor));
    const hitsAtAll = descriptors.some(({ hits }) => hits > 0n);
    const delayMs = hitsAtAll && this.delayOfHitsMs !== undefined ? this.delayOfHitsMs : this.delayMs;
    if (delayMs === undefined) return { delayMs: 1_000_000, status: 14, statusMessage: "" };
    const domain = text(only(request, 1)[0]);
    const file = this.#files.find((one) => one.domain === domain);
    const statuses = descriptors.map((one) => this.#count(file?.descriptors ?? [], one));
    const message = encode([1, BigInt(OK)], ...statuses.map((status): [number, Uint8Array] => [2, status]));
    return { delayMs, message, status: 0, statusMessage: "" };
  };

  /** What was counted under all entries that contain a text. */
  sum(part: string): bigint {
    return [...this.counts].reduce((sum, [name, count]) => (name.includes(part) ? sum + count : sum), 0n);
  }

  #read(descriptor: Uint8Array): { entries: [string, string][]; hits: bigint } {
    const fields = fieldsOf(descriptor);
    const entries = only(fields, 1).map((entry): [string, string] => {
      const parts = fieldsOf(entry);
      return [text(only(parts, 1)[0]), text(only(parts, 2)[0])];
    });
    const [addend] = only(fields, 3);
    return { entries, hits: addend === undefined ? 1n : (fieldsOf(addend)[0]?.value ?? 0n) };
  }

  #count(tree: Descriptor[], { entries, hits }: { entries: [string, string][]; hits: bigint }): Uint8Array {
    let level = tree;
    let found: Descriptor | undefined;
    for (const [key, value] of entries) {
      found = level.find((one) => one.key === key && (one.value === undefined || one.value === value));
      level = found?.descriptors ?? [];
    }
    const limit = found?.rate_limit;
    if (limit === undefined) return encode([1, BigInt(OK)]);
    const name = entries.map((entry) => entry.join("=")).join(",");
    const most = BigInt(limit.requests_per_unit);
    const count = (this.counts.get(name) ?? 0n) + hits;
    const isOver = count > most;
    if (!isOver) this.counts.set(name, count);
    return encode(
      [1, BigInt(isOver ? OVER_LIMIT : OK)],
      [2, encode([1, most], [2, BigInt(units.indexOf(limit.unit) + 1)])],
      [3, isOver ? 0n : most - count],
    );
  }
}

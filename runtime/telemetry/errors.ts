// Faults that a filter survives: each moves a counter, and now and then one is written to the log.
import { LogLevel, MetricType } from "../abi/enums";
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";
import { nowNanos } from "../host/clock";
import { logLine } from "../host/log";
import { Label } from "./labels";
import { Family } from "./series";

/** What went wrong; the label `kind` of `sluice.errors`. Filters add their own with `addErrorKind`. */
export const enum ErrorKind {
  PairMismatch,
  MissingFlag,
  HeldLimit,
  HeldMemory,
  HeldTime,
  HostFault,
  InvalidJson,
  UnknownPrice,
  InvalidConfig,
  StateContended,
  StateFull,
  StateNewer,
}

const KIND_TEXTS: string[] = [
  "pair_mismatch",
  "missing_flag",
  "held_limit",
  "held_memory",
  "held_time",
  "host_fault",
  "invalid_json",
  "unknown_price",
  "invalid_config",
  "state_contended",
  "state_full",
  "state_newer",
];

/** What the log says of each kind: what happened, what became of the call, what to do. */
const EXPLANATIONS: string[] = [
  "the other instance of the pair has another configuration or is missing: passed without holding",
  "headers cannot wait for the body: set allow_on_headers_stop_iteration, or deploy the filter as a pair",
  "a body is longer than maxHeldBytes: passed without what lies beyond",
  "held bodies take more than maxHeldTotal: passed without holding",
  "a body took longer than maxHeldTime: passed without the rest",
  "the host answered an error: passed as if the filter were not there",
  "a body is not what its content type says: passed as it is",
  "no price is known for a model: counted without cost",
  "the configuration is wrong: calls are passed through",
  "shared state changed under every try: not updated",
  "a table of shared state is full: counted in its overflow slot",
  "shared state was written by a newer version: started fresh beside it",
];

const LOG_INTERVAL_NANOS: u64 = 10_000_000_000;
const MOST_KINDS: i32 = 64;
const MOST_DETAIL_BYTES: i32 = 200;

const filters = new Label("filter");
const kinds = new Label("kind");
const firstKind = kinds.reserveAll(KIND_TEXTS);
const errors = new Family(MetricType.Counter, "sluice.errors", [filters, kinds]);
const explanations: Bytes[] = constants(EXPLANATIONS);
const line = new ByteBuffer(256, 1024);
const COLON = Bytes.constant(": ");
const SUPPRESSED = Bytes.constant(" more of this kind since the last such line)");

/** Adds a kind of a filter's own, with what the log says of it. At the top of a file; answers its number. */
export function addErrorKind(text: string, explanation: string): i32 {
  const known = kinds.find(Bytes.constant(text)) - firstKind;
  if (known >= 0) return known;
  if (explanations.length >= MOST_KINDS) return ErrorKind.HostFault;
  kinds.reserve(Bytes.constant(text));
  explanations.push(Bytes.constant(explanation));
  return explanations.length - 1;
}

/**
 * Counts a fault of a filter (the module's name: `model-tag`) and, at most every ten seconds for each kind, logs it.
 * `detail` says where: a rule's name, a limit. Never a byte of a body, a credential or a query. Costs a clock read.
 */
export function reportError(filter: string, kind: i32, detail: Bytes = Bytes.absent()): void {
  if (<u32>kind >= <u32>explanations.length) return;
  reporterOf(filter).report(kind, detail);
}

/** The faults of one filter in this VM. */
class Reporter {
  private readonly text: Bytes;
  private readonly label: i32;
  // Of each kind: when it was logged last, and how many came since.
  private readonly loggedAt: StaticArray<u64> = new StaticArray<u64>(MOST_KINDS);
  private readonly suppressed: StaticArray<u64> = new StaticArray<u64>(MOST_KINDS);

  constructor(readonly filter: string) {
    this.text = Bytes.constant(filter);
    this.label = filters.reserve(this.text);
  }

  report(kind: i32, detail: Bytes): void {
    errors.increment(1, this.label, firstKind + kind);
    const now = nowNanos();
    const last = this.loggedAt[kind];
    // A clock that stepped back does not silence the log.
    if (last != 0 && now >= last && now - last < LOG_INTERVAL_NANOS) {
      this.suppressed[kind] = this.suppressed[kind] + 1;
      return;
    }
    this.loggedAt[kind] = max<u64>(now, 1);
    this.write(kind, detail);
    this.suppressed[kind] = 0;
  }

  private write(kind: i32, detail: Bytes): void {
    line
      .clear()
      .add(this.text)
      .add(COLON)
      .add(kinds.text(firstKind + kind))
      .add(COLON)
      .add(explanations[kind]);
    if (!detail.isEmpty) {
      line.add(COLON);
      appendPlain(detail);
    }
    const unseen = this.suppressed[kind];
    if (unseen) line.byte(0x20).byte(0x28).u64(unseen).add(SUPPRESSED);
    logLine(LogLevel.Warn, line.view());
  }
}

const reporters: Reporter[] = [];

function reporterOf(filter: string): Reporter {
  for (let i = 0; i < reporters.length; i++) if (reporters[i].filter == filter) return reporters[i];
  const reporter = new Reporter(filter);
  reporters.push(reporter);
  return reporter;
}

function appendPlain(detail: Bytes): void {
  const length = min(detail.length, MOST_DETAIL_BYTES);
  for (let i = 0; i < length; i++) {
    const byte = detail.at(i);
    line.byte(byte < 0x20 || byte == 0x7f ? 0x5f : byte);
  }
}

function constants(texts: string[]): Bytes[] {
  const all: Bytes[] = [];
  for (let i = 0; i < texts.length; i++) all.push(Bytes.constant(texts[i]));
  return all;
}

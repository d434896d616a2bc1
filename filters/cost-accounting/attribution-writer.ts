// The labels beside model, provider and consumer: team, project and the configuration's own, as one composite label.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { setProperty } from "../../runtime/host/properties";
import { Consumer, ConsumerTable } from "../../runtime/match/consumers";
import { Facts } from "../../runtime/match/facts";
import { appendLabelValue } from "../../runtime/telemetry/label-text";
import { NONE, OTHER } from "../../runtime/telemetry/labels";
import { Text } from "../../runtime/config/text";
import { CostLabel } from "./attribution";
import { CallMemory, CallNote } from "./call-memory";
import { attributionLabel } from "./telemetry";

const MOST_VALUE: i32 = 64;
const TEAM = Bytes.constant("team=.=");
const PROJECT = Bytes.constant("project=.=");
const NO_VALUE = Bytes.constant("none");
const EQUALS = Bytes.constant("=.=");
const END = Bytes.constant(";.;");

const text = new ByteBuffer(256, 512);

/** Writes and reads back the labels of calls. Does nothing where the configuration names no team, project or label. */
@final
export class AttributionWriter {
  private readonly hasTeams: bool;
  private readonly hasProjects: bool;

  constructor(
    private readonly labels: CostLabel[],
    consumers: ConsumerTable,
  ) {
    let hasTeams = false;
    let hasProjects = false;
    for (let i = 0; i < consumers.entries.length; i++) {
      if (consumers.entries[i].team) hasTeams = true;
      if (consumers.entries[i].project) hasProjects = true;
    }
    this.hasTeams = hasTeams;
    this.hasProjects = hasProjects;
  }

  /** Gives what the configuration names its numbers. */
  reserve(consumers: ConsumerTable): void {
    if (this.isEmpty || this.labels.length > 0) return;
    this.reserveOne(null);
    for (let i = 0; i < consumers.entries.length; i++) this.reserveOne(consumers.entries[i]);
  }

  /** Writes the labels of a call, whose request's headers are there, to its note. */
  write(facts: Facts, note: CallNote, memory: CallMemory, slot: i32): void {
    note.attribution = NONE;
    if (this.isEmpty) return;
    text.clear();
    if (this.hasTeams) add(TEAM, facts.team());
    if (this.hasProjects) add(PROJECT, facts.project());
    for (let i = 0, k = this.labels.length; i < k; i++) {
      const value = this.labels[i].source.value(facts);
      setProperty(this.labels[i].state.bytes, shown(value));
      text.add(this.labels[i].name.bytes);
      add(EQUALS, value);
    }
    const labels = text.view();
    note.attribution = attributionLabel.find(labels);
    if (note.attribution == OTHER) memory.keepAttribution(slot, labels);
  }

  /** A good call gives its labels a number. */
  admit(note: CallNote, labels: Bytes, most: i32): void {
    if (note.attribution == OTHER && !labels.isEmpty) note.attribution = attributionLabel.admit(labels, most);
  }

  private get isEmpty(): bool {
    return this.labels.length == 0 && !this.hasTeams && !this.hasProjects;
  }

  private reserveOne(consumer: Consumer | null): void {
    text.clear();
    if (this.hasTeams) add(TEAM, bytesOf(consumer ? consumer.team : null));
    if (this.hasProjects) add(PROJECT, bytesOf(consumer ? consumer.project : null));
    attributionLabel.reserve(text.view());
  }
}

function add(start: Bytes, value: Bytes): void {
  text.add(start);
  appendLabelValue(text, shown(value));
  text.add(END);
}

function shown(value: Bytes): Bytes {
  return value.isEmpty ? NO_VALUE : value.length > MOST_VALUE ? value.slice(0, MOST_VALUE) : value;
}

function bytesOf(value: Text | null): Bytes {
  return value ? value.bytes : Bytes.absent();
}

// `labels`: what else costs are told apart by, beside consumer, team and project.
import { ObjectReader } from "../../runtime/config/reader";
import { Text } from "../../runtime/config/text";
import { Compilation } from "../../runtime/match/compilation";
import { KeySource, parseSource } from "../../runtime/match/key";

const MOST_LABELS: i32 = 4;
const MOST_NAME: i32 = 32;

/** Names that metrics or filter state have already. */
const TAKEN: string[] = [
  "model",
  "provider",
  "consumer",
  "team",
  "project",
  "currency",
  "budget",
  "le",
  "other",
  "none",
];

/** One label of the configuration. */
@final
export class CostLabel {
  /** The path of its filter state. */
  readonly state: Text;

  constructor(
    readonly name: Text,
    readonly source: KeySource,
  ) {
    this.state = new Text("sluice.label." + name.toString());
  }
}

/** Reads `labels`: at most four. */
export function readLabels(reader: ObjectReader, compilation: Compilation): CostLabel[] {
  const labels: CostLabel[] = [];
  const names = reader.names;
  reader.demandMembers();
  if (names.length > MOST_LABELS)
    reader.errors.error(reader.path, "expected at most 4 labels, got " + names.length.toString());
  for (let i = 0; i < names.length; i++) {
    const text = reader.string(names[i], "");
    if (!isLabelName(names[i])) {
      reader.error(names[i], "expected a name of 1 to 32 lower-case letters, digits and '_' that no other label has");
      continue;
    }
    if (!text.length) continue;
    const source = parseSource(text, reader.errors, reader.at(names[i]), compilation);
    if (source) labels.push(new CostLabel(new Text(names[i]), source));
  }
  return labels;
}

function isLabelName(name: string): bool {
  if (name.length == 0 || name.length > MOST_NAME || TAKEN.includes(name)) return false;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    const isLetter = unit >= 0x61 && unit <= 0x7a;
    const isInner = i > 0 && ((unit >= 0x30 && unit <= 0x39) || unit == 0x5f);
    if (!isLetter && !isInner) return false;
  }
  return true;
}

// The labels `split` and `variant` of all our metrics.
import { Bytes } from "../bytes/bytes";
import { getProperty } from "../host/properties";
import { State, statePath } from "../telemetry/filter-state";
import { Label, NONE } from "../telemetry/labels";
import { AiCall } from "./call";

/** Open, because one module of a chain counts by what another one's configuration names. */
export const splitLabel: Label = new Label("split", true);
export const variantLabel: Label = new Label("variant", true);

/** Names that a module takes from another one's filter state. */
const MOST_FOREIGN: i32 = 64;

/**
 * The label of the variant that a call was given, `NONE` without one: by this module, else by another one of the chain.
 * `isGood` gives a name that this configuration does not know a label of its own. Within `onLog`; a host call at most.
 */
export function labelOfVariant(call: AiCall, isGood: bool): i32 {
  return labelOf(variantLabel, call.variant, State.Variant, isGood);
}

/** As `labelOfVariant`, the split that gave it. */
export function labelOfSplit(call: AiCall, isGood: bool): i32 {
  return labelOf(splitLabel, call.split, State.Split, isGood);
}

function labelOf(label: Label, own: Bytes, state: State, isGood: bool): i32 {
  const name = own.isPresent ? own : getProperty(statePath(state));
  if (name.isEmpty) return NONE;
  return isGood ? label.admit(name, MOST_FOREIGN) : label.find(name);
}

// The cost of a call as cost-accounting left it in filter state: a decimal text, read as units of 1e-9.
import { Bytes } from "../../runtime/bytes/bytes";
import { getProperty } from "../../runtime/host/properties";
import { State, statePath } from "../../runtime/telemetry/filter-state";

const NANO_PLACES: i32 = 9;

/** What the effective stream's call cost, 0 where nobody says. */
export function costNano(): i64 {
  return parseNano(getProperty(statePath(State.Cost)));
}

/** `12.5` as 12500000000; finer digits are cut off. 0 for anything else, and for what does not fit. */
export function parseNano(text: Bytes): i64 {
  if (text.isEmpty || text.length > 40) return 0;
  let value: i64 = 0;
  let places = -1;
  for (let i = 0; i < text.length; i++) {
    const byte = text.at(i);
    if (byte == 0x2e && places < 0 && i > 0) places = 0;
    else if (byte < 0x30 || byte > 0x39) return 0;
    else if (places < NANO_PLACES) {
      if (value > (i64.MAX_VALUE - 9) / 10) return 0;
      value = value * 10 + <i64>(byte - 0x30);
      if (places >= 0) places++;
    }
  }
  for (let i = max(places, 0); i < NANO_PLACES; i++) {
    if (value > i64.MAX_VALUE / 10) return 0;
    value *= 10;
  }
  return value;
}

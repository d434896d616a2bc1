// What is taken from a JSON request body while it is scanned.
import { Bytes } from "../bytes/bytes";
import { JsonScanner, JsonState } from "../parse/json";
import { JsonType, JsonValue } from "../parse/json-value";
import { RequestFact } from "./facts";
import { ModelSource } from "./model";
import { RequestFacts } from "./request-facts";
import {
  BACKGROUND,
  FIRST_CHOICES,
  FIRST_MAX_OUTPUT,
  INCLUDE_USAGE,
  LAST_CHOICES,
  LAST_MAX_OUTPUT,
  MODEL,
  SERVICE_TIER,
  STREAM,
  STREAM_OPTIONS,
} from "./request-paths";

const TRUE = Bytes.constant("true");

/** Takes all that the scanner knows so far. To be called after each chunk: what was taken is not taken again. */
export function takeJson(facts: RequestFacts, json: JsonScanner): void {
  const isObject = json.rootType == JsonType.Object;
  facts.textBytes = json.textBytes;
  facts.mediaItems = json.mediaItems;
  facts.bodyOpen = isObject ? json.rootOpen : -1;
  facts.bodyClose = isObject ? json.rootClose : -1;
  facts.isBodyEmpty = isObject && json.isRootEmpty;
  takeModel(facts, json.value(MODEL));
  takeStream(facts, json.value(STREAM));
  takeStreamOptions(facts, json.value(STREAM_OPTIONS), json.value(INCLUDE_USAGE));
  takeBounds(facts, json);
  takeTier(facts, json.value(SERVICE_TIER));
  takeBackground(facts, json.value(BACKGROUND));
  if (json.state == JsonState.Complete) facts.complete();
  else if (json.state == JsonState.Invalid) {
    facts.fail();
    facts.isSettled = true;
  }
}

function takeModel(facts: RequestFacts, value: JsonValue): void {
  if (!value.isPresent) return;
  const count = <i32>min<u32>(value.seen, i32.MAX_VALUE);
  facts.modelStart = value.start;
  facts.modelEnd = value.end;
  if (count <= facts.modelCount) return;
  if (value.type != JsonType.String) facts.misnameModel(count);
  else facts.nameModel(value.text, value.isTruncated, value.differs, count, ModelSource.Json);
}

function takeStream(facts: RequestFacts, value: JsonValue): void {
  if (!value.isPresent) return;
  facts.known |= RequestFact.Stream;
  facts.hasStream = value.type != JsonType.Null;
  facts.isStream = isTrue(value);
}

function takeStreamOptions(facts: RequestFacts, options: JsonValue, includeUsage: JsonValue): void {
  if (!options.isPresent) return;
  const isObject = options.type == JsonType.Object;
  if (!isObject || options.end >= 0) facts.known |= RequestFact.StreamOptions;
  facts.streamOptionsStart = options.start;
  facts.streamOptionsEnd = options.end;
  facts.isStreamOptionsObject = isObject;
  facts.isStreamOptionsNull = options.type == JsonType.Null;
  facts.isStreamOptionsEmpty = isObject && options.isEmpty;
  facts.includesUsage = includeUsage.isPresent && isTrue(includeUsage);
  facts.includeUsageStart = includeUsage.isPresent ? includeUsage.start : -1;
  facts.includeUsageEnd = includeUsage.isPresent ? includeUsage.end : -1;
}

function takeBounds(facts: RequestFacts, json: JsonScanner): void {
  facts.maxOutputTokens = largest(json, FIRST_MAX_OUTPUT, LAST_MAX_OUTPUT, 0, -1);
  if (facts.maxOutputTokens >= 0) facts.known |= RequestFact.MaxOutput;
  facts.choices = largest(json, FIRST_CHOICES, LAST_CHOICES, 1, 1);
  if (facts.choices > 1) facts.known |= RequestFact.Choices;
}

function takeTier(facts: RequestFacts, value: JsonValue): void {
  if (!value.isPresent) return;
  facts.known |= RequestFact.ServiceTier;
  if (value.type == JsonType.String) facts.serviceTier.set(value.text);
}

function takeBackground(facts: RequestFacts, value: JsonValue): void {
  if (!value.isPresent) return;
  facts.known |= RequestFact.Background;
  facts.isBackground = isTrue(value);
}

/** `true`, and what lenient servers (pydantic) take for it: 1 and "true". */
function isTrue(value: JsonValue): bool {
  if (value.type == JsonType.String) return !value.isTruncated && value.text.equalsIgnoreCase(TRUE);
  return value.type == JsonType.True || (value.type == JsonType.Number && value.isInteger && value.integer == 1);
}

/** The largest whole number of at least `least` at paths `first` to `last`; `otherwise` when there is none. */
function largest(json: JsonScanner, first: i32, last: i32, least: i64, otherwise: i64): i64 {
  let found = otherwise;
  for (let i = first; i <= last; i++) {
    const value = json.value(i);
    if (!value.isPresent || value.type != JsonType.Number || !value.isInteger) continue;
    if (value.integer >= least && value.integer > found) found = value.integer;
  }
  return found;
}

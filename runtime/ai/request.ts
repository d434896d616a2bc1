// What the request body tells, found as its bytes pass by.
import { Bytes } from "../bytes/bytes";
import { parseU64 } from "../bytes/numbers";
import { BodyState } from "../parse/document";
import { FormField } from "../parse/form-fields";
import { JsonScanner, JsonState } from "../parse/json";
import { JsonType, JsonValue } from "../parse/json-value";
import { MediaKind } from "../parse/media-type";
import { RequestFact } from "./facts";
import { JsonPool } from "./json-pool";
import { MAX_MODEL_BYTES, ModelProblem, ModelSource, problemOfModel } from "./model";
import { OwnedText } from "./owned-text";
import { RequestForm } from "./request-form";
import {
  BACKGROUND,
  FIRST_CHOICES,
  FIRST_MAX_OUTPUT,
  INCLUDE_USAGE,
  LAST_CHOICES,
  LAST_MAX_OUTPUT,
  MODEL,
  REQUEST_PATHS,
  SERVICE_TIER,
  STREAM,
  STREAM_OPTIONS,
} from "./request-paths";

const POOL = new JsonPool(REQUEST_PATHS);
const TRUE = Bytes.constant("true");
const ONE = Bytes.constant("1");

/** The facts of one request body. The model may come from the path: then `fixModel` sets it before the body opens. */
@final
export class RequestBody {
  /** The model as the caller wrote it. */
  readonly model: OwnedText = new OwnedText(MAX_MODEL_BYTES);
  readonly serviceTier: OwnedText = new OwnedText(32);
  /** Grows whenever `model` may have changed. */
  modelVersion: u32 = 0;
  modelSource: ModelSource = ModelSource.None;
  modelProblem: ModelProblem = ModelProblem.None;
  modelStart: i64 = -1;
  modelEnd: i64 = -1;
  modelCount: i32 = 0;
  /** The body has a `stream`, and its value. */
  hasStream: bool = false;
  isStream: bool = false;
  isBackground: bool = false;
  streamOptionsStart: i64 = -1;
  streamOptionsEnd: i64 = -1;
  /** The `stream_options` value is an object (`null` is none), and nothing is in it. */
  isStreamOptionsObject: bool = false;
  isStreamOptionsEmpty: bool = false;
  includesUsage: bool = false;
  includeUsageStart: i64 = -1;
  includeUsageEnd: i64 = -1;
  maxOutputTokens: i64 = -1;
  choices: i64 = 1;
  bodyOpen: i64 = -1;
  bodyClose: i64 = -1;
  isBodyEmpty: bool = false;
  textBytes: i64 = 0;
  mediaItems: i32 = 0;
  /** Every fact is settled: the body is whole, unreadable, or was given up. */
  isSettled: bool = true;
  private known: i32 = 0;
  private isPathModel: bool = false;
  private json: JsonScanner | null = null;
  private form: RequestForm | null = null;

  reset(): void {
    this.close();
    this.model.clear();
    this.serviceTier.clear();
    this.modelVersion = 0;
    this.modelSource = ModelSource.None;
    this.modelProblem = ModelProblem.None;
    this.modelStart = -1;
    this.modelEnd = -1;
    this.modelCount = 0;
    this.hasStream = false;
    this.isStream = false;
    this.isBackground = false;
    this.streamOptionsStart = -1;
    this.streamOptionsEnd = -1;
    this.isStreamOptionsObject = false;
    this.isStreamOptionsEmpty = false;
    this.includesUsage = false;
    this.includeUsageStart = -1;
    this.includeUsageEnd = -1;
    this.maxOutputTokens = -1;
    this.choices = 1;
    this.bodyOpen = -1;
    this.bodyClose = -1;
    this.isBodyEmpty = false;
    this.textBytes = 0;
    this.mediaItems = 0;
    this.isSettled = true;
    this.known = 0;
    this.isPathModel = false;
  }

  /** The head named the model: no body changes it. */
  fixModel(model: Bytes, source: ModelSource): void {
    this.isPathModel = true;
    this.known |= RequestFact.Model;
    this.modelVersion++;
    this.takeModel(model, false, source);
  }

  /** The body cannot be read, or has nothing to say. */
  openUnread(problem: ModelProblem): void {
    this.isSettled = true;
    if (!this.isPathModel) this.modelProblem = problem;
  }

  /** Begins a JSON document or a form. */
  open(kind: MediaKind, contentType: Bytes): void {
    this.isSettled = false;
    if (kind != MediaKind.Form) {
      this.json = POOL.take();
      return;
    }
    const form = RequestForm.take();
    this.form = form;
    if (form.open(contentType)) return;
    this.fail();
    this.isSettled = true;
  }

  feed(ptr: usize, length: i32): void {
    if (this.isSettled) return;
    const json = this.json;
    const form = this.form;
    if (json !== null) {
      json.feed(ptr, length);
      this.takeJson(json);
    } else if (form !== null) {
      form.parser.feed(ptr, length);
      this.takeForm(form);
    }
  }

  /** No more bytes come. */
  end(): void {
    const json = this.json;
    const form = this.form;
    if (json !== null && !this.isSettled) {
      json.finish();
      this.takeJson(json);
      if (json.state != JsonState.Complete) this.fail();
    } else if (form !== null && !this.isSettled) {
      const isWhole = form.parser.state == BodyState.Ended;
      form.parser.finish();
      this.takeForm(form);
      if (!isWhole) this.fail();
      else if (!(this.known & RequestFact.Model)) this.miss(ModelProblem.Missing);
    }
    this.isSettled = true;
    this.close();
  }

  /** Nobody waits any longer. What comes later still counts, but the model's source says why it was not known in time. */
  limitReached(): void {
    if (!(this.known & RequestFact.Model) && !this.isSettled) this.modelSource = ModelSource.Limit;
  }

  /** Whether all these facts are settled. */
  isKnown(facts: i32): bool {
    return this.isSettled || (this.known & facts) == facts;
  }

  /** Gives the parsers back. */
  private close(): void {
    const json = this.json;
    if (json !== null) POOL.give(json);
    this.json = null;
    const form = this.form;
    if (form !== null) form.release();
    this.form = null;
  }

  private takeJson(json: JsonScanner): void {
    this.textBytes = json.textBytes;
    this.mediaItems = json.mediaItems;
    this.bodyOpen = json.rootType == JsonType.Object ? json.rootOpen : -1;
    this.bodyClose = json.rootType == JsonType.Object ? json.rootClose : -1;
    this.isBodyEmpty = json.isRootEmpty;
    this.takeModelValue(json.value(MODEL));
    this.takeStream(json.value(STREAM));
    this.takeStreamOptions(json.value(STREAM_OPTIONS), json.value(INCLUDE_USAGE));
    this.maxOutputTokens = largest(json, FIRST_MAX_OUTPUT, LAST_MAX_OUTPUT, 0, -1);
    if (this.maxOutputTokens >= 0) this.known |= RequestFact.MaxOutput;
    this.choices = largest(json, FIRST_CHOICES, LAST_CHOICES, 1, 1);
    if (this.choices > 1) this.known |= RequestFact.Choices;
    const tier = json.value(SERVICE_TIER);
    if (tier.isPresent) {
      this.known |= RequestFact.ServiceTier;
      if (tier.type == JsonType.String) this.serviceTier.set(tier.text);
    }
    const background = json.value(BACKGROUND);
    if (background.isPresent) {
      this.known |= RequestFact.Background;
      this.isBackground = isTrue(background);
    }
    if (json.state == JsonState.Complete) {
      // Only white space may follow: nothing more comes.
      this.known |= RequestFact.Stream | RequestFact.StreamOptions | RequestFact.MaxOutput;
      this.known |= RequestFact.ServiceTier | RequestFact.Choices | RequestFact.Background | RequestFact.WholeBody;
      if (!(this.known & RequestFact.Model)) this.miss(ModelProblem.Missing);
    } else if (json.state == JsonState.Invalid) {
      this.fail();
      this.isSettled = true;
    }
  }

  private takeModelValue(value: JsonValue): void {
    if (!value.isPresent || this.isPathModel) return;
    this.modelEnd = value.end;
    if (value.seen <= <u32>this.modelCount) return;
    this.known |= RequestFact.Model;
    this.modelVersion++;
    this.modelCount = <i32>min<u32>(value.seen, i32.MAX_VALUE);
    this.modelStart = value.start;
    if (value.type != JsonType.String) {
      this.model.clear();
      this.modelProblem = ModelProblem.NotAString;
      this.sourceIs(ModelSource.None);
      return;
    }
    this.takeModel(value.text, value.isTruncated, ModelSource.Json);
    if (value.differs && this.modelProblem == ModelProblem.None) this.modelProblem = ModelProblem.TwoDifferent;
  }

  private takeForm(form: RequestForm): void {
    const model = form.model;
    if (model !== null && model.isKnown && !this.isPathModel && <i32>model.seen > this.modelCount) {
      this.known |= RequestFact.Model;
      this.modelVersion++;
      this.modelCount = <i32>model.seen;
      if (model.isFile) {
        this.model.clear();
        this.modelProblem = ModelProblem.NotAString;
        this.sourceIs(ModelSource.None);
      } else this.takeModel(model.text, model.isTruncated, ModelSource.Multipart);
      if (model.differs && this.modelProblem == ModelProblem.None) this.modelProblem = ModelProblem.TwoDifferent;
    }
    const stream = form.stream;
    if (stream !== null && isWhole(stream)) {
      this.known |= RequestFact.Stream;
      this.hasStream = true;
      this.isStream = stream.text.equalsIgnoreCase(TRUE) || stream.text.equals(ONE);
    }
    const choices = form.choices;
    if (choices !== null && isWhole(choices)) {
      const count = parseU64(choices.text);
      if (count >= 1 && count <= <u64>i32.MAX_VALUE) this.choices = <i64>count;
      this.known |= RequestFact.Choices;
    }
    if (form.parser.state == BodyState.Invalid) {
      this.fail();
      this.isSettled = true;
    }
  }

  private takeModel(text: Bytes, isTruncated: bool, source: ModelSource): void {
    this.modelProblem = problemOfModel(text, isTruncated);
    if (this.modelProblem == ModelProblem.None) {
      this.model.set(text);
      this.sourceIs(source);
    } else {
      this.model.clear();
      this.sourceIs(ModelSource.None);
    }
  }

  /** A model that came too late keeps its source `Limit`. */
  private sourceIs(source: ModelSource): void {
    if (this.modelSource != ModelSource.Limit) this.modelSource = source;
  }

  private takeStream(value: JsonValue): void {
    if (!value.isPresent) return;
    this.known |= RequestFact.Stream;
    this.hasStream = value.type != JsonType.Null;
    this.isStream = isTrue(value);
  }

  private takeStreamOptions(options: JsonValue, includeUsage: JsonValue): void {
    if (!options.isPresent) return;
    const isObject = options.type == JsonType.Object;
    if (!isObject || options.end >= 0) this.known |= RequestFact.StreamOptions;
    this.streamOptionsStart = options.start;
    this.streamOptionsEnd = options.end;
    this.isStreamOptionsObject = isObject;
    this.isStreamOptionsEmpty = isObject && options.isEmpty;
    this.includesUsage = includeUsage.isPresent && isTrue(includeUsage);
    this.includeUsageStart = includeUsage.isPresent ? includeUsage.start : -1;
    this.includeUsageEnd = includeUsage.isPresent ? includeUsage.end : -1;
  }

  /** The whole body was read, and has no model. */
  private miss(problem: ModelProblem): void {
    this.known |= RequestFact.Model;
    if (!this.isPathModel) this.modelProblem = problem;
  }

  /** The body is not what it says it is. A model that was read before the fault stays. */
  private fail(): void {
    if (!(this.known & RequestFact.Model) || this.modelProblem == ModelProblem.Missing) {
      this.miss(ModelProblem.InvalidBody);
    } else if (!this.isPathModel && this.modelProblem == ModelProblem.None)
      this.modelProblem = ModelProblem.InvalidBody;
  }
}

/** Whether a wanted field was read to its end. */
function isWhole(field: FormField): bool {
  return field.isKnown && !field.isTruncated;
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

// What is known from a request's body. The offsets count from the body's first byte; -1 stands for what is not there.
import { Bytes } from "../bytes/bytes";
import { RequestFact } from "./facts";
import { MAX_MODEL_BYTES, ModelProblem, ModelSource, problemOfModel } from "./model";
import { OwnedText } from "./owned-text";

const TIER_BYTES: i32 = 32;

/** The facts, and the rules by which a model is taken. `RequestBody` fills them. */
export class RequestFacts {
  /** The model as the caller wrote it. */
  readonly model: OwnedText = new OwnedText(MAX_MODEL_BYTES);
  readonly serviceTier: OwnedText = new OwnedText(TIER_BYTES);
  /** Grows whenever `model` may have changed. */
  modelVersion: u32 = 0;
  modelSource: ModelSource = ModelSource.None;
  modelProblem: ModelProblem = ModelProblem.None;
  /** Where the top-level `model` value of a JSON body is, quotes included; of the last where there are several. */
  modelStart: i64 = -1;
  modelEnd: i64 = -1;
  /** How often the body names a model; to edit it is safe when it is one. */
  modelCount: i32 = 0;
  /** The body has a `stream`, and its value. */
  hasStream: bool = false;
  isStream: bool = false;
  /** `background: true`: the answer is fetched later. */
  isBackground: bool = false;
  /** The `stream_options` value. */
  streamOptionsStart: i64 = -1;
  streamOptionsEnd: i64 = -1;
  /** It is an object (`null` is none), and nothing is in it. */
  isStreamOptionsObject: bool = false;
  isStreamOptionsEmpty: bool = false;
  isStreamOptionsNull: bool = false;
  /** `stream_options.include_usage` is true, and where it is. */
  includesUsage: bool = false;
  includeUsageStart: i64 = -1;
  includeUsageEnd: i64 = -1;
  /** The most output tokens that the call allows per choice, -1 when it does not say. */
  maxOutputTokens: i64 = -1;
  /** Answers asked for at once. */
  choices: i64 = 1;
  /** The outermost braces of a JSON object; `bodyClose` is known once it was read. */
  bodyOpen: i64 = -1;
  bodyClose: i64 = -1;
  /** Nothing is between them. */
  isBodyEmpty: bool = false;
  /** Bytes of text in the body (strings that are no media), and images, sounds and files. */
  textBytes: i64 = 0;
  mediaItems: i32 = 0;
  /** Every fact is settled: the body is whole, unreadable, or was given up. */
  isSettled: bool = true;
  /** RequestFact bits of what is settled. */
  known: i32 = 0;
  private isPathModel: bool = false;

  /** As new. */
  reset(): void {
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
    this.isStreamOptionsNull = false;
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

  /** Nobody waits any longer. What comes later still counts, but the model's source says why it was not known in time. */
  limitReached(): void {
    if (!(this.known & RequestFact.Model) && !this.isSettled) this.modelSource = ModelSource.Limit;
  }

  /** Whether all these facts are settled. */
  isKnown(facts: i32): bool {
    return this.isSettled || (this.known & facts) == facts;
  }

  /** The body names this model, for the `count`th time. */
  nameModel(text: Bytes, isTruncated: bool, differs: bool, count: i32, source: ModelSource): void {
    if (this.isPathModel) return;
    this.countModel(count);
    this.takeModel(text, isTruncated, source);
    if (differs && this.modelProblem == ModelProblem.None) this.modelProblem = ModelProblem.TwoDifferent;
  }

  /** The body's model is there, but is no text. */
  misnameModel(count: i32): void {
    if (this.isPathModel) return;
    this.countModel(count);
    this.model.clear();
    this.modelProblem = ModelProblem.NotAString;
    this.sourceIs(ModelSource.None);
  }

  /** The whole body was read: nothing more comes. */
  complete(): void {
    this.known |= RequestFact.Stream | RequestFact.StreamOptions | RequestFact.MaxOutput | RequestFact.ServiceTier;
    this.known |= RequestFact.Choices | RequestFact.Background | RequestFact.WholeBody;
    if (!(this.known & RequestFact.Model)) this.miss(ModelProblem.Missing);
  }

  /** The body is not what it says it is. A model that was read before the fault stays. */
  fail(): void {
    if (!(this.known & RequestFact.Model) || this.modelProblem == ModelProblem.Missing) {
      this.miss(ModelProblem.InvalidBody);
    } else if (!this.isPathModel && this.modelProblem == ModelProblem.None)
      this.modelProblem = ModelProblem.InvalidBody;
  }

  private miss(problem: ModelProblem): void {
    this.known |= RequestFact.Model;
    if (!this.isPathModel) this.modelProblem = problem;
  }

  private countModel(count: i32): void {
    this.known |= RequestFact.Model;
    this.modelVersion++;
    this.modelCount = count;
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
}

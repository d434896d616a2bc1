// What was found in an answer so far: the dialects write it, document by document.
import { Bytes } from "../bytes/bytes";
import { isPrintableUtf8, MAX_MODEL_BYTES } from "./model";
import { OwnedText } from "./owned-text";
import { Usage } from "./usage";

/** Longest error type that is kept. */
export const ERROR_TYPE_BYTES: i32 = 64;
/** Longest service tier that is kept. */
export const TIER_BYTES: i32 = 32;

/** The findings of one answer. */
@final
export class Answer {
  /** The model that answered. */
  readonly model: OwnedText = new OwnedText(MAX_MODEL_BYTES);
  readonly errorType: OwnedText = new OwnedText(ERROR_TYPE_BYTES);
  readonly serviceTier: OwnedText = new OwnedText(TIER_BYTES);
  /** The numbers as far as they are known; its status is set when the answer is over. */
  readonly usage: Usage = new Usage();
  /** The format makes it a stream of documents. */
  isStream: bool = false;
  /** Input, or output, was reported. */
  hasInput: bool = false;
  hasOutput: bool = false;
  /** Output was reported as a placeholder, to be followed by the real one. */
  isOutputPreliminary: bool = false;
  /** The mark of a complete answer came. */
  isFinished: bool = false;
  /** The provider says that it failed. */
  isError: bool = false;
  /** Something was read that this API's answers have. */
  isRecognized: bool = false;
  /** Pieces of content, and their bytes. */
  contentDeltas: i64 = 0;
  contentBytes: i64 = 0;

  reset(): void {
    this.model.clear();
    this.errorType.clear();
    this.serviceTier.clear();
    this.usage.reset();
    this.isStream = false;
    this.hasInput = false;
    this.hasOutput = false;
    this.isOutputPreliminary = false;
    this.isFinished = false;
    this.isError = false;
    this.isRecognized = false;
    this.contentDeltas = 0;
    this.contentBytes = 0;
  }

  /** Whether any number was reported. */
  get hasUsage(): bool {
    return this.hasInput || this.hasOutput || this.usage.searchUnits > 0;
  }

  /** Content of so many bytes came. */
  addContent(bytes: i64): void {
    if (bytes <= 0) return;
    this.contentDeltas++;
    this.contentBytes += bytes;
  }

  /** Names the model, if this can be a name. */
  nameModel(text: Bytes, isTruncated: bool): void {
    if (!text.isEmpty && !isTruncated && isPrintableUtf8(text)) this.model.set(text);
  }

  /** Something failed; `type` is the provider's word for it, absent when there is none. The first word stays. */
  fail(type: Bytes): void {
    this.isError = true;
    if (!this.errorType.isPresent && !type.isEmpty && isPrintableUtf8(type)) this.errorType.set(type);
  }
}

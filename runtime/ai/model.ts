// Where a model's name came from, and what may be wrong with it.
import { Bytes } from "../bytes/bytes";
import { constants } from "./api";

/** Longest name of a model, in bytes; a longer one is a problem, not a model. */
export const MAX_MODEL_BYTES: i32 = 256;

/** Where the model was found. The texts are the values of the filter state `model_source`. */
export const enum ModelSource {
  /** Nowhere. */
  None,
  /** In the path, percent-decoded (for a realtime session: in its query). */
  Path,
  /** In the JSON body's top-level `model`. */
  Json,
  /** In the part `model` of a multipart body. */
  Multipart,
  /** Service and method of a gRPC path stand for it. */
  Grpc,
  /** Not found within the bounds of what may be held. */
  Limit,
}

/** Why there is no model, or what is odd about it. */
export const enum ModelProblem {
  None,
  /** The body ended, and it has none. */
  Missing,
  /** The body is no JSON (or no multipart), or ended too early. */
  InvalidBody,
  /** `model` is there, but is no string. */
  NotAString,
  /** `model` is "". */
  Empty,
  /** More than `MAX_MODEL_BYTES`. */
  TooLong,
  /** Has control characters, or is no UTF-8. */
  ControlCharacters,
  /** Two top-level `model` keys that are not equal. The last one, which servers take, is the model. */
  TwoDifferent,
  /** The content type is neither JSON nor multipart: the body is not read. */
  ContentType,
  /** The body is compressed: it is not read. */
  Compressed,
}

const SOURCES: StaticArray<Bytes> = constants(["none", "path", "json", "multipart", "grpc", "limit"]);

const PROBLEMS: StaticArray<Bytes> = constants([
  "none",
  "missing",
  "invalid-body",
  "not-a-string",
  "empty",
  "too-long",
  "control-characters",
  "two-different",
  "content-type",
  "compressed",
]);

/** The text of a source. */
export function modelSourceText(source: ModelSource): Bytes {
  return unchecked(SOURCES[<i32>source < SOURCES.length ? <i32>source : 0]);
}

/** The text of a problem, for logs and counters. */
export function modelProblemText(problem: ModelProblem): Bytes {
  return unchecked(PROBLEMS[<i32>problem < PROBLEMS.length ? <i32>problem : 0]);
}

/** What is wrong with these bytes as the name of a model. */
export function problemOfModel(text: Bytes, isTruncated: bool): ModelProblem {
  if (isTruncated || text.length > MAX_MODEL_BYTES) return ModelProblem.TooLong;
  if (text.length == 0) return ModelProblem.Empty;
  return isPrintableUtf8(text) ? ModelProblem.None : ModelProblem.ControlCharacters;
}

/** Whether the bytes are well-formed UTF-8 (RFC 3629) without control characters (C0, DEL, C1). */
export function isPrintableUtf8(text: Bytes): bool {
  for (let i = 0; i < text.length;) {
    const first = text.at(i);
    if (first < 0x80) {
      if (first < 0x20 || first == 0x7f) return false;
      i++;
      continue;
    }
    if (first < 0xc2 || first > 0xf4) return false;
    const more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (i + more >= text.length) return false;
    const second = text.at(i + 1);
    if (second >> 6 != 2) return false;
    if (first == 0xc2 && second < 0xa0) return false;
    if (first == 0xe0 && second < 0xa0) return false;
    if (first == 0xed && second > 0x9f) return false;
    if (first == 0xf0 && second < 0x90) return false;
    if (first == 0xf4 && second > 0x8f) return false;
    for (let k = 2; k <= more; k++) if (text.at(i + k) >> 6 != 2) return false;
    i += more + 1;
  }
  return true;
}

// What the request body tells when it is a form: the parts `model`, `stream` and `n` of audio and image calls.
import { Bytes } from "../bytes/bytes";
import { parseU64 } from "../bytes/numbers";
import { BodyState } from "../parse/document";
import { FormField, FormFields } from "../parse/form-fields";
import { mediaBoundary } from "../parse/media-type";
import { BOUNDARY_BYTES, MultipartParser } from "../parse/multipart";
import { RequestFact } from "./facts";
import { MAX_MODEL_BYTES, ModelSource } from "./model";
import { RequestFacts } from "./request-facts";

const MODEL_NAME = Bytes.constant("model");
const STREAM_NAME = Bytes.constant("stream");
const CHOICES_NAME = Bytes.constant("n");
const TRUE = Bytes.constant("true");
const ONE = Bytes.constant("1");
const boundary = new StaticArray<u8>(BOUNDARY_BYTES);

/** A parser with the fields that are wanted. Few calls are forms: they share a pool. */
@final
export class RequestForm {
  private readonly fields: FormFields;
  private readonly modelIndex: i32;
  private readonly streamIndex: i32;
  private readonly choicesIndex: i32;
  readonly parser: MultipartParser;

  constructor() {
    const fields = new FormFields();
    this.modelIndex = fields.add(MODEL_NAME, MAX_MODEL_BYTES);
    this.streamIndex = fields.add(STREAM_NAME, 8);
    this.choicesIndex = fields.add(CHOICES_NAME, 8);
    this.parser = new MultipartParser(fields);
    this.fields = fields;
  }

  /** One from the pool. */
  static take(): RequestForm {
    return POOL.length == 0 ? new RequestForm() : POOL.pop();
  }

  /** Back to the pool; not to be used any more. */
  release(): void {
    POOL.push(this);
  }

  /** Begins a body; false when the content type names no boundary. */
  open(contentType: Bytes): bool {
    this.fields.reset();
    this.parser.reset();
    const ptr = changetype<usize>(boundary);
    const length = mediaBoundary(contentType, ptr, BOUNDARY_BYTES);
    return length <= BOUNDARY_BYTES && this.parser.setBoundary(ptr, length);
  }

  /** Hands on what is known so far. To be called after each chunk: what was told is not told again. */
  tell(facts: RequestFacts): void {
    const model = this.fields.field(this.modelIndex);
    if (model !== null && model.isKnown && <i32>model.seen > facts.modelCount) {
      const count = <i32>model.seen;
      if (model.isFile) facts.misnameModel(count);
      else facts.nameModel(model.text, model.isTruncated, model.differs, count, ModelSource.Multipart);
    }
    const stream = this.fields.field(this.streamIndex);
    if (stream !== null && isWhole(stream)) {
      facts.known |= RequestFact.Stream;
      facts.hasStream = true;
      facts.isStream = stream.text.equalsIgnoreCase(TRUE) || stream.text.equals(ONE);
    }
    const choices = this.fields.field(this.choicesIndex);
    if (choices !== null && isWhole(choices)) {
      const count = parseU64(choices.text);
      if (count >= 1 && count <= <u64>i32.MAX_VALUE) facts.choices = <i64>count;
      facts.known |= RequestFact.Choices;
    }
    if (this.parser.state == BodyState.Invalid) {
      facts.fail();
      facts.isSettled = true;
    }
  }
}

/** Whether a wanted field was read to its end. */
function isWhole(field: FormField): bool {
  return field.isKnown && !field.isTruncated;
}

const POOL: RequestForm[] = [];

// What the request body tells when it is a form: the parts `model`, `stream` and `n` of audio and image calls.
import { Bytes } from "../bytes/bytes";
import { FormField, FormFields } from "../parse/form-fields";
import { mediaBoundary } from "../parse/media-type";
import { BOUNDARY_BYTES, MultipartParser } from "../parse/multipart";
import { MAX_MODEL_BYTES } from "./model";

const MODEL_NAME = Bytes.constant("model");
const STREAM_NAME = Bytes.constant("stream");
const CHOICES_NAME = Bytes.constant("n");
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

  get model(): FormField | null {
    return this.fields.field(this.modelIndex);
  }

  get stream(): FormField | null {
    return this.fields.field(this.streamIndex);
  }

  get choices(): FormField | null {
    return this.fields.field(this.choicesIndex);
  }
}

const POOL: RequestForm[] = [];

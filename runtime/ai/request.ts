// Reads the request body: JSON or a form, whatever the API.
import { Bytes } from "../bytes/bytes";
import { BodyState } from "../parse/document";
import { JsonScanner, JsonState } from "../parse/json";
import { MediaKind } from "../parse/media-type";
import { JsonPool } from "./json-pool";
import { RequestFacts } from "./request-facts";
import { RequestForm } from "./request-form";
import { takeJson } from "./request-json";
import { REQUEST_PATHS } from "./request-paths";

const POOL = new JsonPool(REQUEST_PATHS);

/** The facts of one request body, and its parser while it is open. */
@final
export class RequestBody extends RequestFacts {
  private json: JsonScanner | null = null;
  private form: RequestForm | null = null;

  reset(): void {
    this.close();
    super.reset();
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
      takeJson(this, json);
    } else if (form !== null) {
      form.parser.feed(ptr, length);
      form.tell(this);
    }
  }

  /** No more bytes come. */
  end(): void {
    const json = this.json;
    const form = this.form;
    if (json !== null && !this.isSettled) {
      json.finish();
      takeJson(this, json);
      if (json.state != JsonState.Complete) this.fail();
    } else if (form !== null && !this.isSettled) {
      const isWhole = form.parser.state == BodyState.Ended;
      form.parser.finish();
      form.tell(this);
      if (isWhole) this.complete();
      else this.fail();
    }
    this.isSettled = true;
    this.close();
  }

  /** Gives the parsers back. */
  private close(): void {
    const json = this.json;
    const form = this.form;
    if (json !== null) POOL.give(json);
    if (form !== null) form.release();
    this.json = null;
    this.form = null;
  }
}

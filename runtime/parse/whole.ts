// A body that is one document, such as a plain JSON answer.
import { BodyState, DocumentSource } from "./document";

/** Hands the whole body on as a single document; an empty body has none. */
export class WholeBody extends DocumentSource {
  protected read(p: usize, end: usize): usize {
    if (!this.isOpen) this.begin(0);
    this.data(p, <i32>(end - p));
    return end;
  }

  protected readEnd(): void {
    if (this.isOpen) this.end(this.fed, true);
    this.state = BodyState.Ended;
  }
}

// JSON scanners that exchanges share: taken for a body, given back at its end.
import { JsonScanner } from "../parse/json";
import { PathTable } from "../parse/paths";

/** Grows to the largest number of bodies that were open at once, and keeps that many. */
@final
export class JsonPool {
  private readonly free: JsonScanner[] = [];

  constructor(private readonly table: PathTable) {}

  /** A scanner at the start of a document. */
  take(): JsonScanner {
    if (this.free.length == 0) return new JsonScanner(this.table);
    const scanner = this.free.pop();
    scanner.reset();
    return scanner;
  }

  /** Takes it back; not to be used any more. */
  give(scanner: JsonScanner): void {
    this.free.push(scanner);
  }
}

// What the instances of a filter share on one stream: the two directions and what the filter knows.
import { Half } from "./half";
import { HoldRoot } from "./hold-root";
import { Side } from "./side";

/** How a direction begins, from its headers alone. */
export const enum Start {
  /** Nothing to do with this stream. */
  Ignore,
  /** Decide now; the body is read as it passes, if it is wanted. */
  Decide,
  /** The headers have to wait for the body. */
  Hold,
}

export abstract class Call {
  outer: Side | null = null;
  inner: Side | null = null;
  /** Whether the response's headers were seen by an instance. */
  sawResponse: bool = false;

  constructor(
    /** The root whose pool it belongs to. */
    readonly owner: HoldRoot,
    /** Its place in that pool: an index for state that is kept per call. */
    readonly slot: i32,
  ) {}

  abstract get request(): Half;
  abstract get response(): Half;
  /** Request headers arrived at the first instance, whose context is the effective one. */
  abstract onRequestHeaders(endOfStream: bool, canHold: bool): Start;
  /** Response headers arrived at the first instance that sees them. */
  abstract onResponseHeaders(endOfStream: bool, canHold: bool): Start;
  /** The stream is over: facts go to properties and metrics. */
  abstract onLog(): void;
  /** Forgets the stream. */
  abstract reset(): void;
  /** Ends the memory that no collection frees. It is not used any more. */
  abstract free(): void;
}

// What a rule may ask about the call at hand. The stream implements it with host calls, tests with constants.
import { Bytes } from "../bytes/bytes";

/**
 * Every answer is a view that is valid until the outermost callback returns; `Bytes.absent()` where there is no such
 * fact. An implementation should keep what was asked once: rules ask again.
 */
export abstract class Facts {
  /** The path without its query. */
  abstract path(): Bytes;
  /** What follows the first `?` of the path, still encoded. */
  abstract query(): Bytes;
  /** The authority, with its port when it has one. */
  abstract host(): Bytes;
  abstract method(): Bytes;
  /** A request header by its lower-case name. */
  abstract header(name: Bytes): Bytes;
  /** The model asked for, after aliases. Absent until it is known. */
  abstract model(): Bytes;
  abstract requestType(): Bytes;
  abstract provider(): Bytes;
  /** Name of the matched consumer, else the default one, else `bearer()`. */
  abstract consumer(): Bytes;
  abstract team(): Bytes;
  abstract project(): Bytes;
  abstract tier(): Bytes;
  /** The peer's identity in mTLS. */
  abstract principal(): Bytes;
  /** The keyed hash of the caller's credential, as text (`BearerHash`). */
  abstract bearer(): Bytes;
  /** A claim of the token that the mesh verified. */
  abstract jwtClaim(name: Bytes): Bytes;
  /** Address and port of the caller as the connection manager trusts it. */
  abstract sourceAddress(): Bytes;
  /** A host property; the parts of the path are separated by zero bytes. */
  abstract property(path: Bytes): Bytes;
  /** The value of an expression of the configuration's `Compilation`. A bool is one byte, 0 or 1. */
  abstract expression(index: i32): Bytes;
}

/** Whether an expression's value is `true`. */
export function isTrue(value: Bytes): bool {
  return value.length == 1 && value.at(0) == 1;
}

// How far a JSON scan is, what stopped it, and where in the grammar it stands.

/** How far the document is. */
export const enum JsonState {
  /** More bytes are needed; after `finish`: the document was cut off. */
  Incomplete,
  /** The root value is whole; only white space may follow. */
  Complete,
  /** No JSON: see `fault` and `faultOffset`. What was found before stays. Further bytes are ignored. */
  Invalid,
}

/** Why a document is no JSON. */
export const enum JsonFault {
  None,
  /** A byte that the grammar does not allow here. */
  UnexpectedByte,
  BadEscape,
  /** A raw control character in a string. */
  ControlByte,
  BadNumber,
  BadLiteral,
  /** Something follows the root value. */
  TrailingBytes,
  /** More than 2^31 - 2 open brackets. */
  TooDeep,
}

/** Up to this nesting the whole grammar is checked; deeper down brackets are counted and strings skipped. */
export const CHECKED_DEPTH: i32 = 4096;

/** Where in the grammar the next byte stands. For the scanner alone. */
export const enum JsonStep {
  Start,
  Value,
  FirstElement,
  FirstKey,
  Key,
  KeyText,
  Colon,
  ValueText,
  Number,
  Literal,
  AfterValue,
  Deep,
  AfterRoot,
}

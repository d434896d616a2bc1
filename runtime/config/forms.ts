// The forms that a configured text may have to have: names, header values, globs, methods.

/** What a text has to be. */
export const enum TextForm {
  /** Anything but the empty text. */
  Any,
  /** 1 to 64 letters, digits, `.`, `_`, `-`: what may stand in state keys and metric names. */
  Identifier,
  /** 1 to 128 characters (code points), none of them a control character. */
  Label,
  /** 1 to 128 visible ASCII characters and inner spaces: what a header value may be. */
  HeaderValue,
  /** A header's name (RFC 9110 token), at most 128 characters, in any case. */
  HeaderName,
  /** A header's name in lower case that a filter may write: not one that carries the message or a credential. */
  OwnHeaderName,
  /** A text with at most one `*` at its start and one at its end. */
  Glob,
  /** An HTTP method: capitals and `-`. */
  Method,
  /** 32 or 64 digits of hexadecimal in lower case. */
  Hash,
}

const MOST_LABEL: i32 = 128;
const MOST_IDENTIFIER: i32 = 64;
const HASH_DIGITS: i32 = 64; // or half of them

/** Headers that no filter may write to: those that carry the message, and credentials. */
const RESERVED_HEADERS: string[] = [
  "accept-encoding",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "host",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-api-key",
  "x-forwarded-for",
  "x-request-id",
];

/** Whether a text has a form. */
export function hasForm(text: string, form: TextForm): bool {
  switch (form) {
    case TextForm.Identifier:
      return isIdentifier(text);
    case TextForm.Label:
      return isLabel(text);
    case TextForm.HeaderValue:
      return isHeaderValue(text);
    case TextForm.HeaderName:
      return isHeaderName(text, false);
    case TextForm.OwnHeaderName:
      return isHeaderName(text, true) && !RESERVED_HEADERS.includes(text);
    case TextForm.Glob:
      return isGlob(text);
    case TextForm.Method:
      return isMethod(text);
    case TextForm.Hash:
      return isHash(text);
    default:
      return text.length > 0;
  }
}

/** A form in the words of an error line, without an article. */
export function describeForm(form: TextForm): string {
  switch (form) {
    case TextForm.Identifier:
      return "name of 1 to 64 letters, digits, '.', '_' or '-'";
    case TextForm.Label:
      return "text of 1 to 128 characters without control characters";
    case TextForm.HeaderValue:
      return "text of 1 to 128 visible ASCII characters";
    case TextForm.HeaderName:
      return "header name";
    case TextForm.OwnHeaderName:
      return "header name in lower case that nothing else uses";
    case TextForm.Glob:
      return "text with '*' at its start or end only";
    case TextForm.Method:
      return 'method in capitals such as "POST"';
    case TextForm.Hash:
      return "hash of 32 or 64 lower-case hexadecimal digits";
    default:
      return "text that is not empty";
  }
}

function isIdentifier(text: string): bool {
  if (text.length == 0 || text.length > MOST_IDENTIFIER) return false;
  for (let i = 0, k = text.length; i < k; i++) {
    const unit = text.charCodeAt(i);
    if (!isLetter(unit) && !isDigit(unit) && unit != 0x2e && unit != 0x5f && unit != 0x2d) return false;
  }
  return true;
}

function isLabel(text: string): bool {
  let characters = 0;
  for (let i = 0, k = text.length; i < k; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return false;
    if ((unit & 0xfc00) != 0xdc00) characters++;
  }
  return characters > 0 && characters <= MOST_LABEL;
}

function isHeaderValue(text: string): bool {
  const length = text.length;
  if (length == 0 || length > MOST_LABEL) return false;
  if (text.charCodeAt(0) == 0x20 || text.charCodeAt(length - 1) == 0x20) return false;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

function isHeaderName(text: string, isLower: bool): bool {
  if (text.length == 0 || text.length > MOST_LABEL) return false;
  for (let i = 0, k = text.length; i < k; i++) {
    const unit = text.charCodeAt(i);
    if (isLetter(unit)) {
      if (isLower && unit < 0x60) return false;
    } else if (!isDigit(unit) && !"!#$%&'*+.^_`|~-".includes(text.charAt(i))) return false;
  }
  return true;
}

function isGlob(text: string): bool {
  for (let i = 1, k = text.length; i < k - 1; i++) if (text.charCodeAt(i) == 0x2a) return false;
  return text.length > 0;
}

function isMethod(text: string): bool {
  for (let i = 0, k = text.length; i < k; i++) {
    const unit = text.charCodeAt(i);
    if ((unit < 0x41 || unit > 0x5a) && (unit != 0x2d || i == 0)) return false;
  }
  return text.length > 0;
}

function isHash(text: string): bool {
  if (text.length != HASH_DIGITS && text.length * 2 != HASH_DIGITS) return false;
  for (let i = 0, k = text.length; i < k; i++) {
    const unit = text.charCodeAt(i);
    if (!isDigit(unit) && (unit < 0x61 || unit > 0x66)) return false;
  }
  return true;
}

function isLetter(unit: i32): bool {
  return (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
}

function isDigit(unit: i32): bool {
  return unit >= 0x30 && unit <= 0x39;
}

// Byte strings: JavaScript strings whose every char is one byte (0..255). Header names and values, property values and
// keys are kept so: cheap to compare, to use as map keys and to move in and out of a VM's memory.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const ascii = /^[\x00-\x7f]*$/;

/** The byte string of a text's UTF-8 form. */
export function fromText(text: string): string {
  return ascii.test(text) ? text : fromBytes(encoder.encode(text));
}

/** The text of a byte string that holds UTF-8; what is no UTF-8 becomes U+FFFD. */
export function toText(bytes: string): string {
  return ascii.test(bytes) ? bytes : decoder.decode(toBytes(bytes));
}

/** The byte string of raw bytes. Cost: linear. */
export function fromBytes(bytes: Uint8Array): string {
  const length = bytes.length;
  if (length < 64) {
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[i] as number);
    return text;
  }
  let text = "";
  for (let at = 0; at < length; at += 8192) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192) as unknown as number[]);
  }
  return text;
}

/** The raw bytes of a byte string. */
export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Eight bytes, little endian, of an integer (negative ones as two's complement): how Envoy hands out numbers. */
export function fromInt64(value: bigint | number): string {
  let rest = BigInt.asUintN(64, BigInt(value));
  let text = "";
  for (let i = 0; i < 8; i++) {
    text += String.fromCharCode(Number(rest & 0xffn));
    rest >>= 8n;
  }
  return text;
}

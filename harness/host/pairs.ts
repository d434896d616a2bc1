// The byte form of a list of pairs: count, sizes of all, then each name and value with a NUL behind it.

const maxBytes = 1024 * 1024;
const maxPairs = 1024;

/** Size of the byte form. */
export function pairsSize(names: readonly string[], values: readonly string[]): number {
  let size = 4;
  for (let i = 0; i < names.length; i++) size += 10 + (names[i] as string).length + (values[i] as string).length;
  return size;
}

/** Writes the byte form into `target` at `at`; there must be room for pairsSize(). */
export function writePairs(names: readonly string[], values: readonly string[], target: Uint8Array, at: number): void {
  at = writeU32(target, at, names.length);
  for (let i = 0; i < names.length; i++) {
    at = writeU32(target, at, (names[i] as string).length);
    at = writeU32(target, at, (values[i] as string).length);
  }
  for (let i = 0; i < names.length; i++) {
    at = writeTerminated(target, at, names[i] as string);
    at = writeTerminated(target, at, values[i] as string);
  }
}

/** The byte form as a byte string. */
export function marshalPairs(names: readonly string[], values: readonly string[]): string {
  const bytes = new Uint8Array(pairsSize(names, values));
  writePairs(names, values, bytes, 0);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Reads the byte form. Anything malformed or too large is no pairs at all, as in Envoy. */
export function readPairs(bytes: Uint8Array): [name: string, value: string][] {
  if (bytes.length < 4 || bytes.length > maxBytes) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(0, true);
  if (count > maxPairs || 4 + count * 8 > bytes.length) return [];
  const pairs: [string, string][] = [];
  let at = 4 + count * 8;
  const take = (size: number): string | undefined => {
    if (at + size + 1 > bytes.length || bytes[at + size] !== 0) return undefined;
    let text = "";
    for (let i = at; i < at + size; i++) text += String.fromCharCode(bytes[i] as number);
    at += size + 1;
    return text;
  };
  for (let i = 0; i < count; i++) {
    const name = take(view.getUint32(4 + i * 8, true));
    const value = name === undefined ? undefined : take(view.getUint32(8 + i * 8, true));
    if (name === undefined || value === undefined) return [];
    pairs.push([name, value]);
  }
  return at === bytes.length ? pairs : [];
}

function writeU32(target: Uint8Array, at: number, value: number): number {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
  return at + 4;
}

function writeTerminated(target: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) target[at++] = text.charCodeAt(i);
  target[at++] = 0;
  return at;
}

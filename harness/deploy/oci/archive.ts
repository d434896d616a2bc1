// A tar archive of one file, gzipped: the same bytes wherever and whenever it is made.
//
// zlib's output differs between its versions and between processors, and with it the digest of an image. So the gzip is
// written here, with the content as it is ("stored" blocks of RFC 1951).

const BLOCK = 512;
const MOST_STORED = 65_535;

/** A tar (ustar, RFC-less but in POSIX.1-1988) with one file of mode 644, owner 0, time 0. */
export function tarOf(name: string, content: Uint8Array): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const write = (at: number, text: string): void => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  write(0, name);
  write(100, octal(0o644, 7));
  write(108, octal(0, 7));
  write(116, octal(0, 7));
  write(124, octal(content.length, 11));
  write(136, octal(0, 11));
  write(148, "        ");
  write(156, "0");
  write(257, "ustar\u000000");
  const sum = header.reduce((total, byte) => total + byte, 0);
  write(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  const padded = Math.ceil(content.length / BLOCK) * BLOCK;
  // Two empty blocks end it.
  const tar = new Uint8Array(BLOCK + padded + 2 * BLOCK);
  tar.set(header);
  tar.set(content, BLOCK);
  return tar;
}

/** A gzip member (RFC 1952) without name or time, its content stored. */
export function gzipOf(content: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(content.length / MOST_STORED));
  const gzip = new Uint8Array(10 + blocks * 5 + content.length + 8);
  const view = new DataView(gzip.buffer);
  gzip.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  let at = 10;
  for (let block = 0; block < blocks; block++) {
    const part = content.subarray(block * MOST_STORED, (block + 1) * MOST_STORED);
    gzip[at] = block + 1 === blocks ? 1 : 0;
    view.setUint16(at + 1, part.length, true);
    view.setUint16(at + 3, ~part.length & 0xffff, true);
    gzip.set(part, at + 5);
    at += 5 + part.length;
  }
  view.setUint32(at, crc32(content), true);
  view.setUint32(at + 4, content.length % 2 ** 32, true);
  return gzip;
}

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}

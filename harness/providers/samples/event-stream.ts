// AWS's binary event stream. Source: AWS SDK documentation, "Amazon event stream specification" (prelude, headers of type 7,
// payload, each with a CRC-32 as in IEEE 802.3).

const encoder = new TextEncoder();

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (IEEE) of `bytes`. */
export function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] as number);
  return (value ^ 0xffffffff) >>> 0;
}

/** One message. All header values are strings. */
export function eventStreamMessage(headers: Record<string, string>, payload: Uint8Array): Uint8Array {
  const parts: number[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const [nameBytes, valueBytes] = [encoder.encode(name), encoder.encode(value)];
    parts.push(nameBytes.length, ...nameBytes, 7, valueBytes.length >> 8, valueBytes.length & 0xff, ...valueBytes);
  }
  const total = 12 + parts.length + payload.length + 4;
  const message = new Uint8Array(total);
  const view = new DataView(message.buffer);
  view.setUint32(0, total);
  view.setUint32(4, parts.length);
  view.setUint32(8, crc32(message.subarray(0, 8)));
  message.set(parts, 12);
  message.set(payload, 12 + parts.length);
  view.setUint32(total - 4, crc32(message.subarray(0, total - 4)));
  return message;
}

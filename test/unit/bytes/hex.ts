// Bytes as hexadecimal text, and bytes to hash.

export function hex(bytes: ArrayBuffer): string {
  let text = "";
  for (let i = 0; i < bytes.byteLength; i++) {
    text += load<u8>(changetype<usize>(bytes) + <usize>i)
      .toString(16)
      .padStart(2, "0");
  }
  return text;
}

export function repeated(byte: u8, times: i32): ArrayBuffer {
  const bytes = new ArrayBuffer(times);
  memory.fill(changetype<usize>(bytes), byte, <usize>times);
  return bytes;
}

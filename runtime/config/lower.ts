// Lower case for configured names, as far as the names of hosts and headers need it.
import { lowerAscii } from "../bytes/bytes";

/** The text with its ASCII letters in lower case. The library's own function brings 7 KiB of Unicode tables. */
export function lowerText(text: string): string {
  const bytes = String.UTF8.encode(text);
  const ptr = changetype<usize>(bytes);
  for (let i: usize = 0, k = <usize>bytes.byteLength; i < k; i++) store<u8>(ptr + i, lowerAscii(load<u8>(ptr + i)));
  return String.UTF8.decode(bytes);
}

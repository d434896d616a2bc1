// Hosts and network addresses without their ports.
import { Bytes } from "../bytes/bytes";

const COLON: u8 = 0x3a;
const OPEN: u8 = 0x5b;
const CLOSE: u8 = 0x5d;

/** A host without its port: `a.example:443` gives `a.example`, `[::1]:5` gives `[::1]`; others stay as they are. */
export function hostName(host: Bytes): Bytes {
  let end = host.length;
  while (end > 0 && host.at(end - 1) >= 0x30 && host.at(end - 1) <= 0x39) end--;
  const colon = end - 1;
  if (end == host.length || host.at(colon) != COLON) return host;
  const isAddress6 = host.indexOfByte(COLON) != colon; // several colons: a port stands only behind brackets
  return isAddress6 && host.at(colon - 1) != CLOSE ? host : host.slice(0, colon);
}

/** A peer's address alone: `1.2.3.4:567` gives `1.2.3.4`, `[::1]:5` gives `::1`. */
export function ipAddress(address: Bytes): Bytes {
  const name = hostName(address);
  const isBracketed = name.at(0) == OPEN && name.at(name.length - 1) == CLOSE;
  return isBracketed ? name.slice(1, name.length - 1) : name;
}

// Which configuration this is: the same for the two of a pair, whatever their role, and for any spelling of the JSON.
import { canonicalNumber } from "./decimal";
import { Json, JsonType } from "./json";

/** FNV-1a, 64 bit, over the values in the order in which they stand, without the top-level `pair`. Never 0. */
export function hashConfig(root: Json | null): u64 {
  const hash = root ? hashNode(root, 0xcbf29ce484222325, true) : 0;
  return hash ? hash : 1;
}

function hashNode(node: Json, hash: u64, isRoot: bool): u64 {
  hash = hashByte(hash, <u8>node.type);
  if (node.type == JsonType.Bool) return hashByte(hash, node.bool ? 1 : 0);
  if (node.type == JsonType.Number) return hashText(hash, canonicalNumber(node.text));
  hash = hashText(hash, node.text);
  for (let i = 0; i < node.items.length; i++) {
    if (node.type == JsonType.Object) {
      if (isRoot && node.names[i] == "pair") continue;
      hash = hashText(hash, node.names[i]);
    }
    hash = hashNode(node.items[i], hash, false);
  }
  return hashByte(hash, 0xff);
}

function hashText(hash: u64, text: string): u64 {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = hashByte(hashByte(hash, <u8>unit), <u8>(unit >> 8));
  }
  return hashByte(hash, 0);
}


@inline function hashByte(hash: u64, byte: u8): u64 {
  return (hash ^ byte) * 0x100000001b3;
}

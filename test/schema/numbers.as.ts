// The pure functions below the configuration's readers, for tests that compare them with simple models.
import { scaleDecimal, Scaled } from "../../runtime/config/decimal";
import { parseDuration } from "../../runtime/config/duration";
import { Json, JsonType } from "../../runtime/config/json";
import { parseJson } from "../../runtime/config/tree";

let scaled = new Scaled();

export function allocate(size: i32): usize {
  return heap.alloc(<usize>size);
}

/** Nanoseconds of a duration; negative for what is none. Frees the text. */
export function duration(ptr: usize, length: i32): i64 {
  return parseDuration(take(ptr, length));
}

/** Scales a decimal; what came out is read below. Frees the text. */
export function scale(ptr: usize, length: i32, places: i32): void {
  scaled = scaleDecimal(take(ptr, length), places);
}

export function magnitude(): u64 {
  return scaled.magnitude;
}

export function isNegative(): bool {
  return scaled.isNegative;
}

export function isOverflow(): bool {
  return scaled.isOverflow;
}

/** 1 when the exact value lies above the rounded magnitude, -1 when below. */
export function remainder(): i32 {
  return scaled.remainder;
}

/** A hash of the tree of a JSON text, whatever the order of members; -1 for a text that is none. Frees the text. */
export function tree(ptr: usize, length: i32): i64 {
  const root = parseJson(ptr, length).root;
  heap.free(ptr);
  return root === null ? -1 : <i64>(fold(root, 17) & 0x7fffffff);
}

export function collect(): void {
  __collect();
}

function fold(node: Json, seed: u32): u32 {
  let hash = mix(seed, <u32>node.type);
  if (node.type == JsonType.Bool) hash = mix(hash, node.bool ? 1 : 0);
  if (node.type == JsonType.String) hash = mixText(hash, node.text);
  if (node.type == JsonType.Number) {
    const bits = reinterpret<u64>(F64.parseFloat(node.text));
    hash = mix(mix(hash, <u32>bits), <u32>(bits >> 32));
  }
  for (let i = 0; i < node.items.length; i++) {
    if (node.type == JsonType.Object) hash += fold(node.items[i], mixText(17, node.names[i]));
    else hash = fold(node.items[i], hash);
  }
  return hash;
}

function mixText(hash: u32, text: string): u32 {
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return mix(hash, 0xffff);
}

function mix(hash: u32, value: u32): u32 {
  return (hash ^ value) * 0x01000193;
}

function take(ptr: usize, length: i32): string {
  const text = String.UTF8.decodeUnsafe(ptr, length);
  heap.free(ptr);
  return text;
}

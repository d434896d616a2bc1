// Prices and amounts without a host, for tests that compare them with exact arithmetic and with LiteLLM's.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { ConfigErrors } from "../../runtime/config/errors";
import { readConfig } from "../../runtime/config/reader";
import { addAmounts, appendAmount } from "../../runtime/price/amount";
import { readPrices } from "../../runtime/price/read";
import { Place, PriceTable } from "../../runtime/price/table";
import { Units } from "../../runtime/price/units";
import { WideSum } from "../../runtime/price/wide";

let table = new PriceTable([]);
let report: ArrayBuffer = new ArrayBuffer(0);
const units = new Units();
const place = new Place();
const sum = new WideSum();
const text = new ByteBuffer(64);
let incomplete = false;

export function allocate(size: i32): usize {
  return heap.alloc(<usize>size);
}

/** Reads `{"prices": […]}` and frees its text; answers the number of errors. */
export function configure(ptr: usize, length: i32): i32 {
  const errors = new ConfigErrors("test");
  const root = readConfig(errors, ptr, length);
  table = readPrices(root);
  root.finish();
  heap.free(ptr);
  report = String.UTF8.encode(errors.text());
  return errors.errorCount;
}

export function reportPointer(): usize {
  return changetype<usize>(report);
}

export function reportLength(): i32 {
  return report.byteLength;
}

/** Fills the units of the next `cost`. */
export function input(all: i64, cached: i64, write: i64, write1h: i64, audio: i64, images: i64): void {
  units.clear().divideInput(all, cached, write, write1h, audio, images);
}

export function output(all: i64, reasoning: i64, audio: i64, images: i64): void {
  units.divideOutput(all, reasoning, audio, images);
}

export function others(images: i64, searches: i64): void {
  units.images = images;
  units.searches = searches;
}

/** The cost by the entry at `index`, in 1e-12. `tier` is freed. */
export function cost(index: i32, tier: usize, length: i32): i64 {
  if (index < 0 || index >= table.prices.length) return -1;
  const price = table.prices[index];
  const name = Bytes.view(tier, length);
  const amount = price.cost(units, name);
  incomplete = price.isIncomplete;
  heap.free(tier);
  return amount;
}

export function isIncomplete(): bool {
  return incomplete;
}

/** The place of the entry for a model in a table, -1 without one. The text is freed. */
export function find(ptr: usize, length: i32, day: i32): i32 {
  place.day = day;
  const found = table.find(Bytes.view(ptr, length), place);
  heap.free(ptr);
  return found ? table.prices.indexOf(found) : -1;
}

export function clearSum(): void {
  sum.clear();
}

export function addProduct(a: u64, b: u64): void {
  sum.addProduct(a, b);
}

export function quotient(divisor: u32): u64 {
  return sum.dividedBy(divisor);
}

export function isOverflow(): bool {
  return sum.isOverflow;
}

export function add(a: i64, b: i64): i64 {
  return addAmounts(a, b);
}

/** Writes an amount; the text stands at `textPointer`. Answers its length. */
export function write(amount: i64): i32 {
  return appendAmount(text.clear(), amount).length;
}

export function textPointer(): usize {
  return text.ptr;
}

export function collect(): void {
  __collect();
}

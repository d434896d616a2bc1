// The prices' code without a host, as a test calls it.

import { loadModule } from "./module.ts";

interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  allocate(size: number): number;
  configure(pointer: number, length: number): number;
  reportPointer(): number;
  reportLength(): number;
  input(all: bigint, cached: bigint, write: bigint, write1h: bigint, audio: bigint, images: bigint): void;
  output(all: bigint, reasoning: bigint, audio: bigint, images: bigint): void;
  others(images: bigint, searches: bigint): void;
  cost(index: number, tier: number, length: number): bigint;
  isIncomplete(): number;
  find(pointer: number, length: number, day: number): number;
  clearSum(): void;
  addProduct(a: bigint, b: bigint): void;
  quotient(divisor: number): bigint;
  isOverflow(): number;
  add(a: bigint, b: bigint): bigint;
  write(amount: bigint): number;
  textPointer(): number;
  collect(): void;
}

/** The tokens of a call, and more. What is absent is 0. */
export interface Units {
  input: number;
  output: number;
  cached?: number;
  write?: number;
  write1h?: number;
  audioInput?: number;
  imageInput?: number;
  reasoning?: number;
  audioOutput?: number;
  imageOutput?: number;
  images?: number;
  searches?: number;
  tier?: string;
}

/** test/schema/prices.as.ts. */
export class PriceModule {
  readonly exports: Exports;

  private constructor(exports: Exports) {
    this.exports = exports;
  }

  static async load(): Promise<PriceModule> {
    return new PriceModule((await loadModule("prices")) as Exports);
  }

  /** Takes a table of prices; answers its errors, "" when there are none. */
  configure(prices: unknown[]): string {
    this.exports.collect();
    this.exports.configure(...this.place(JSON.stringify({ prices })));
    return this.text(this.exports.reportPointer(), this.exports.reportLength());
  }

  /** What a call costs by the entry at `index`, in 1e-12 of the currency. */
  cost(units: Units, index = 0): bigint {
    const of = (value = 0): bigint => BigInt(value);
    const { input, output, cached, write, write1h } = units;
    this.exports.input(of(input), of(cached), of(write), of(write1h), of(units.audioInput), of(units.imageInput));
    this.exports.output(of(output), of(units.reasoning), of(units.audioOutput), of(units.imageOutput));
    this.exports.others(of(units.images), of(units.searches));
    return this.exports.cost(index, ...this.place(units.tier ?? ""));
  }

  /** The place of the entry for a model on a day; -1 without one. */
  find(model: string, day = 0): number {
    return this.exports.find(...this.place(model), day);
  }

  /** An amount as it is shown. */
  write(amount: bigint): string {
    const length = this.exports.write(amount);
    return this.text(this.exports.textPointer(), length);
  }

  private place(text: string): [number, number] {
    const bytes = new TextEncoder().encode(text);
    const pointer = this.exports.allocate(Math.max(bytes.length, 1));
    new Uint8Array(this.exports.memory.buffer).set(bytes, pointer);
    return [pointer, bytes.length];
  }

  private text(pointer: number, length: number): string {
    return new TextDecoder().decode(new Uint8Array(this.exports.memory.buffer, pointer, length));
  }
}

// A million callers against a table of a thousand buckets: memory and shared data stay flat, callers who are busy are
// counted exactly. The module is driven by its callbacks alone, which is fast enough for a million requests.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SharedData } from "../../harness/host/shared-data.ts";

interface Module {
  memory: WebAssembly.Memory;
  _start?(): void;
  _initialize?(): void;
  proxy_on_memory_allocate(size: number): number;
  proxy_on_vm_start(root: number, size: number): number;
  proxy_on_configure(root: number, size: number): number;
  proxy_on_context_create(id: number, parent: number): void;
  proxy_on_request_headers(id: number, count: number, end: number): number;
  proxy_on_log(id: number): void;
  proxy_on_delete(id: number): void;
}

const wasm = new WebAssembly.Module(readFileSync("build/rate-limit.wasm"));
const encoder = new TextEncoder();
const notFound = 1;
const root = 1;

/** The ABI's form of header pairs. */
function pairs(headers: [string, string][]): Uint8Array {
  const texts = headers.map((pair) => pair.map((one) => encoder.encode(one)));
  const size = texts.reduce((sum, pair) => sum + pair.reduce((all, one) => all + 4 + one.length + 1, 0), 4);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, texts.length, true);
  let at = 4;
  for (const pair of texts) for (const one of pair) at = (view.setUint32(at, one.length, true), at + 4);
  for (const pair of texts) for (const one of pair) at = (bytes.set(one, at), at + one.length + 1);
  return bytes;
}

/** One worker, and only what the filter needs of a host. */
class Worker {
  readonly exports: Module;
  headers: Uint8Array = new Uint8Array();
  now = 1_800_000_000_000_000_000n;
  wasRefused = false;
  readonly #shared: SharedData;
  #nextId = 2;

  constructor(shared: SharedData, config: string) {
    this.#shared = shared;
    const known = this.#functions(encoder.encode(config)) as Record<string, (...values: never[]) => number>;
    const imports: Record<string, Record<string, (...values: never[]) => number>> = {};
    for (const { module, name } of WebAssembly.Module.imports(wasm))
      (imports[module] ??= {})[name] = known[name] ?? (() => 0);
    this.exports = new WebAssembly.Instance(wasm, imports).exports as unknown as Module;
    this.exports._start?.();
    this.exports._initialize?.();
    this.exports.proxy_on_context_create(root, 0);
    this.exports.proxy_on_vm_start(root, 0);
    assert.equal(this.exports.proxy_on_configure(root, config.length), 1);
  }

  /** One request to its end: whether it was admitted. */
  request(user: string): boolean {
    this.headers = pairs([
      [":method", "GET"],
      [":path", "/v1/models"],
      [":authority", "gateway.test"],
      ["x-user", user],
    ]);
    this.wasRefused = false;
    const id = this.#nextId++;
    this.exports.proxy_on_context_create(id, root);
    this.exports.proxy_on_request_headers(id, 4, 1);
    this.exports.proxy_on_log(id);
    this.exports.proxy_on_delete(id);
    return !this.wasRefused;
  }

  #functions(config: Uint8Array) {
    return {
      proxy_get_buffer_bytes: (_type: number, _start: number, _size: number, ptr: number, size: number) =>
        this.#answer(config, ptr, size),
      proxy_get_header_map_pairs: (_map: number, ptr: number, size: number) => this.#answer(this.headers, ptr, size),
      proxy_get_property: () => notFound,
      proxy_get_current_time_nanoseconds: (out: number) => {
        this.#view().setBigUint64(out, this.now, true);
        return 0;
      },
      proxy_send_local_response: () => {
        this.wasRefused = true;
        return 0;
      },
      proxy_get_shared_data: (key: number, keySize: number, ptr: number, size: number, cas: number) => {
        const found = this.#shared.get("", this.#text(key, keySize));
        if (found === undefined) return notFound;
        this.#view().setUint32(cas, found.cas, true);
        return this.#answer(found.value, ptr, size);
      },
      proxy_set_shared_data: (key: number, keySize: number, value: number, valueSize: number, cas: number) =>
        this.#shared.set("", this.#text(key, keySize), this.#bytes(value, valueSize).slice(), cas >>> 0),
    };
  }

  #answer(bytes: Uint8Array, ptr: number, size: number): number {
    const at = this.exports.proxy_on_memory_allocate(bytes.length);
    new Uint8Array(this.exports.memory.buffer).set(bytes, at);
    this.#view().setUint32(ptr, at, true);
    this.#view().setUint32(size, bytes.length, true);
    return 0;
  }

  #bytes(ptr: number, size: number): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, ptr >>> 0, size >>> 0);
  }

  #text(ptr: number, size: number): string {
    return Buffer.from(this.#bytes(ptr, size)).toString("latin1");
  }

  #view(): DataView {
    return new DataView(this.exports.memory.buffer);
  }
}

const distinct = 1_000_000;
const maxKeys = 1000;

/** Bytes and keys of shared data. */
function sizeOf(shared: SharedData): { keys: number; bytes: number } {
  const entries = shared.entries("");
  return { keys: entries.length, bytes: entries.reduce((sum, [, { value }]) => sum + value.length, 0) };
}

test(`${distinct} callers against ${maxKeys} buckets leave memory flat, and busy callers exact`, (t) => {
  const shared = new SharedData();
  const limit = { capacity: 20, refill: 1, interval: "1s" };
  const rules = [
    {
      name: "user",
      mode: "enforce",
      key: ["header:x-user"],
      limit,
      overrides: [{ key: ["vip"], limit: { capacity: 50 } }],
    },
  ];
  const config = JSON.stringify({ trustedHeaders: ["x-user"], maxKeys, rules });
  const workers = [new Worker(shared, config), new Worker(shared, config)] as const;
  const hot = Array.from({ length: 20 }, (_, i) => `busy-${i}`);
  const admitted = new Map<string, number>();
  const ask = (user: string, i: number): boolean => {
    const worker = workers[i % 2] as Worker;
    worker.now = 1_800_000_000_000_000_000n + BigInt(i) * 1_000_000n; // a thousand requests in a second
    const isAdmitted = worker.request(user);
    if (isAdmitted) admitted.set(user, (admitted.get(user) ?? 0) + 1);
    return isAdmitted;
  };
  const started = performance.now();
  let warm: { pages: number; keys: number } | undefined;
  let strangers = 0;
  for (let i = 0; i < distinct; i++) {
    const isAdmitted = workers[i % 2] as Worker;
    isAdmitted.now = 1_800_000_000_000_000_000n + BigInt(i) * 1_000_000n;
    if (isAdmitted.request(`user-${i}`)) strangers++;
    if (i % 20 === 0) ask(hot[(i / 20) % hot.length] as string, i);
    if (i % 10_000 === 0) ask("vip", i);
    if (i === 100_000) warm = { pages: workers[0].exports.memory.buffer.byteLength, keys: sizeOf(shared).keys };
  }
  const seconds = (performance.now() - started) / 1000;
  const { keys, bytes } = sizeOf(shared);
  // Each busy caller asks 2.5 times a second and may ask once: all that came back, and the first burst, were admitted.
  for (const user of hot) {
    const count = admitted.get(user) ?? 0;
    assert.ok(count <= 20 + distinct / 1000 && count >= 20 + distinct / 1000 - 1, `${user}: ${count}`);
  }
  assert.equal(admitted.get("vip"), 100);
  assert.equal(workers[0].exports.memory.buffer.byteLength, warm?.pages);
  assert.ok(keys <= maxKeys + 10 && keys - (warm?.keys ?? 0) < 50, `${keys} keys, ${warm?.keys} at the beginning`);
  assert.ok(bytes < maxKeys * 70 + 20_000, `${bytes} bytes`);
  t.diagnostic(
    `${strangers} strangers admitted, ${keys} keys of ${bytes} bytes, ${((seconds * 1e6) / distinct).toFixed(1)} µs each`,
  );
});

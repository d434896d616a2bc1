// Just enough of a host for the parts of runtime/ that keep state and count: shared data, metrics, properties, log and
// clock, each to be watched, failed or interrupted by the test. Whatever else a module imports fails the test when called.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { main as asc } from "assemblyscript/asc";
import { MetricIds, MetricRegistry } from "../../harness/host/metrics.ts";
import { SharedData } from "../../harness/host/shared-data.ts";
import { Status } from "../../harness/host/status.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const noNumber = 0xffffffff;

/** What all workers of one process share. */
export class SmallProcess {
  readonly shared = new SharedData();
  readonly metrics = new MetricRegistry();
  /** Nanoseconds since 1970. */
  now = 1_700_000_000_000_000_000n;
}

/** One call of the module to the host. */
export interface HostCall {
  name: string;
  /** The key of shared data, the name of a metric or a property, the log line. */
  subject: string;
}

/** The memory and the allocator that every module exports. */
interface BaseExports {
  memory: WebAssembly.Memory;
  proxy_on_memory_allocate(size: number): number;
}

/** One worker: an instance of the module with a VM's view of the process. */
export class Worker<Exports extends object> {
  readonly process: SmallProcess;
  readonly log: string[] = [];
  readonly properties = new Map<string, string>();
  /** Names given to proxy_define_metric, in order. */
  readonly defined: string[] = [];
  calls: HostCall[] = [];
  /** Runs before each host call does its work; a status ends the call with it. */
  before: ((call: HostCall) => number | undefined) | undefined;
  exports!: Exports & BaseExports;
  readonly #metrics: MetricIds;

  constructor(process: SmallProcess) {
    this.process = process;
    this.#metrics = new MetricIds(process.metrics);
  }

  /** Instantiates a compiled module. */
  start(module: WebAssembly.Module): this {
    const env: Record<string, (...args: never[]) => unknown> = {};
    for (const { name } of WebAssembly.Module.imports(module)) {
      const known = (this.#functions as Record<string, (...args: never[]) => unknown>)[name];
      env[name] =
        known ??
        (() => {
          throw new Error(`the module called ${name}, which this host does not have`);
        });
    }
    const instance = new WebAssembly.Instance(module, { env, wasi_snapshot_preview1: env });
    this.exports = instance.exports as unknown as Exports & BaseExports;
    (instance.exports["_start"] as (() => void) | undefined)?.();
    return this;
  }

  /** The host calls that `work` makes. */
  callsOf(work: () => unknown): string[] {
    this.calls = [];
    work();
    return this.calls.map(({ name }) => name);
  }

  readonly #functions = {
    proxy_get_shared_data: (key: number, keySize: number, ptr: number, size: number, cas: number) => {
      const name = this.#text(key, keySize);
      const failed = this.#enter("get_shared_data", name);
      if (failed !== undefined) return failed;
      const found = this.process.shared.get("", name);
      if (found === undefined) return Status.NotFound;
      this.#answer(ptr, size, found.value);
      this.#view().setUint32(cas, found.cas, true);
      return Status.Ok;
    },
    proxy_set_shared_data: (key: number, keySize: number, value: number, valueSize: number, cas: number) => {
      const name = this.#text(key, keySize);
      const failed = this.#enter("set_shared_data", name);
      if (failed !== undefined) return failed;
      return this.process.shared.set("", name, this.#bytes(value, valueSize).slice(), cas >>> 0);
    },
    proxy_define_metric: (type: number, name: number, nameSize: number, id: number) => {
      const text = this.#text(name, nameSize);
      const failed = this.#enter("define_metric", text);
      if (failed !== undefined) return failed;
      this.defined.push(text);
      this.#view().setUint32(id, this.#metrics.define(type, text), true);
      return Status.Ok;
    },
    proxy_increment_metric: (id: number, by: bigint) => {
      return this.#enter("increment_metric", String(id)) ?? this.#metrics.increment(id, by);
    },
    proxy_record_metric: (id: number, value: bigint) => {
      return this.#enter("record_metric", String(id)) ?? this.#metrics.record(id, BigInt.asUintN(64, value));
    },
    proxy_set_property: (path: number, pathSize: number, value: number, valueSize: number) => {
      const name = this.#text(path, pathSize);
      const failed = this.#enter("set_property", name);
      if (failed !== undefined) return failed;
      this.properties.set(name, this.#text(value, valueSize));
      return Status.Ok;
    },
    proxy_get_current_time_nanoseconds: (out: number) => {
      const failed = this.#enter("get_current_time_nanoseconds", "");
      if (failed !== undefined) return failed;
      this.#view().setBigUint64(out, this.process.now, true);
      return Status.Ok;
    },
    proxy_log: (level: number, line: number, size: number) => {
      const text = this.#text(line, size);
      this.#enter("log", text);
      this.log.push(`${level} ${text}`);
      return Status.Ok;
    },
  };

  #enter(name: string, subject: string): number | undefined {
    const call = { name, subject };
    this.calls.push(call);
    return this.before?.(call);
  }

  #answer(ptr: number, size: number, value: Uint8Array): void {
    const at = this.exports.proxy_on_memory_allocate(value.length);
    new Uint8Array(this.exports.memory.buffer).set(value, at);
    this.#view().setUint32(ptr, at, true);
    this.#view().setUint32(size, value.length, true);
  }

  #bytes(ptr: number, size: number): Uint8Array {
    if (size >>> 0 === noNumber) throw new Error("the module gave the host a length of -1");
    return new Uint8Array(this.exports.memory.buffer, ptr >>> 0, size >>> 0);
  }

  #text(ptr: number, size: number): string {
    const bytes = this.#bytes(ptr, size);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  }

  #view(): DataView {
    return new DataView(this.exports.memory.buffer);
  }
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** Compiles `test/host/fixtures/<name>.as.ts` as the product is, once. */
export function compileFixture(name: string): Promise<WebAssembly.Module> {
  let module = compiled.get(name);
  if (module === undefined) compiled.set(name, (module = compile(name)));
  return module;
}

async function compile(name: string): Promise<WebAssembly.Module> {
  const files = new Map<string, Uint8Array>();
  const { error, stderr } = await asc(
    [`test/host/fixtures/${name}.as.ts`, "--outFile", "module.wasm", "--baseDir", root, "--target", "release"],
    { writeFile: (file, contents) => void files.set(file, contents as Uint8Array) },
  );
  const binary = files.get("module.wasm");
  if (error || !binary) throw new Error(`${name}.as.ts does not compile:\n${stderr.toString()}`, { cause: error });
  return WebAssembly.compile(new Uint8Array(binary));
}

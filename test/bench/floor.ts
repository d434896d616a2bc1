// The floor of a job: a module that makes the host calls of the real one, with the same bytes, and does nothing else.
//
// One request is traced in the in-process host after a warm-up; what each callback asked becomes straight code (of several
// callbacks of a body, what most of them asked). What the real module takes beyond this is its own work.
import { readFileSync } from "node:fs";
import type { Tracer } from "../../harness/host/process.ts";
import type { Vm } from "../../harness/host/vm.ts";
import type { PluginSpec } from "../../harness/scenario/scenario.ts";
import { plugin } from "./chains.ts";
import { sender, warmUp } from "./host-calls.ts";
import type { Job } from "./jobs.ts";
import { compile, sourceLike } from "./like.ts";

/** The name of a job's floor. */
export const floorName = (job: string): string => job.replace(": ", ": host calls alone of ");

/** The jobs, each that `hasFloor` followed by its floor. */
export async function withFloors(jobs: readonly Job[]): Promise<Job[]> {
  const all: Job[] = [];
  for (const job of jobs) {
    all.push(job);
    const [own] = job.chain;
    if (job.hasFloor !== true || own?.kind !== "plugin") continue;
    all.push(await floorOf(job, trace(job, own)));
  }
  return all;
}

/** The floor of a job that was traced; `without` leaves out the host calls of a name. */
export async function floorOf(job: Job, trace: Trace, without?: string): Promise<Job> {
  const name = floorName(job.name) + (without === undefined ? "" : ` but ${without}`);
  const path = await compile(name.replaceAll(/[^a-z0-9]+/gi, "-"), source(trace, without));
  return { ...job, name, chain: [plugin("floor", {}, path)] };
}

/** What one request of a job asks of Envoy. */
export interface Trace {
  /** What the module exports. */
  exported: string[];
  /** In order. */
  callbacks: Callback[];
  metrics: { name: string; type: number }[];
}

/** What a parameter is: bytes that go in (two parameters), bytes that come out (two), a number's place, or a number. */
type Kind = "in" | "out" | "place" | "number" | "long" | "metric";

const signatures: Record<string, Kind[]> = {
  proxy_set_property: ["in", "in"],
  proxy_get_property: ["in", "out"],
  proxy_get_header_map_value: ["number", "in", "out"],
  proxy_get_header_map_pairs: ["number", "out"],
  proxy_add_header_map_value: ["number", "in", "in"],
  proxy_replace_header_map_value: ["number", "in", "in"],
  proxy_remove_header_map_value: ["number", "in"],
  proxy_get_buffer_bytes: ["number", "number", "number", "out"],
  proxy_get_current_time_nanoseconds: ["place"],
  proxy_get_shared_data: ["in", "out", "place"],
  proxy_set_shared_data: ["in", "in", "number"],
  proxy_increment_metric: ["metric", "long"],
  proxy_record_metric: ["metric", "long"],
  proxy_call_foreign_function: ["in", "in", "out"],
  proxy_set_buffer_bytes: ["number", "number", "number", "in"],
};

/** One callback. */
interface Callback {
  name: string;
  /** The number of bytes of a body's callback, and whether the body ends with it. */
  size: number;
  endOfStream: boolean;
  /** The host calls within it, by name, as source. */
  calls: { name: string; text: string }[];
  answer: number;
}

/** Collects the callbacks of one request as source. */
class Recorder implements Tracer {
  readonly callbacks: Callback[] = [];
  readonly metrics = new Map<number, { name: string; type: number }>();
  isOn = false;
  #running: Callback[] = [];
  #defined: { name: string; type: number; out: number } | undefined;

  callback(name: string, args: readonly number[], vm: Vm): void {
    this.#settle(vm);
    const callback = { name, size: args[1] ?? 0, endOfStream: args[2] === 1, calls: [], answer: 0 };
    this.#running.push(callback);
    if (this.isOn && name !== "proxy_on_memory_allocate") this.callbacks.push(callback);
  }

  answered(_: string, answer: number): void {
    const callback = this.#running.pop();
    if (callback) callback.answer = answer;
  }

  hostCall(name: string, args: readonly (number | bigint)[], vm: Vm): void {
    this.#settle(vm);
    const [first = 0, second = 0, third = 0, fourth = 0] = args.map(Number);
    if (name === "proxy_define_metric") {
      this.#defined = { type: first, name: vm.memory.text(second, third) ?? "", out: fourth };
    }
    const callback = this.#running.at(-1);
    if (!this.isOn || callback === undefined) return;
    const kinds = signatures[name];
    if (kinds === undefined) throw new Error(`test/bench/floor.ts does not know the parameters of ${name}`);
    let at = 0;
    const written = kinds.map((kind) => {
      const value = args[at++] ?? 0;
      if (kind === "in") {
        const bytes = vm.memory.copy(Number(value), Number(args[at++])) ?? new Uint8Array();
        return bytes.length === 0 ? "0, 0" : `memory.data<u8>([${bytes.join(",")}]), ${bytes.length}`;
      }
      if (kind === "out") return at++ && "out, out + 4";
      if (kind === "place") return "out + 8";
      if (kind === "metric") return `load<u32>(metrics + ${[...this.metrics.keys()].indexOf(Number(value)) * 4})`;
      // All of what a body's callback brought.
      return name === "proxy_get_buffer_bytes" && at === 3 && Number(value) === callback.size ? "p1" : String(value);
    });
    callback.calls.push({ name, text: `${name}(${written.join(", ")});` });
  }

  // A metric's id is known once the call that defined it is over.
  #settle(vm: Vm): void {
    const defined = this.#defined;
    if (defined === undefined) return;
    this.#defined = undefined;
    const id = new DataView(vm.memory.bytes.buffer).getUint32(defined.out >>> 0, true);
    this.metrics.set(id, { name: defined.name, type: defined.type });
  }
}

const numbers: Record<Kind, string> = {
  ...{ in: "a: usize, b: usize", out: "a: usize, b: usize", place: "a: usize" },
  ...{ number: "a: i32", long: "a: i64", metric: "a: u32" },
};

/** Declarations of the host calls. */
function imports(): string {
  const lines = Object.entries({ ...signatures, proxy_define_metric: ["number", "in", "place"] as Kind[] });
  return lines
    .map(([name, kinds]) => {
      const parameters = kinds.map((kind, at) => numbers[kind].replaceAll(/([ab]):/g, `$1${at}:`)).join(", ");
      return `@external("env", "${name}") declare function ${name}(${parameters}): u32;`;
    })
    .join("\n");
}

/** One of those of which there are most. */
function usual(callbacks: readonly Callback[]): Callback | undefined {
  const alike = new Map<string, Callback[]>();
  for (const one of callbacks) {
    const text = one.calls.map((call) => call.text).join();
    alike.set(text, [...(alike.get(text) ?? []), one]);
  }
  return [...alike.values()].toSorted((a, b) => b.length - a.length)[0]?.[0];
}

/** The module's source, without the host calls of a name. */
function source({ exported, callbacks, metrics }: Trace, without: string | undefined): string {
  const definitions = metrics.map(({ name, type }, at) => {
    const bytes = Buffer.from(name, "latin1").join(",");
    return `proxy_define_metric(${type}, memory.data<u8>([${bytes}]), ${name.length}, metrics + ${at * 4});`;
  });
  const bodies = new Map([["proxy_on_configure", definitions.join("\n")]]);
  for (const name of new Set(callbacks.map((one) => one.name))) {
    const answers = name.includes("_on_re");
    const code = (endOfStream: boolean): string => {
      const one = usual(callbacks.filter((other) => other.name === name && other.endOfStream === endOfStream));
      const calls = one?.calls.filter((call) => call.name !== without).map(({ text }) => text) ?? [];
      return [...calls, ...(one && answers ? [`return ${one.answer};`] : [])].join("\n");
    };
    bodies.set(name, answers ? `if (p2 == 1) {\n${code(true)}\n}\n${code(false)}` : code(false));
  }
  const places = [
    "const out: usize = heap.alloc(16);",
    `const metrics: usize = heap.alloc(${Math.max(4, metrics.length * 4)});`,
  ];
  return [imports(), ...places, sourceLike(exported, bodies)].join("\n");
}

/** What the plugin asks in one of the job's requests, once it is warm. */
export function trace({ requests }: Job, own: PluginSpec): Trace {
  const recorder = new Recorder();
  const { send } = sender([own], requests, { tracer: recorder });
  send(0, warmUp);
  recorder.isOn = true;
  send(warmUp, warmUp + 1);
  recorder.isOn = false;
  const module = new WebAssembly.Module(readFileSync(own.module));
  return {
    exported: WebAssembly.Module.exports(module).map(({ name }) => name),
    callbacks: recorder.callbacks,
    metrics: [...recorder.metrics.values()],
  };
}

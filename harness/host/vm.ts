// One VM: a module's instance on one thread, its contexts, its timers, and the way in and out of it.
import { Context } from "./context.ts";
import { linkHostFunctions } from "./host-functions.ts";
import { VmMemory } from "./memory.ts";
import { MetricIds } from "./metrics.ts";
import type { Plugin } from "./plugin.ts";
import type { Thread } from "./process.ts";
import type { Timer } from "./clock.ts";

/** Why a VM serves no more. */
export type FailState = "start-failed" | "configure-failed" | "initialize-failed" | "runtime-error";

/** Thrown by a host function to trap the VM that called it. */
export class HostTrap extends Error {}

type Callback = (...args: (number | bigint)[]) => number | void;

/** Calls that a VM may make while it initialises or allocates. */
const allowedWhileAllocating = new Set(["proxy_log", "fd_write", "clock_time_get", "poll_oneoff"]);
const deniedWhileStarting = /^(proxy_(?!log$)|envoy_|pthread_equal$)/;

/** One VM. */
export class Vm {
  readonly thread: Thread;
  readonly plugin: Plugin;
  readonly key: string;
  readonly vmId: string;
  readonly memory: VmMemory;
  readonly metricIds: MetricIds;
  readonly contexts = new Map<number, Context>();
  readonly roots = new Map<string, Context>();
  readonly pendingDone = new Map<string, Context>();
  readonly #exports: Record<string, Callback | undefined>;
  readonly #vmContext: Context;
  readonly #timers = new Map<number, { periodMs: number; timer: Timer }>();
  #afterActions: (() => void)[] = [];
  #nextContextId = 1;
  #nextCallId = 0;
  #restriction: "none" | "starting" | "allocating" = "none";
  failState: FailState | null = null;
  /** A local reply was asked for: the callback's status does not count. */
  stopIteration = false;
  /** The context whose callback runs, and the one that it chose to act for (0: none). */
  current: Context | null = null;
  effectiveId = 0;

  /** Instantiates and initialises the module; `plugin` names module, vm_id, vm configuration and environment. */
  constructor(thread: Thread, plugin: Plugin) {
    this.thread = thread;
    this.plugin = plugin;
    this.key = plugin.vmKey;
    this.vmId = plugin.vmId;
    this.metricIds = new MetricIds(thread.process.metrics);
    this.#vmContext = new Context(this, 0, plugin, null);
    const imports = linkHostFunctions(this, plugin.options.module);
    const instance = new WebAssembly.Instance(plugin.options.module.compiled, imports);
    this.#exports = instance.exports as Record<string, Callback | undefined>;
    const memory = instance.exports.memory;
    this.memory = new VmMemory(
      memory instanceof WebAssembly.Memory ? memory : new WebAssembly.Memory({ initial: 0 }),
      (size) => this.#allocate(size),
    );
    this.#restriction = "starting";
    const initialise = this.#exports._initialize === undefined ? "_start" : "_initialize";
    if (this.#exports[initialise] !== undefined) this.call(this.#vmContext, initialise);
    this.#restriction = "none";
    if (this.failState !== null) this.failState = "initialize-failed";
  }

  get isFailed(): boolean {
    return this.failState !== null;
  }

  exports(name: string): boolean {
    return this.#exports[name] !== undefined;
  }

  /** The context for which a host call acts. */
  get acting(): Context {
    const effective = this.effectiveId === 0 ? undefined : this.contexts.get(this.effectiveId);
    return effective ?? this.current ?? this.#vmContext;
  }

  /** Throws into the VM where the call is not allowed now. */
  checkAllowed(name: string): void {
    if (this.#restriction === "none") return;
    const denied =
      this.#restriction === "starting" ? deniedWhileStarting.test(name) : !allowedWhileAllocating.has(name);
    if (denied) throw new HostTrap(`restricted_callback: ${name}`);
  }

  /** Calls into the VM for a context. Answers the unsigned result; 0 after a trap (then `failState` is set). */
  call(context: Context, name: string, ...args: number[]): number {
    const callback = this.#exports[name] as Callback;
    const current = this.current;
    const effectiveId = this.effectiveId;
    this.current = context;
    this.effectiveId = 0;
    const { clock, tracer } = this.thread.process;
    tracer?.callback(name, args, this);
    const entered = clock.enter(this.thread.index);
    try {
      const answer = (callback(...args) as number) >>> 0;
      tracer?.answered(name, answer);
      return answer;
    } catch (error) {
      if (!isTrap(error)) throw error;
      this.#fail(name, error);
      return 0;
    } finally {
      if (entered) clock.leave(this.thread.index);
      this.current = current;
      this.effectiveId = effectiveId;
    }
  }

  /** Puts an action off to the end of the callback that runs. */
  afterCallback(action: () => void): void {
    this.#afterActions.push(action);
  }

  /** What happens as a callback ends: the put-off actions, in order, before its status is looked at. */
  finishCallback(): void {
    this.stopIteration = false;
    while (this.#afterActions.length > 0) (this.#afterActions.shift() as () => void)();
  }

  newContextId(): number {
    while (this.contexts.has(this.#nextContextId)) this.#nextContextId++;
    return this.#nextContextId++;
  }

  /** A token of an HTTP (0) or gRPC (1) call. */
  newCallId(type: 0 | 1): number {
    this.#nextCallId += 4;
    return this.#nextCallId + type;
  }

  /** Starts a root context for the plugin (or again the one that there is). Null: on_vm_start answered false. */
  start(plugin: Plugin): Context | null {
    const old = this.roots.get(plugin.key);
    if (old !== undefined) {
      old.onStart();
      return old;
    }
    const root = new Context(this, this.newContextId(), plugin, null);
    this.roots.set(plugin.key, root);
    return root.onStart() ? root : null;
  }

  /** Ends a plugin's root context: on_done, and on_delete once it agreed. */
  shutDown(pluginKey: string): void {
    const root = this.roots.get(pluginKey);
    if (root === undefined) return;
    this.roots.delete(pluginKey);
    if (root.onDone()) this.#deleteRoot(root);
    else this.pendingDone.set(pluginKey, root);
  }

  /** `proxy_done`: false where nothing waits for it. */
  done(root: Context): boolean {
    const key = root.plugin.key;
    const waiting = this.pendingDone.get(key);
    if (waiting === undefined) return false;
    this.pendingDone.delete(key);
    this.afterCallback(() => this.#deleteRoot(waiting));
    return true;
  }

  /** Sets a root's tick; 0 stops it. */
  setTick(rootId: number, periodMs: number): void {
    this.thread.process.clock.cancel(this.#timers.get(rootId)?.timer);
    this.#timers.delete(rootId);
    if (periodMs > 0) this.#armTick(rootId, periodMs);
  }

  /** Stops timers: the VM is gone. */
  dispose(): void {
    for (const { timer } of this.#timers.values()) this.thread.process.clock.cancel(timer);
    this.#timers.clear();
    this.contexts.clear();
    this.roots.clear();
    this.pendingDone.clear();
  }

  #armTick(rootId: number, periodMs: number): void {
    const timer = this.thread.process.clock.after(periodMs, this.thread.index, () => {
      const root = this.contexts.get(rootId);
      if (root === undefined) {
        this.#timers.delete(rootId);
        return;
      }
      root.onTick();
      if (this.#timers.get(rootId)?.timer === timer) this.#armTick(rootId, periodMs);
    });
    this.#timers.set(rootId, { periodMs, timer });
  }

  #deleteRoot(root: Context): void {
    root.onDelete();
    this.contexts.delete(root.id);
    this.setTick(root.id, 0);
  }

  #allocate(size: number): number {
    const before = this.#restriction;
    this.#restriction = "allocating";
    const name = this.#exports.malloc === undefined ? "proxy_on_memory_allocate" : "malloc";
    const pointer = this.call(this.#vmContext, name, size);
    this.#restriction = before;
    return pointer;
  }

  #fail(name: string, error: Error): void {
    this.failState = "runtime-error";
    if (this.thread.vms.get(this.key) === this) this.thread.vms.delete(this.key);
    const stack = (error.stack ?? "").split("\n").filter((line) => line.includes("wasm"));
    this.thread.process.trapped([`${name}: ${error.message}`, ...stack.slice(0, 10)].join("\n"));
  }
}

function isTrap(error: unknown): error is Error {
  return (
    error instanceof WebAssembly.RuntimeError ||
    error instanceof HostTrap ||
    (error instanceof RangeError && /call stack/i.test(error.message))
  );
}

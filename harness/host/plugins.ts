// The plugins of a gateway: loads modules, tries configurations, brings them to every thread, swaps them live, and makes a
// filter of one for each stream, by the failure policy where its VM has died.
import { HarnessError } from "../error.ts";
import { MissingPluginFilter } from "./built-in-filters.ts";
import type { Clock } from "./clock.ts";
import { Context } from "./context.ts";
import type { Filter } from "./filter.ts";
import { loadModule, type LoadedModule } from "./module.ts";
import { Plugin } from "./plugin.ts";
import { PluginHandle } from "./plugin-handle.ts";
import type { Thread } from "./process.ts";
import { Vm } from "./vm.ts";
import type { Json, PluginSpec } from "../scenario/scenario.ts";

const reloadBackoffMs = 1000;

/** What may change of a plugin while the gateway runs. */
export type PluginChange = Partial<Pick<PluginSpec, "config" | "configText" | "module" | "pair">>;

/** What one thread has of a plugin. A handle of null: left out of every stream. */
interface Place {
  plugin: Plugin;
  handle: PluginHandle | null;
  lastLoadMs: number;
}

/** One plugin's place in the chain. */
export class PluginSlot {
  spec: PluginSpec;
  /** By thread; a thread without one never got a configuration that the plugin took. */
  readonly places = new Map<number, Place>();
  /** Taken out of the chain: what comes next is as on a fresh gateway. */
  isRemoved = false;

  constructor(spec: PluginSpec) {
    this.spec = spec;
  }
}

/** All plugins of a gateway. */
export class Plugins {
  readonly #clock: Clock;
  readonly #threads: readonly Thread[];
  readonly #mainThread: Thread;
  readonly #readModule: (path: string) => Uint8Array;
  readonly #modules = new Map<string, LoadedModule>();
  readonly #canaries = new Map<string, boolean>();
  readonly #live = new Map<string, PluginHandle>();

  /**
   * `threads` in the order in which they configure, main thread last. In Envoy that order is a race, and this one shows who
   * relies on another: a queue that all VMs register under one name is the main thread's then.
   */
  constructor(clock: Clock, threads: readonly Thread[], readModule: (path: string) => Uint8Array) {
    this.#clock = clock;
    this.#threads = threads;
    this.#mainThread = threads.at(-1) as Thread;
    this.#readModule = readModule;
  }

  /** Brings a plugin to all threads at once, as a gateway does before it listens. */
  deploy(spec: PluginSpec): PluginSlot {
    const slot = new PluginSlot(spec);
    const plugin = this.#makePlugin(spec);
    if (this.#canary(plugin)) for (const thread of this.#threads) this.#takeOver(slot, thread, plugin);
    return slot;
  }

  /** Changes a plugin live; each thread takes it over as an event of its own. False: refused, the old one goes on. */
  update(slot: PluginSlot, change: PluginChange): boolean {
    const spec = { ...slot.spec, ...change };
    const plugin = this.#makePlugin(spec);
    const isGood = this.#canary(plugin);
    if (!isGood && slot.isRemoved) slot.places.clear();
    if (!isGood) return false;
    slot.spec = spec;
    slot.isRemoved = false;
    for (const thread of this.#threads) this.#clock.post(thread.index, () => this.#takeOver(slot, thread, plugin));
    return true;
  }

  /** Takes a plugin out of all streams to come. */
  remove(slot: PluginSlot): void {
    slot.isRemoved = true;
    for (const thread of this.#threads) {
      this.#clock.post(thread.index, () => {
        const place = slot.places.get(thread.index);
        if (place === undefined) return;
        const old = place.handle;
        place.handle = null;
        old?.release();
      });
    }
  }

  isServing(slot: PluginSlot, thread: number): boolean {
    return slot.places.get(thread)?.handle?.vm.isFailed === false;
  }

  /** The plugin's part in a new stream; undefined: none. */
  createFilter(slot: PluginSlot, thread: Thread): Filter | undefined {
    const place = slot.places.get(thread.index);
    if (place === undefined) return new MissingPluginFilter(slot.spec.name);
    if (place.handle === null) return undefined;
    const { failurePolicy } = place.plugin.options;
    if (place.handle.vm.failState === "runtime-error" && failurePolicy === "FAIL_RELOAD") this.#reload(place, thread);
    const { handle, plugin } = place;
    if (handle.vm.isFailed) return failurePolicy === "FAIL_OPEN" ? undefined : new Context(null, 0, plugin, null);
    return new Context(handle.vm, handle.vm.newContextId(), plugin, handle.root, handle.acquire());
  }

  #reload(place: Place, thread: Thread): void {
    if (this.#clock.now - place.lastLoadMs < reloadBackoffMs) return;
    place.lastLoadMs = this.#clock.now;
    const fresh = this.#handle(thread, place.plugin);
    if (fresh === null || fresh.vm.isFailed) return;
    const old = place.handle;
    place.handle = fresh.acquire();
    old?.release();
  }

  #makePlugin(spec: PluginSpec): Plugin {
    return new Plugin({
      name: spec.name,
      module: this.#module(spec.module),
      configuration: pluginConfiguration(spec),
      rootId: spec.rootId ?? "",
      vmId: spec.vmId ?? "",
      vmConfiguration: spec.vmConfig?.configuration ?? "",
      env: spec.vmConfig?.env ?? {},
      failurePolicy: spec.failurePolicy ?? "FAIL_CLOSED",
      allowOnHeadersStopIteration: spec.allowOnHeadersStopIteration ?? false,
    });
  }

  // Equal bytes are one module, whatever their paths.
  #module(path: string): LoadedModule {
    let module = this.#modules.get(path);
    if (module !== undefined) return module;
    const bytes = this.#readModule(path);
    for (const known of this.#modules.values()) if (isEqual(known.bytes, bytes)) module = known;
    module ??= loadModule(bytes);
    this.#modules.set(path, module);
    return module;
  }

  // A VM of its own on the main thread tries the configuration; it is dropped without a word.
  #canary(plugin: Plugin): boolean {
    const key = `${plugin.vmKey} ${plugin.key}`;
    const known = this.#canaries.get(key);
    if (known !== undefined) return known;
    const vm = new Vm(this.#mainThread, plugin);
    let isGood = false;
    const root = vm.isFailed ? null : vm.start(plugin);
    if (root !== null && !vm.isFailed) {
      isGood = root.onConfigure(plugin) && !vm.isFailed;
      // Only an answer is remembered; what failed otherwise is tried again.
      this.#canaries.set(key, isGood);
    }
    vm.dispose();
    return isGood;
  }

  #takeOver(slot: PluginSlot, thread: Thread, plugin: Plugin): void {
    const handle = this.#handle(thread, plugin)?.acquire() ?? null;
    const old = slot.places.get(thread.index)?.handle;
    slot.places.set(thread.index, { handle, lastLoadMs: this.#clock.now, plugin });
    old?.release();
  }

  // The plugin on this thread: the one that there is, or a root context in the VM that there is, or all of it new.
  #handle(thread: Thread, plugin: Plugin): PluginHandle | null {
    const key = `${thread.index} ${plugin.vmKey} ${plugin.key}`;
    const live = this.#live.get(key);
    if (live !== undefined && live.vm.failState !== "runtime-error") return live;
    const vm = thread.vms.get(plugin.vmKey) ?? new Vm(thread, plugin);
    if (vm.isFailed) return null;
    thread.vms.set(plugin.vmKey, vm);
    const root = vm.start(plugin);
    if (root === null || !root.onConfigure(plugin)) {
      this.#dropVmIfUnused(thread, vm);
      return null;
    }
    const handle = new PluginHandle(thread, plugin, vm, root, () => {
      if (this.#live.get(key) === handle) this.#live.delete(key);
      this.#dropVmIfUnused(thread, vm);
    });
    this.#live.set(key, handle);
    return handle;
  }

  #dropVmIfUnused(thread: Thread, vm: Vm): void {
    for (const handle of this.#live.values()) if (handle.vm === vm) return;
    if (vm.pendingDone.size > 0) return;
    if (thread.vms.get(vm.key) === vm) thread.vms.delete(vm.key);
    vm.dispose();
  }
}

/** A plugin's configuration as its module gets it. */
export function pluginConfiguration(spec: Pick<PluginSpec, "config" | "configText" | "pair">): string {
  if (spec.configText !== undefined) return spec.configText;
  if (spec.pair === undefined) return spec.config === undefined ? "" : JSON.stringify(spec.config);
  const config = spec.config ?? {};
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new HarnessError("`pair` needs a configuration that is an object", "scenario-invalid");
  }
  const withPair: Record<string, Json> = { ...config, pair: spec.pair };
  return JSON.stringify(withPair);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

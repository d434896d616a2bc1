// A plugin at work on one thread: its VM and root context, kept until its last stream is gone.
import type { Context } from "./context.ts";
import type { Plugin } from "./plugin.ts";
import type { Thread } from "./process.ts";
import type { Vm } from "./vm.ts";

/** A counted reference to a root context. The configuration holds one, each stream one more. */
export class PluginHandle {
  readonly thread: Thread;
  readonly plugin: Plugin;
  readonly vm: Vm;
  readonly root: Context;
  #references = 0;
  readonly #onUnused: () => void;

  constructor(thread: Thread, plugin: Plugin, vm: Vm, root: Context, onUnused: () => void) {
    this.thread = thread;
    this.plugin = plugin;
    this.vm = vm;
    this.root = root;
    this.#onUnused = onUnused;
  }

  acquire(): this {
    this.#references++;
    return this;
  }

  /** Gives a reference back. With the last one the root context ends (on_done, on_delete). */
  release(): void {
    this.#references--;
    if (this.#references === 0) {
      this.vm.shutDown(this.plugin.key);
      this.#onUnused();
    }
  }
}

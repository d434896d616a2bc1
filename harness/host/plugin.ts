// A plugin as configured once: its configuration never changes; a live update makes a new one.
import { fromText } from "./byte-string.ts";
import type { FailurePolicy } from "../scenario/scenario.ts";
import type { LoadedModule } from "./module.ts";

/** What makes a plugin. */
export interface PluginOptions {
  name: string;
  module: LoadedModule;
  /** Empty: size 0. */
  configuration: string;
  rootId: string;
  vmId: string;
  vmConfiguration: string;
  env: Readonly<Record<string, string>>;
  failurePolicy: FailurePolicy;
  allowOnHeadersStopIteration: boolean;
}

let moduleNumber = 0;
const moduleNumbers = new WeakMap<LoadedModule, number>();

/** One plugin configuration. Texts are byte strings. */
export class Plugin {
  readonly options: PluginOptions;
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  readonly configuration: Uint8Array;
  readonly vmConfiguration: Uint8Array;
  readonly allowOnHeadersStopIteration: boolean;
  /** Same key, same root context within a VM. */
  readonly key: string;
  /** Same key, same VM within a thread. */
  readonly vmKey: string;

  constructor(options: PluginOptions) {
    this.options = options;
    this.name = fromText(options.name);
    this.rootId = fromText(options.rootId);
    this.vmId = fromText(options.vmId);
    this.configuration = new TextEncoder().encode(options.configuration);
    this.vmConfiguration = new TextEncoder().encode(options.vmConfiguration);
    this.allowOnHeadersStopIteration = options.allowOnHeadersStopIteration;
    this.key = JSON.stringify([options.rootId, options.configuration, options.name]);
    let number = moduleNumbers.get(options.module);
    if (number === undefined) moduleNumbers.set(options.module, (number = ++moduleNumber));
    this.vmKey = JSON.stringify([options.vmId, options.vmConfiguration, Object.entries(options.env), number]);
  }
}

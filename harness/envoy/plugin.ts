// Envoy's configuration of one filter of a chain.
import { HarnessError } from "../error.ts";
import type { FilterSpec, Json, PluginSpec } from "../scenario/scenario.ts";
import type { RawFilter } from "./config.ts";

/** Turns a module's path as configured into the path that Envoy reads. */
export type ModulePath = (module: string) => string;

type JsonObject = Record<string, Json>;

/** `filters` in the order in which they run: plugins by priority, higher first, the others where they stand. */
export function chainInOrder<F extends FilterSpec | RawFilter>(filters: readonly F[]): F[] {
  const priority = (filter: F) => (filter.kind === "plugin" ? (filter.priority ?? 0) : undefined);
  const plugins = filters.filter((filter) => priority(filter) !== undefined);
  plugins.sort((a, b) => (priority(b) ?? 0) - (priority(a) ?? 0));
  return filters.map((filter) => (priority(filter) === undefined ? filter : (plugins.shift() as F)));
}

/** One entry of `http_filters`. */
export function httpFilter(filter: FilterSpec | RawFilter, modulePath: ModulePath): Json {
  if (filter.kind === "raw") return filter.filter;
  if (filter.kind === "plugin") {
    return typed(filter.name, "wasm.v3.Wasm", { config: pluginConfig(filter, modulePath) });
  }
  if (filter.kind === "pause") {
    const delay = { fixed_delay: seconds(filter.ms), percentage: { numerator: 100 } };
    return typed(filter.name, "fault.v3.HTTPFault", { delay });
  }
  if (filter.kind === "metadata") {
    const metadata = Object.entries(filter.values).map(([name, value]) => ({ metadata_namespace: name, value }));
    return typed(filter.name, "set_metadata.v3.Config", { metadata });
  }
  return typed(filter.name, "buffer.v3.Buffer", { max_request_bytes: filter.maxRequestBytes });
}

/** Milliseconds as protobuf's JSON writes a Duration. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(6).replace(/\.?0+$/, "")}s`;
}

/** The text that the plugin gets as its configuration; undefined is size 0. */
export function configurationText(plugin: PluginSpec): string | undefined {
  if (plugin.configText !== undefined) return plugin.configText;
  if (plugin.pair === undefined) return plugin.config === undefined ? undefined : JSON.stringify(plugin.config);
  const config = plugin.config ?? {};
  if (typeof config !== "object" || Array.isArray(config)) {
    throw new HarnessError("`pair` needs a configuration that is an object", "scenario-invalid");
  }
  return JSON.stringify({ ...config, pair: plugin.pair });
}

function pluginConfig(plugin: PluginSpec, modulePath: ModulePath): Json {
  const vm: JsonObject = {
    runtime: "envoy.wasm.runtime.v8",
    code: { local: { filename: modulePath(plugin.module) } },
  };
  if (plugin.vmId !== undefined) vm["vm_id"] = plugin.vmId;
  if (plugin.vmConfig?.configuration !== undefined) vm["configuration"] = stringValue(plugin.vmConfig.configuration);
  if (plugin.vmConfig?.env !== undefined) vm["environment_variables"] = { key_values: plugin.vmConfig.env };

  const config: JsonObject = { name: plugin.name, root_id: plugin.rootId ?? "", vm_config: vm };
  const text = configurationText(plugin);
  if (text !== undefined) config["configuration"] = stringValue(text);
  if (plugin.failurePolicy !== undefined) config["failure_policy"] = plugin.failurePolicy;
  if (plugin.failurePolicy === "FAIL_RELOAD") config["reload_config"] = { backoff: { base_interval: "1s" } };
  if (plugin.allowOnHeadersStopIteration !== undefined) {
    config["allow_on_headers_stop_iteration"] = plugin.allowOnHeadersStopIteration;
  }
  return config;
}

function stringValue(value: string): Json {
  return { "@type": "type.googleapis.com/google.protobuf.StringValue", value };
}

function typed(name: string, type: string, config: JsonObject): Json {
  return {
    name,
    typed_config: { "@type": `type.googleapis.com/envoy.extensions.filters.http.${type}`, ...config },
  };
}

// A Wasm module as Envoy accepts or refuses it: ABI version, imports that Envoy offers, signatures of the callbacks.
import { HarnessError } from "../error.ts";
import { readModuleTypes } from "./module-types.ts";

/** Imports of `env` that Envoy 1.40 offers to a module of ABI 0.2.1, with their signatures. */
export const hostFunctions: Readonly<Record<string, string>> = {
  proxy_log: "iii>i",
  proxy_get_log_level: "i>i",
  proxy_get_status: "iii>i",
  proxy_set_property: "iiii>i",
  proxy_get_property: "iiii>i",
  proxy_send_local_response: "iiiiiiii>i",
  proxy_continue_stream: "i>i",
  proxy_close_stream: "i>i",
  proxy_get_shared_data: "iiiii>i",
  proxy_set_shared_data: "iiiii>i",
  proxy_register_shared_queue: "iii>i",
  proxy_resolve_shared_queue: "iiiii>i",
  proxy_dequeue_shared_queue: "iii>i",
  proxy_enqueue_shared_queue: "iii>i",
  proxy_get_header_map_value: "iiiii>i",
  proxy_add_header_map_value: "iiiii>i",
  proxy_replace_header_map_value: "iiiii>i",
  proxy_remove_header_map_value: "iii>i",
  proxy_get_header_map_pairs: "iii>i",
  proxy_set_header_map_pairs: "iii>i",
  proxy_get_header_map_size: "ii>i",
  proxy_get_buffer_status: "iii>i",
  proxy_get_buffer_bytes: "iiiii>i",
  proxy_set_buffer_bytes: "iiiii>i",
  proxy_http_call: "iiiiiiiiii>i",
  proxy_grpc_call: "iiiiiiiiiiii>i",
  proxy_grpc_stream: "iiiiiiiii>i",
  proxy_grpc_close: "i>i",
  proxy_grpc_cancel: "i>i",
  proxy_grpc_send: "iiii>i",
  proxy_set_tick_period_milliseconds: "i>i",
  proxy_get_current_time_nanoseconds: "i>i",
  proxy_define_metric: "iiii>i",
  proxy_increment_metric: "iI>i",
  proxy_record_metric: "iI>i",
  proxy_get_metric: "ii>i",
  proxy_set_effective_context: "i>i",
  proxy_done: ">i",
  proxy_call_foreign_function: "iiiiii>i",
  pthread_equal: "ii>i",
  emscripten_notify_memory_growth: "i>",
  envoy_resolve_dns: "iii>i",
};

/** WASI functions that Envoy offers and this host answers in some way. */
export const wasiFunctions: Readonly<Record<string, string>> = {
  fd_write: "iiii>i",
  fd_read: "iiii>i",
  fd_seek: "iIii>i",
  fd_close: "i>i",
  fd_fdstat_get: "ii>i",
  fd_fdstat_set_flags: "ii>i",
  environ_get: "ii>i",
  environ_sizes_get: "ii>i",
  args_get: "ii>i",
  args_sizes_get: "ii>i",
  clock_time_get: "iIi>i",
  clock_res_get: "ii>i",
  random_get: "ii>i",
  sched_yield: ">i",
  poll_oneoff: "iiii>i",
  proc_exit: "i>",
  path_open: "iiiiiIIii>i",
  fd_prestat_get: "ii>i",
  fd_prestat_dir_name: "iii>i",
  path_filestat_get: "iiiii>i",
  fd_filestat_get: "ii>i",
};

/** Callbacks that a module may export, with their signatures. */
export const callbacks: Readonly<Record<string, string>> = {
  proxy_on_vm_start: "ii>i",
  proxy_validate_configuration: "ii>i",
  proxy_on_configure: "ii>i",
  proxy_on_tick: "i>",
  proxy_on_context_create: "ii>",
  proxy_on_request_headers: "iii>i",
  proxy_on_request_body: "iii>i",
  proxy_on_request_trailers: "ii>i",
  proxy_on_request_metadata: "ii>i",
  proxy_on_response_headers: "iii>i",
  proxy_on_response_body: "iii>i",
  proxy_on_response_trailers: "ii>i",
  proxy_on_response_metadata: "ii>i",
  proxy_on_new_connection: "i>i",
  proxy_on_downstream_data: "iii>i",
  proxy_on_upstream_data: "iii>i",
  proxy_on_downstream_connection_close: "ii>",
  proxy_on_upstream_connection_close: "ii>",
  proxy_on_http_call_response: "iiiii>",
  proxy_on_grpc_receive: "iii>",
  proxy_on_grpc_close: "iii>",
  proxy_on_grpc_receive_initial_metadata: "iii>",
  proxy_on_grpc_receive_trailing_metadata: "iii>",
  proxy_on_queue_ready: "ii>",
  proxy_on_foreign_function: "iii>",
  proxy_on_done: "i>i",
  proxy_on_log: "i>",
  proxy_on_delete: "i>",
  _initialize: ">",
  _start: ">",
  malloc: "i>i",
  proxy_on_memory_allocate: "i>i",
};

/** A module that Envoy would load. */
export interface LoadedModule {
  /** Tells modules apart: equal bytes are the same object. */
  readonly bytes: Uint8Array;
  readonly compiled: WebAssembly.Module;
}

/** Compiles and checks. Throws HarnessError `module-refused` with the reason that Envoy would log. */
export function loadModule(bytes: Uint8Array): LoadedModule {
  let compiled: WebAssembly.Module;
  try {
    compiled = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    throw refused("it is no valid Wasm module", cause);
  }
  const { imports, exports } = readModuleTypes(bytes);
  if (!exports.has("proxy_abi_version_0_2_1") && !exports.has("proxy_abi_version_0_2_0")) {
    throw refused("missing or unknown Proxy-Wasm ABI version (proxy_abi_version_0_2_1 is not exported)");
  }
  for (const { kind, module, name } of WebAssembly.Module.imports(compiled)) {
    if (kind !== "function") throw refused(`it imports a ${kind}, ${module}.${name}`);
  }
  for (const { module, name, signature } of imports) {
    const table = module === "env" ? hostFunctions : module.startsWith("wasi_") ? wasiFunctions : undefined;
    const wanted = table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
    if (wanted === undefined) throw refused(`missing import: ${module}.${name}`);
    if (wanted !== signature) {
      throw refused(`bad signature of import ${module}.${name}: want ${wanted}, but the module has ${signature}`);
    }
  }
  for (const [name, wanted] of Object.entries(callbacks)) {
    const signature = exports.get(name);
    if (signature !== undefined && signature !== wanted) {
      throw refused(`bad signature of export ${name}: want ${wanted}, but the module has ${signature}`);
    }
  }
  if (!exports.has("malloc") && !exports.has("proxy_on_memory_allocate")) {
    throw refused("it exports neither malloc nor proxy_on_memory_allocate");
  }
  return { bytes, compiled };
}

function refused(reason: string, cause?: unknown): HarnessError {
  return new HarnessError(`the module is refused: ${reason}`, "module-refused", { cause });
}

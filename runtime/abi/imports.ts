// Every host call of Envoy 1.40: proxy-runtime's declarations where they are right, our own where they are not.
export {
  proxy_log,
  proxy_get_status,
  proxy_set_tick_period_milliseconds,
  proxy_get_current_time_nanoseconds,
  proxy_get_property,
  proxy_set_property,
  proxy_continue_stream,
  proxy_close_stream,
  proxy_send_local_response,
  proxy_get_shared_data,
  proxy_set_shared_data,
  proxy_register_shared_queue,
  proxy_resolve_shared_queue,
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_add_header_map_value,
  proxy_get_header_map_value,
  proxy_get_header_map_pairs,
  proxy_set_header_map_pairs,
  proxy_replace_header_map_value,
  proxy_remove_header_map_value,
  proxy_get_header_map_size,
  proxy_get_buffer_bytes,
  proxy_get_buffer_status,
  proxy_http_call,
  proxy_grpc_cancel,
  proxy_grpc_close,
  proxy_grpc_send,
  proxy_define_metric,
  proxy_increment_metric,
  proxy_record_metric,
  proxy_get_metric,
  proxy_set_effective_context,
  proxy_done,
  proxy_call_foreign_function,
} from "@solo-io/proxy-runtime/assembly/imports";

/** proxy-runtime binds its `proxy_set_buffer_status` to `proxy_get_buffer_status`; the host call is this one. */
@external("env", "proxy_set_buffer_bytes")
export declare function proxy_set_buffer_bytes(type: i32, start: usize, length: usize, data: usize, size: usize): u32;

/** proxy-runtime's declaration lacks the pair of initial metadata, so that every later argument is shifted. */
@external("env", "proxy_grpc_call")
export declare function proxy_grpc_call(
  cluster: usize,
  clusterSize: usize,
  service: usize,
  serviceSize: usize,
  method: usize,
  methodSize: usize,
  initialMetadata: usize,
  initialMetadataSize: usize,
  message: usize,
  messageSize: usize,
  timeoutMs: u32,
  tokenOut: usize,
): u32;

/** As `proxy_grpc_call`: proxy-runtime lacks the initial metadata. */
@external("env", "proxy_grpc_stream")
export declare function proxy_grpc_stream(
  cluster: usize,
  clusterSize: usize,
  service: usize,
  serviceSize: usize,
  method: usize,
  methodSize: usize,
  initialMetadata: usize,
  initialMetadataSize: usize,
  tokenOut: usize,
): u32;

/** proxy-runtime does not declare it. */
@external("env", "proxy_get_log_level")
export declare function proxy_get_log_level(levelOut: usize): u32;

/** WASI: number and size of the settings in `vmConfig.env`. */
@external("wasi_snapshot_preview1", "environ_sizes_get")
export declare function environ_sizes_get(countOut: usize, sizeOut: usize): u32;

/** WASI: the settings, each ended by 0. */
@external("wasi_snapshot_preview1", "environ_get")
export declare function environ_get(placesOut: usize, textsOut: usize): u32;

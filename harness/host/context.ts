// A context: what a VM knows by number. Root contexts stand for a plugin's configuration, stream contexts for a stream.
import type { BodyBuffer } from "./body-buffer.ts";
import type { Filter } from "./filter.ts";
import type { Entry } from "./filter-pass.ts";
import type { FilterManager } from "./filter-manager.ts";
import type { HeaderMap } from "./headers.ts";
import type { Plugin } from "./plugin.ts";
import type { PluginHandle } from "./plugin-handle.ts";
import { DataStatus, HeadersStatus, TrailersStatus } from "./status.ts";
import type { Vm } from "./vm.ts";

/** What a finished callout left for the VM to read, while its callback runs. */
export interface CalloutResult {
  httpHeaders: HeaderMap | null;
  httpBody: Uint8Array | null;
  httpTrailers: HeaderMap | null;
  grpcMessage: Uint8Array | null;
}

/** One context. As a filter it stands for one plugin in one stream. */
export class Context implements Filter {
  readonly vm: Vm | null;
  readonly id: number;
  readonly plugin: Plugin;
  readonly root: Context;
  readonly #handle: PluginHandle | null;
  decoder: Entry | null = null;
  encoder: Entry | null = null;
  isDestroyed = false;
  /** Phase of the access log: maps and properties come from it. */
  isLogging = false;
  endOfStream = false;
  requestHeaders: HeaderMap | null = null;
  requestTrailers: HeaderMap | null = null;
  responseHeaders: HeaderMap | null = null;
  responseTrailers: HeaderMap | null = null;
  requestBody: BodyBuffer | null = null;
  responseBody: BodyBuffer | null = null;
  isBufferingRequest = false;
  isBufferingResponse = false;
  /** Root contexts: the configuration that on_configure may read. */
  configuring: Plugin | null = null;
  /** Root contexts: calls that are under way, by token. */
  readonly calls = new Set<number>();
  callout: CalloutResult | null = null;
  /** Root contexts: properties declared with a type. */
  readonly declaredProperties = new Set<string>();
  statusCode = 0;
  statusMessage = "";
  #isCreated = false;
  #isFailureAnswered = false;
  #isStreamFailed = false;

  constructor(vm: Vm | null, id: number, plugin: Plugin, root: Context | null, handle: PluginHandle | null = null) {
    this.vm = vm;
    this.id = id;
    this.plugin = plugin;
    this.root = root ?? this;
    this.#handle = handle;
    vm?.contexts.set(id, this);
  }

  get name(): string {
    return this.plugin.options.name;
  }

  get isRoot(): boolean {
    return this.root === this;
  }

  /** The stream, or undefined in a root context. */
  get manager(): FilterManager | undefined {
    return (this.encoder ?? this.decoder)?.manager;
  }

  get #isFailed(): boolean {
    return this.vm === null || this.vm.isFailed;
  }

  attach(decoder: Entry, encoder: Entry | null): void {
    this.decoder = decoder;
    this.encoder = encoder;
  }

  // Root events.

  onStart(): boolean {
    const vm = this.vm as Vm;
    if (vm.exports("proxy_on_context_create")) {
      vm.call(this, "proxy_on_context_create", this.id, 0);
      this.#isCreated = true;
    }
    let result = true;
    if (vm.exports("proxy_on_vm_start")) {
      result = vm.call(this, "proxy_on_vm_start", this.id, vm.plugin.vmConfiguration.length) !== 0;
    }
    vm.finishCallback();
    return result;
  }

  onConfigure(plugin: Plugin): boolean {
    if (this.#isFailed) return true;
    const vm = this.vm as Vm;
    this.#create(0);
    if (!vm.exports("proxy_on_configure")) return true;
    this.configuring = plugin;
    const result = vm.call(this, "proxy_on_configure", this.id, plugin.configuration.length) !== 0;
    this.configuring = null;
    vm.finishCallback();
    return result;
  }

  onTick(): void {
    this.#event("proxy_on_tick", this.id);
  }

  onQueueReady(token: number): void {
    this.#event("proxy_on_queue_ready", this.id, token);
  }

  onHttpCallResponse(token: number, headers: number, bodySize: number, trailers: number): void {
    this.#event("proxy_on_http_call_response", this.id, token, headers, bodySize, trailers);
  }

  onGrpcReceive(token: number, size: number): void {
    this.#event("proxy_on_grpc_receive", this.id, token, size);
  }

  onGrpcClose(token: number, status: number): void {
    this.#event("proxy_on_grpc_close", this.id, token, status);
  }

  onDone(): boolean {
    const vm = this.vm;
    if (vm === null || this.#isFailed || !vm.exports("proxy_on_done")) return true;
    const result = vm.call(this, "proxy_on_done", this.id) !== 0;
    vm.finishCallback();
    return result;
  }

  onDelete(): void {
    if (this.#isCreated) this.#event("proxy_on_delete", this.id);
  }

  // Stream events.

  decodeHeaders(headers: HeaderMap, endStream: boolean): number {
    this.#create(this.root.id);
    this.requestHeaders = headers;
    this.endOfStream = endStream;
    const status = this.#headersCall("proxy_on_request_headers", headers.size, endStream);
    if (status === HeadersStatus.Continue) this.requestHeaders = null;
    return status;
  }

  decodeData(data: BodyBuffer, endStream: boolean): number {
    const decoder = this.decoder as Entry;
    if (!this.#isCreated) return DataStatus.Continue;
    if (this.isBufferingRequest) {
      decoder.pass.addData(decoder, data, false);
      if (this.isDestroyed) return DataStatus.StopIterationAndBuffer;
    }
    this.requestBody = data;
    this.endOfStream = endStream;
    const size = (this.isBufferingRequest ? decoder.pass.buffered : data)?.length ?? 0;
    const status = this.#dataCall("proxy_on_request_body", size, endStream);
    this.isBufferingRequest = status === DataStatus.StopIterationAndBuffer;
    if (status === DataStatus.Continue) this.requestBody = null;
    return status;
  }

  decodeTrailers(trailers: HeaderMap): number {
    if (!this.#isCreated) return TrailersStatus.Continue;
    this.requestTrailers = trailers;
    const status = this.#trailersCall("proxy_on_request_trailers", trailers.size);
    if (status === TrailersStatus.Continue) this.requestTrailers = null;
    return status;
  }

  encodeHeaders(headers: HeaderMap, endStream: boolean): number {
    if (!this.#isCreated || this.#isFailureAnswered) return HeadersStatus.Continue;
    this.responseHeaders = headers;
    this.endOfStream = endStream;
    const status = this.#headersCall("proxy_on_response_headers", headers.size, endStream);
    if (status === HeadersStatus.Continue) this.responseHeaders = null;
    return status;
  }

  encodeData(data: BodyBuffer, endStream: boolean): number {
    const encoder = this.encoder as Entry;
    if (!this.#isCreated || this.#isFailureAnswered) return DataStatus.Continue;
    if (this.isBufferingResponse) {
      encoder.pass.addData(encoder, data, false);
      if (this.isDestroyed) return DataStatus.StopIterationAndBuffer;
    }
    this.responseBody = data;
    this.endOfStream = endStream;
    const size = (this.isBufferingResponse ? encoder.pass.buffered : data)?.length ?? 0;
    const status = this.#dataCall("proxy_on_response_body", size, endStream);
    this.isBufferingResponse = status === DataStatus.StopIterationAndBuffer;
    if (status === DataStatus.Continue) this.responseBody = null;
    return status;
  }

  encodeTrailers(trailers: HeaderMap): number {
    if (!this.#isCreated || this.#isFailureAnswered) return TrailersStatus.Continue;
    this.responseTrailers = trailers;
    const status = this.#trailersCall("proxy_on_response_trailers", trailers.size);
    if (status === TrailersStatus.Continue) this.responseTrailers = null;
    return status;
  }

  log(): void {
    this.#create(this.root.id);
    this.isLogging = true;
    this.#event("proxy_on_log", this.id);
    this.isLogging = false;
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    if (this.#isCreated) {
      this.onDone();
      this.onDelete();
    }
    const handle = this.#handle;
    handle?.thread.process.clock.atEventEnd(() => {
      this.vm?.contexts.delete(this.id);
      handle.release();
    });
  }

  #create(parentId: number): void {
    if (this.#isCreated) return;
    const vm = this.vm;
    if (vm !== null && !this.#isFailed && vm.exports("proxy_on_context_create")) {
      vm.call(this, "proxy_on_context_create", this.id, parentId);
      vm.finishCallback();
    }
    this.#isCreated = true;
  }

  #event(name: string, ...args: number[]): void {
    const vm = this.vm;
    if (vm === null || this.#isFailed || !vm.exports(name)) return;
    vm.call(this, name, ...args);
    vm.finishCallback();
  }

  #headersCall(name: string, count: number, endStream: boolean): number {
    const vm = this.vm;
    if (vm === null || this.#isFailed) return this.#failStream(HeadersStatus.StopAllIterationAndWatermark);
    if (!vm.exports(name)) return HeadersStatus.Continue;
    let status: number = vm.call(this, name, this.id, count, endStream ? 1 : 0);
    if (this.#isFailed) status = this.#failStream(HeadersStatus.StopAllIterationAndWatermark);
    else if (vm.stopIteration || status > HeadersStatus.StopAllIterationAndWatermark) {
      status = HeadersStatus.StopAllIterationAndWatermark;
    } else if (status === HeadersStatus.StopIteration && !this.plugin.allowOnHeadersStopIteration) {
      status = HeadersStatus.StopAllIterationAndWatermark;
    } else if (status === 2) status = HeadersStatus.Continue;
    vm.finishCallback();
    return status;
  }

  #dataCall(name: string, size: number, endStream: boolean): number {
    const vm = this.vm;
    if (vm === null || this.#isFailed) return this.#failStream(DataStatus.StopIterationNoBuffer);
    if (!vm.exports(name)) return DataStatus.Continue;
    let status: number = vm.call(this, name, this.id, size, endStream ? 1 : 0);
    if (this.#isFailed) status = this.#failStream(DataStatus.StopIterationNoBuffer);
    else if (vm.stopIteration || status > DataStatus.StopIterationNoBuffer) status = DataStatus.StopIterationNoBuffer;
    vm.finishCallback();
    return status;
  }

  #trailersCall(name: string, count: number): number {
    const vm = this.vm;
    if (vm === null || this.#isFailed) return this.#failStream(TrailersStatus.StopIteration);
    if (!vm.exports(name)) return TrailersStatus.Continue;
    let status: number = vm.call(this, name, this.id, count);
    if (this.#isFailed) status = this.#failStream(TrailersStatus.StopIteration);
    else if (vm.stopIteration || status > TrailersStatus.StopIteration) status = TrailersStatus.StopIteration;
    vm.finishCallback();
    return status;
  }

  // The VM is dead: the stream is answered 503, whatever the failure policy (that one is for streams to come).
  #failStream(status: number): number {
    if (this.#isStreamFailed) return status;
    this.#isStreamFailed = true;
    const manager = this.manager;
    if (manager === undefined || this.#isFailureAnswered) return status;
    manager.sendLocalReply({ status: 503, body: "", headers: [], grpcStatus: 14, details: "wasm_fail_stream" });
    this.#isFailureAnswered = true;
    return status;
  }
}

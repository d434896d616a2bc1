// Filters of the chain that are no plugins: those that Envoy has itself.
import type { BodyBuffer } from "./body-buffer.ts";
import type { Clock, Timer } from "./clock.ts";
import { PassingFilter } from "./filter.ts";
import type { HeaderMap } from "./headers.ts";
import { DataStatus, HeadersStatus, TrailersStatus } from "./status.ts";
import type { Json } from "../scenario/scenario.ts";

/** Holds request headers, and all that follows, for a while: Envoy's fault filter with a fixed delay. */
export class PauseFilter extends PassingFilter {
  readonly #clock: Clock;
  readonly #worker: number;
  readonly #ms: number;
  #timer: Timer | undefined;

  constructor(name: string, clock: Clock, worker: number, ms: number) {
    super(name);
    this.#clock = clock;
    this.#worker = worker;
    this.#ms = ms;
  }

  override decodeHeaders(): number {
    this.decoder.manager.info.addFlag("DI");
    this.#timer = this.#clock.after(this.#ms, this.#worker, () => this.decoder.continueIteration());
    return HeadersStatus.StopIteration;
  }

  override decodeData(): number {
    return this.#timer?.run === null ? DataStatus.Continue : DataStatus.StopIterationAndWatermark;
  }

  override decodeTrailers(): number {
    return this.#timer?.run === null ? TrailersStatus.Continue : TrailersStatus.StopIteration;
  }

  override destroy(): void {
    this.#clock.cancel(this.#timer);
  }
}

/** Holds a request until its body is whole: Envoy's buffer filter. Its limit replaces the connection's. */
export class BufferFilter extends PassingFilter {
  readonly #limit: number;
  #headers: HeaderMap | undefined;

  constructor(name: string, limit: number) {
    super(name);
    this.#limit = limit;
  }

  override decodeHeaders(headers: HeaderMap, endStream: boolean): number {
    if (endStream) return HeadersStatus.Continue;
    this.#headers = headers;
    this.decoder.manager.setRequestLimit(this.#limit);
    return HeadersStatus.StopIteration;
  }

  override decodeData(data: BodyBuffer, endStream: boolean): number {
    if (!endStream) return DataStatus.StopIterationAndBuffer;
    const buffered = this.decoder.pass.buffered;
    const length = data.length + (buffered === null || buffered === data ? 0 : buffered.length);
    if (this.#headers?.has("content-length") === false) this.#headers.add("content-length", String(length));
    return DataStatus.Continue;
  }
}

/** Writes dynamic metadata: Envoy's set_metadata filter. */
export class MetadataFilter extends PassingFilter {
  readonly #values: Record<string, Json>;

  constructor(name: string, values: Record<string, Json>) {
    super(name);
    this.#values = values;
  }

  override decodeHeaders(): number {
    Object.assign(this.decoder.manager.info.dynamicMetadata, this.#values);
    return HeadersStatus.Continue;
  }
}

/** Stands where a plugin never got a configuration that it took: answers everything with 500. */
export class MissingPluginFilter extends PassingFilter {
  override decodeHeaders(): number {
    this.decoder.manager.sendLocalReply({
      status: 500,
      body: "",
      headers: [],
      grpcStatus: -1,
      details: "filter_config_not_found",
    });
    return HeadersStatus.StopIteration;
  }
}

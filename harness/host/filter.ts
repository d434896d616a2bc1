// What a filter of the chain is to the filter manager: built-in ones, the router and Wasm contexts alike.
import type { BodyBuffer } from "./body-buffer.ts";
import type { Entry } from "./filter-pass.ts";
import type { HeaderMap } from "./headers.ts";

/** A filter of one stream. Statuses are those of status.ts. */
export interface Filter {
  readonly name: string;
  /** The filter's places in the chain: continue, buffer and local replies go through them. */
  attach(decoder: Entry, encoder: Entry | null): void;
  decodeHeaders(headers: HeaderMap, endStream: boolean): number;
  decodeData(data: BodyBuffer, endStream: boolean): number;
  decodeTrailers(trailers: HeaderMap): number;
  encodeHeaders(headers: HeaderMap, endStream: boolean): number;
  encodeData(data: BodyBuffer, endStream: boolean): number;
  encodeTrailers(trailers: HeaderMap): number;
  /** The stream's access log is written. */
  log(): void;
  /** The stream is gone. */
  destroy(): void;
}

/** A filter that lets everything pass; others override what they need. */
export class PassingFilter implements Filter {
  readonly name: string;
  protected decoder!: Entry;
  protected encoder: Entry | null = null;

  constructor(name: string) {
    this.name = name;
  }

  attach(decoder: Entry, encoder: Entry | null): void {
    this.decoder = decoder;
    this.encoder = encoder;
  }

  decodeHeaders(_headers: HeaderMap, _endStream: boolean): number {
    return 0;
  }

  decodeData(_data: BodyBuffer, _endStream: boolean): number {
    return 0;
  }

  decodeTrailers(_trailers: HeaderMap): number {
    return 0;
  }

  encodeHeaders(_headers: HeaderMap, _endStream: boolean): number {
    return 0;
  }

  encodeData(_data: BodyBuffer, _endStream: boolean): number {
    return 0;
  }

  encodeTrailers(_trailers: HeaderMap): number {
    return 0;
  }

  log(): void {}

  destroy(): void {}
}

// A header map as Envoy keeps one: ordered, names in lower case, pseudo headers first, some names held once only.
import { fromText, toText } from "./byte-string.ts";
import type { HeaderList } from "../scenario/scenario.ts";

// Names that Envoy keeps once: adding a second value appends it with a comma.
const heldOnce = new Set(
  (
    ":authority :path :method :scheme :protocol :status accept accept-encoding access-control-request-method authorization " +
    "cache-control client-trace-id connection content-encoding content-length content-type date etag expect " +
    "forwarded grpc-accept-encoding grpc-message grpc-status grpc-timeout host if-match keep-alive location origin proxy-connection " +
    "proxy-status referer server te transfer-encoding upgrade user-agent via x-envoy-attempt-count " +
    "x-envoy-expected-rq-timeout-ms x-envoy-external-address x-envoy-max-retries x-envoy-original-path x-envoy-retry-on " +
    "x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-ms x-envoy-upstream-service-time x-forwarded-for " +
    "x-forwarded-host x-forwarded-port x-forwarded-proto x-request-id"
  ).split(" "),
);

/** A header map of byte strings (byte-string.ts). Names given to it must be lower case already where it says so. */
export class HeaderMap {
  names: string[] = [];
  values: string[] = [];
  #pseudo = 0;

  /** A map of the list's headers, texts written as UTF-8. */
  static from(list: HeaderList): HeaderMap {
    const map = new HeaderMap();
    for (const [name, value] of list) map.add(fromText(name.toLowerCase()), fromText(value));
    return map;
  }

  get size(): number {
    return this.names.length;
  }

  /** Bytes of all names and values: what `request.total_size` and `proxy_get_header_map_size` count. */
  get byteSize(): number {
    let size = 0;
    for (let i = 0; i < this.names.length; i++) {
      size += (this.names[i] as string).length + (this.values[i] as string).length;
    }
    return size;
  }

  /** The first value of a lower-case name. */
  get(name: string): string | undefined {
    const at = this.names.indexOf(name);
    return at < 0 ? undefined : this.values[at];
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** Adds a value beside those there; a name that is held once gets it appended after a comma. */
  add(name: string, value: string): void {
    if (heldOnce.has(name)) {
      const at = this.names.indexOf(name);
      if (at >= 0) {
        const old = this.values[at] as string;
        this.values[at] = old === "" ? value : value === "" ? old : `${old},${value}`;
        return;
      }
    }
    if (name.charCodeAt(0) === 0x3a) {
      this.names.splice(this.#pseudo, 0, name);
      this.values.splice(this.#pseudo, 0, value);
      this.#pseudo++;
      return;
    }
    this.names.push(name);
    this.values.push(value);
  }

  /** Replaces all values of the name by one, which comes last (as in Envoy). */
  set(name: string, value: string): void {
    this.remove(name);
    this.add(name, value);
  }

  /** Removes every value of the name. */
  remove(name: string): void {
    for (let at = this.names.indexOf(name); at >= 0; at = this.names.indexOf(name, at)) {
      this.names.splice(at, 1);
      this.values.splice(at, 1);
      if (at < this.#pseudo) this.#pseudo--;
    }
  }

  clear(): void {
    this.names = [];
    this.values = [];
    this.#pseudo = 0;
  }

  /** Names and values in order. */
  *entries(): Generator<[name: string, value: string]> {
    for (let i = 0; i < this.names.length; i++) yield [this.names[i] as string, this.values[i] as string];
  }

  /** The headers as texts, for results; without pseudo headers. */
  toList(): HeaderList {
    const list: HeaderList = [];
    for (let i = this.#pseudo; i < this.names.length; i++) {
      list.push([toText(this.names[i] as string), toText(this.values[i] as string)]);
    }
    return list;
  }

  clone(): HeaderMap {
    const map = new HeaderMap();
    map.names = this.names.slice();
    map.values = this.values.slice();
    map.#pseudo = this.#pseudo;
    return map;
  }
}

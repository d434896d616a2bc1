// What the gateway knows of one stream: read by properties, by the access log and by results.
import type { Json } from "../scenario/scenario.ts";

/** Envoy's response flags with their bits in the property `response.flags`. */
export const responseFlagBits = {
  UH: 0x2,
  UT: 0x4,
  LR: 0x8,
  UR: 0x10,
  UF: 0x20,
  UC: 0x40,
  UO: 0x80,
  NR: 0x100,
  DI: 0x200,
  DC: 0x4000,
  DR: 0x20000000,
  URX: 0x8000,
  SI: 0x10000,
  DPE: 0x40000,
  UPE: 0x800000,
} as const;

/** One of Envoy's response flags. */
export type ResponseFlag = keyof typeof responseFlagBits;

/** Names in the order in which the access log prints them, by alphabet of Envoy's table. */
const flagOrder: readonly ResponseFlag[] = [
  "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "URX", "DI", "DC", "DR", "SI", "DPE", "UPE",
]; // prettier-ignore

/** Host calls made for one stream. */
export interface HostCallCounts {
  /** Number of calls by name. */
  calls: Record<string, number>;
  /** Bytes of bodies copied into VMs by `proxy_get_buffer_bytes`. */
  bodyBytes: number;
}

/** Facts of one stream. */
export class StreamInfo {
  /** Milliseconds of the clock, and wall clock nanoseconds, when the request's headers came. */
  startMs = 0;
  startWallNanos = 0n;
  protocol: "HTTP/1.1" | "HTTP/2" = "HTTP/1.1";
  bytesReceived = 0;
  bytesSent = 0;
  responseCode: number | undefined;
  responseCodeDetails: string | undefined;
  flags = 0;
  attemptCount: number | undefined;
  /** Nanoseconds from start to end, once the stream has ended. */
  durationNanos: bigint | undefined;
  upstreamAddress: string | undefined;
  /** Undefined until the router has chosen an upstream. */
  transportFailureReason: string | undefined;
  /** Byte strings by name, `wasm.` and all; shared by the filters of the stream and its upstream attempts. */
  filterState = new Map<string, string>();
  dynamicMetadata: Record<string, Json> = {};
  sourceAddress = "127.0.0.1:50000";
  destinationAddress = "127.0.0.1:10000";
  connectionId = 1;
  clusterName: string | undefined;
  routeName: string | undefined;
  hostCalls: HostCallCounts = { calls: {}, bodyBytes: 0 };

  addFlag(flag: ResponseFlag): void {
    this.flags |= responseFlagBits[flag];
  }

  /** As `%RESPONSE_FLAGS%` prints them. */
  get flagNames(): string {
    const names = flagOrder.filter((flag) => (this.flags & responseFlagBits[flag]) !== 0);
    return names.length === 0 ? "-" : names.join(",");
  }
}

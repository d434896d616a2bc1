// Properties (Envoy's attributes) as `proxy_get_property` answers them. Measured against Envoy 1.40, phase by phase.
import { fromInt64, fromText } from "./byte-string.ts";
import type { HeaderMap } from "./headers.ts";
import { marshalPairs } from "./pairs.ts";
import type { Json } from "../scenario/scenario.ts";
import { Status } from "./status.ts";
import type { StreamInfo } from "./stream-info.ts";

/** What a context can see when it asks. */
export interface PropertyView {
  pluginName: string | undefined;
  rootId: string;
  vmId: string;
  /** Undefined in root contexts. */
  info: StreamInfo | undefined;
  requestHeaders: HeaderMap | null;
  responseHeaders: HeaderMap | null;
  responseTrailers: HeaderMap | null;
  node: NodeInfo;
}

/** The gateway's identity: `xds.node.*`. */
export interface NodeInfo {
  id: string;
  cluster: string;
  metadata: Record<string, Json>;
}

// A value: bytes, an integer, a bool, a double (boxed), or something to look further into.
type Value = string | bigint | boolean | { double: number } | Lookup;
interface Lookup {
  get(key: string): Value | undefined;
  /** Bytes of the whole; undefined: it can not be serialized. */
  whole?: () => string;
}

/** Looks up a path whose parts are parted by NUL. Answers the value's bytes or a status. */
export function getProperty(path: string, view: PropertyView): string | number {
  const parts = path.split("\0");
  if (parts.at(-1) === "") parts.pop();
  if (parts.length === 0) return Status.SerializationFailure;
  let value = topLevel(parts[0] as string, view);
  for (let i = 1; i < parts.length && value !== undefined; i++) {
    if (typeof value !== "object" || "double" in value) return Status.NotFound;
    value = value.get(parts[i] as string);
  }
  return value === undefined ? Status.NotFound : serialize(value);
}

function serialize(value: Value): string | number {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return fromInt64(value);
  if (typeof value === "boolean") return value ? "\x01" : "\x00";
  if ("double" in value) {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setFloat64(0, value.double, true);
    return fromInt64(bytes.getBigUint64(0, true));
  }
  return value.whole?.() ?? Status.SerializationFailure;
}

function topLevel(name: string, view: PropertyView): Value | undefined {
  if (name === "xds") return { get: (key) => xds(key, view) };
  const info = view.info;
  switch (info === undefined ? "" : name) {
    case "request":
      return { get: (key) => request(key, info as StreamInfo, view.requestHeaders) };
    case "response":
      return { get: (key) => response(key, info as StreamInfo, view) };
    case "connection":
      return { get: (key) => connection(key, info as StreamInfo) };
    case "upstream":
      return { get: (key) => upstream(key, info as StreamInfo) };
    case "source":
      return peer((info as StreamInfo).sourceAddress);
    case "destination":
      return peer((info as StreamInfo).destinationAddress);
    case "metadata":
      return { get: (key) => metadata(key, info as StreamInfo), whole: () => "" };
    case "filter_state":
      return { get: (key) => (info as StreamInfo).filterState.get(key) };
    case "connection_id":
      return BigInt((info as StreamInfo).connectionId);
  }
  switch (name) {
    case "plugin_name":
      return view.pluginName;
    case "plugin_root_id":
      return view.rootId;
    case "plugin_vm_id":
      return view.vmId;
  }
  return info?.filterState.get(`wasm.${name}`);
}

function request(key: string, info: StreamInfo, headers: HeaderMap | null): Value | undefined {
  switch (key) {
    case "headers":
      return headerLookup(headers);
    case "path":
      return headers?.get(":path");
    case "url_path":
      return headers === null ? undefined : (headers.get(":path") ?? "").split("?")[0];
    case "query": {
      if (headers === null) return undefined;
      const path = headers.get(":path") ?? "";
      const at = path.indexOf("?");
      return at < 0 ? "" : (path.slice(at + 1).split("#")[0] as string);
    }
    case "host":
      return headers?.get(":authority");
    case "scheme":
      return headers?.get(":scheme");
    case "method":
      return headers?.get(":method");
    case "referer":
      return headers?.get("referer");
    case "id":
      return headers?.get("x-request-id");
    case "useragent":
      return headers?.get("user-agent");
    case "headers_bytes":
      return BigInt(headers?.byteSize ?? 0);
    case "size": {
      const length = headers?.get("content-length");
      if (length === undefined) return BigInt(info.bytesReceived);
      return /^\d+$/.test(length) ? BigInt(length) : undefined;
    }
    case "total_size":
      return BigInt(info.bytesReceived + (headers?.byteSize ?? 0));
    case "time":
      return info.startWallNanos;
    case "duration":
      return info.durationNanos;
    case "protocol":
      return info.protocol;
  }
  return undefined;
}

function response(key: string, info: StreamInfo, view: PropertyView): Value | undefined {
  const { responseHeaders: headers, responseTrailers: trailers } = view;
  switch (key) {
    case "code":
      return info.responseCode === undefined ? undefined : BigInt(info.responseCode);
    case "code_details":
      return info.responseCodeDetails;
    case "flags":
      return BigInt(info.flags);
    case "size":
      return BigInt(info.bytesSent);
    case "headers":
      return headerLookup(headers);
    case "headers_bytes":
      return BigInt(headers?.byteSize ?? 0);
    case "trailers":
      return headerLookup(trailers);
    case "total_size":
      return BigInt(info.bytesSent + (headers?.byteSize ?? 0) + (trailers?.byteSize ?? 0));
    case "grpc_status": {
      const status = trailers?.get("grpc-status") ?? headers?.get("grpc-status");
      return status === undefined ? undefined : BigInt(status);
    }
  }
  return undefined;
}

function connection(key: string, info: StreamInfo): Value | undefined {
  if (key === "id") return BigInt(info.connectionId);
  if (key === "mtls") return false;
  if (key === "requested_server_name") return "";
  return undefined;
}

function upstream(key: string, info: StreamInfo): Value | undefined {
  switch (key) {
    case "address":
      return info.upstreamAddress;
    case "port": {
      const port = info.upstreamAddress?.split(":")[1];
      return port === undefined ? undefined : BigInt(port);
    }
    case "transport_failure_reason":
      return info.transportFailureReason;
    case "request_attempt_count":
      return BigInt(info.attemptCount ?? 0);
  }
  return undefined;
}

function peer(address: string): Lookup {
  return {
    get: (key) => {
      if (key === "address") return address;
      if (key === "port") return BigInt(address.slice(address.lastIndexOf(":") + 1));
      return undefined;
    },
  };
}

function xds(key: string, view: PropertyView): Value | undefined {
  if (key === "node") {
    return {
      get: (field) => {
        if (field === "id") return fromText(view.node.id);
        if (field === "cluster") return fromText(view.node.cluster);
        return field === "metadata" ? fromJson(view.node.metadata) : undefined;
      },
    };
  }
  if (view.info === undefined) return undefined;
  switch (key) {
    case "cluster_name":
      return view.info.clusterName;
    case "route_name":
      return view.info.routeName;
    case "virtual_host_name":
      return "gateway";
    case "filter_chain_name":
      return "";
    case "listener_direction":
      return 0n;
  }
  return undefined;
}

function metadata(key: string, info: StreamInfo): Value | undefined {
  if (key !== "filter_metadata") return undefined;
  return {
    get: (namespace) => {
      const value = info.dynamicMetadata[namespace];
      return value === undefined ? undefined : fromJson(value);
    },
    whole: () => marshalPairs([], []),
  };
}

function fromJson(value: Json): Value | undefined {
  if (typeof value === "string") return fromText(value);
  if (typeof value === "number") return { double: value };
  if (typeof value === "boolean") return value;
  if (value === null) return undefined;
  if (Array.isArray(value)) {
    return {
      get: (index) => {
        const item = /^\d+$/.test(index) ? value[Number(index)] : undefined;
        return item === undefined ? undefined : fromJson(item);
      },
    };
  }
  return {
    get: (key) => {
      const field = Object.hasOwn(value, key) ? value[key] : undefined;
      return field === undefined ? undefined : fromJson(field);
    },
    whole: () => {
      const keys = Object.keys(value);
      const texts = keys.map((key) => {
        const field = fromJson(value[key] as Json);
        const bytes = field === undefined ? "" : serialize(field);
        return typeof bytes === "string" ? bytes : "";
      });
      return marshalPairs(keys.map(fromText), texts);
    },
  };
}

function headerLookup(headers: HeaderMap | null): Lookup {
  const joined = (name: string): string | undefined => {
    const values = headers?.values.filter((_, i) => headers.names[i] === name);
    return values === undefined || values.length === 0 ? undefined : values.join(",");
  };
  return {
    get: (name) => joined(name.toLowerCase()),
    whole: () => {
      const names = [...new Set(headers?.names)];
      return marshalPairs(names, names.map((name) => joined(name) as string)); // prettier-ignore
    },
  };
}

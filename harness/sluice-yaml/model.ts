// sluice.yaml as the tools use it: everything named, every default in its place.
import type { Json } from "../scenario/scenario.ts";

/** Any JSON object. */
export type JsonObject = Record<string, Json>;

/** host and port. */
export interface Address {
  host: string;
  port: number;
}

/** A model server. */
export interface Upstream {
  name: string;
  provider?: string;
  /** As in the file or the provider's: `https://api.openai.com`. */
  url: string;
  isTls: boolean;
  host: string;
  port: number;
  credentials?: { env: string; header: string; prefix: string };
  /** `grpc`: HTTP/2, for services that filters call. */
  protocol: "http" | "grpc";
  caFile?: string;
  limits: { connections?: number; pendingRequests?: number; requests?: number };
  /** Where it is in the cluster. */
  service: { host: string; port: number; labels?: Record<string, string>; isTls: boolean };
}

/** What a route asks of a request. */
export interface RouteMatch {
  models?: string[];
  variants?: string[];
  requestTypes?: string[];
  tiers?: string[];
  path?: string;
  headers?: Record<string, string>;
}

/** One route. */
export interface Route {
  name?: string;
  match: RouteMatch;
  to: { upstream: string; weight: number }[];
  timeoutMs: number;
  retries: "none" | "safe";
}

/** What a policy is attached to. */
export interface TargetRef {
  group?: string;
  kind: string;
  name: string;
}

/** How it is put into a cluster. */
export interface Deploy {
  name: string;
  namespace?: string;
  labels: Record<string, string>;
  registry?: string;
  digests: Record<string, string>;
  modules?: "suite" | "single";
  holding: "pair" | "flag";
  selector?: Record<string, string>;
  targetRefs?: TargetRef[];
  isWaypoint: boolean;
  workload?: { kind: "Deployment" | "DaemonSet" | "Gateway"; name: string };
  phase?: string;
  priority: number;
  failStrategy: "FAIL_OPEN" | "FAIL_CLOSE" | "FAIL_RELOAD";
  imagePullPolicy: string;
  imagePullSecret?: string;
  hosts: string[];
  gateways?: string[];
  parentRefs?: { name: string; namespace?: string; sectionName?: string }[];
  routing: "VirtualService" | "HTTPRoute" | "none";
  telemetry: { tracing: boolean; metrics: boolean };
  prometheus: string;
}

/** The whole file. */
export interface SluiceConfig {
  listen: Address;
  admin: Address;
  workers?: number;
  accessLog?: string;
  upstreams: Upstream[];
  routes: Route[];
  /** The suite's configuration, without `pair`. */
  filters: JsonObject;
  deploy: Deploy;
}

// The JSON Schema of sluice.yaml: its own part here, the filters' parts from their folders.
import type { Installation } from "./filters.ts";
import { PROVIDERS } from "./providers.ts";
import type { Schema } from "../schema/schema.ts";

/** Where the schema of a release is for editors, from the folder that the package is installed in. */
export const SCHEMA_FILE = "dist/sluice.schema.json";

const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });

/** Our own definitions; those that filters share come from `runtime/config/shared.schema.json`. */
const definitions: Record<string, Schema> = {
  address: {
    title: "host:port",
    type: "string",
    pattern: "^([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:]+\\]):[0-9]{1,5}$",
    examples: ["127.0.0.1:8080"],
  },
  url: {
    title: "URL without a path",
    type: "string",
    pattern: "^https?://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:]+\\])(:[0-9]{1,5})?/?$",
    examples: ["https://api.openai.com"],
  },
  environmentName: {
    title: "name of an environment variable",
    type: "string",
    pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
    examples: ["OPENAI_API_KEY"],
  },
  object: {
    title: "Kubernetes name",
    type: "string",
    pattern: "^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$",
    examples: ["sluice"],
  },
  labels: { type: "object", additionalProperties: { type: "string" }, examples: [{ app: "gateway" }] },
  count: { type: "integer", minimum: 1, maximum: 1000000, examples: [100] },
  upstream: {
    type: "object",
    additionalProperties: false,
    properties: {
      provider: {
        description: "Whose API it is; gives `url` and the header of the credential where these are not said.",
        title: "provider",
        type: "string",
        minLength: 1,
        examples: Object.keys(PROVIDERS),
      },
      url: { description: "Where it answers: scheme, host and port. The path is the caller's.", ...ref("url") },
      credentials: {
        description: "What the gateway puts on each request to it, over what the caller sent.",
        type: "object",
        required: ["env"],
        additionalProperties: false,
        properties: {
          env: {
            description: "The environment variable that holds it; it is read by Envoy, never written down.",
            ...ref("environmentName"),
          },
          header: { description: "The header. Default: the provider's.", ...ref("headerName") },
          prefix: {
            description: "What stands before it. Default: `Bearer ` in `authorization`, else nothing.",
            type: "string",
            examples: ["Bearer "],
          },
        },
      },
      protocol: {
        description: "`grpc` for services that filters call, such as a rate limit service.",
        enum: ["http", "grpc"],
        default: "http",
      },
      caFile: {
        description: "Certificates that an https upstream is checked by. Default: the system's.",
        ...ref("text"),
      },
      limits: {
        description: "How much it gets at once; more waits or is refused with 503.",
        type: "object",
        additionalProperties: false,
        properties: {
          connections: { description: "Connections.", ...ref("count") },
          pendingRequests: { description: "Requests that wait for a connection.", ...ref("count") },
          requests: { description: "Requests.", ...ref("count") },
        },
      },
      service: {
        description: "Where it is in the cluster, if not at `url`.",
        type: "object",
        required: ["host"],
        additionalProperties: false,
        properties: {
          host: {
            description: "The service's DNS name.",
            ...ref("text"),
            examples: ["llama.models.svc.cluster.local"],
          },
          port: { description: "Its port.", type: "integer", minimum: 1, maximum: 65535, default: 80 },
          labels: {
            description: "Pods that are meant, where one service has several kinds: a subset with pools of its own.",
            ...ref("labels"),
          },
        },
      },
    },
  },
  target: {
    type: "object",
    required: ["upstream"],
    additionalProperties: false,
    properties: {
      upstream: { description: "The upstream's name.", ...ref("object"), examples: ["openai"] },
      weight: {
        description: "Its share, in parts of the weights' sum.",
        type: "integer",
        minimum: 0,
        maximum: 1000000,
        default: 1,
        examples: [90],
      },
    },
  },
  route: {
    type: "object",
    required: ["to"],
    additionalProperties: false,
    properties: {
      name: { description: "Its name in logs.", ...ref("identifier") },
      match: {
        description: "Which requests; all given members must hold. Absent: all.",
        type: "object",
        additionalProperties: false,
        properties: {
          models: {
            description: "Models asked for, after aliases; needs filters.modelTag.",
            type: "array",
            minItems: 1,
            items: ref("glob"),
            examples: [["gpt-4o*"]],
          },
          variants: {
            description: "Variants that filters.modelTag.split chose.",
            type: "array",
            minItems: 1,
            items: ref("identifier"),
            examples: [["canary"]],
          },
          requestTypes: {
            description: "Kinds of work.",
            type: "array",
            minItems: 1,
            items: ref("requestType"),
            examples: [["embedding"]],
          },
          tiers: {
            description: "Tiers of the caller.",
            type: "array",
            minItems: 1,
            items: ref("headerValue"),
            examples: [["vip"]],
          },
          path: {
            description: "What the path begins with.",
            title: "path",
            type: "string",
            pattern: "^/",
            examples: ["/v1/"],
          },
          headers: {
            description: "Headers and what their values must be: the whole, or what is before a final `*`.",
            type: "object",
            additionalProperties: { title: "header value", type: "string", minLength: 1 },
            examples: [{ "x-testing": "true" }],
          },
        },
      },
      to: { description: "Where they go, shared by weight.", type: "array", minItems: 1, items: ref("target") },
      timeout: {
        description: "From the request's end to the answer's, which for a stream is its last token. `0s`: none.",
        ...ref("duration"),
        default: "600s",
      },
      retries: {
        description: "`none`, or `safe`: what provably never reached the model is tried again, twice at most.",
        enum: ["none", "safe"],
        default: "none",
      },
    },
  },
  targetRef: {
    type: "object",
    required: ["kind", "name"],
    additionalProperties: false,
    properties: {
      group: { description: "Default: the kind's own.", type: "string" },
      kind: { description: "What it is.", enum: ["Gateway", "GatewayClass", "Service", "ServiceEntry", "HTTPRoute"] },
      name: { description: "Its name.", ...ref("object") },
    },
  },
  deploy: {
    type: "object",
    additionalProperties: false,
    properties: {
      name: {
        description: "Name of what is made, and the beginning of longer ones.",
        ...ref("object"),
        default: "sluice",
      },
      namespace: { description: "Absent: none is written.", ...ref("object"), examples: ["istio-ingress"] },
      labels: { description: "Labels on everything, beside our own.", ...ref("labels") },
      registry: {
        description: "Where the modules are: each is an image below it.",
        title: "repository of a registry",
        type: "string",
        pattern: "^[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$",
        examples: ["ghcr.io/acme/sluice"],
      },
      digests: {
        description: "Digests of the images by module. Default: what `sluice push` would push of the modules here.",
        type: "object",
        additionalProperties: { title: "digest", type: "string", pattern: "^sha256:[0-9a-f]{64}$" },
      },
      modules: {
        description: "`suite`: one module with all filters; `single`: one for each. Default: suite where it is there.",
        enum: ["suite", "single"],
      },
      holding: {
        description:
          "How headers wait for the body: `pair` (two plugins, on a stock gateway) or `flag` (one, with allow_on_headers_stop_iteration in an EnvoyFilter).",
        enum: ["pair", "flag"],
        default: "pair",
      },
      selector: {
        description: "Labels of the pods: gateways or sidecars.",
        ...ref("labels"),
        examples: [{ istio: "ingressgateway" }],
      },
      targetRefs: {
        description: "Gateways, waypoints or services instead of a selector.",
        type: "array",
        minItems: 1,
        items: ref("targetRef"),
      },
      isWaypoint: { description: "Whether the targets are of an ambient waypoint.", type: "boolean", default: false },
      workload: {
        description: "The deployment of a gateway, for the patch that teaches its metrics our labels.",
        type: "object",
        required: ["name"],
        additionalProperties: false,
        properties: {
          kind: { description: "What it is.", enum: ["Deployment", "DaemonSet", "Gateway"], default: "Deployment" },
          name: { description: "Its name.", ...ref("object"), examples: ["istio-ingressgateway"] },
        },
      },
      phase: { description: "Absent: behind authentication and authorization.", enum: ["AUTHN", "AUTHZ", "STATS"] },
      priority: {
        description: "Of the outer half; the inner one's is 10 less.",
        type: "integer",
        minimum: 100,
        maximum: 1000000,
        default: 1000,
      },
      istioVersion: {
        description: "The oldest Istio that it is for.",
        title: "version",
        type: "string",
        pattern: "^1\\.[0-9]{2}$",
        default: "1.28",
        examples: ["1.28"],
      },
      failStrategy: {
        description:
          "What becomes of traffic when a module cannot run. Default: FAIL_RELOAD, before Istio 1.28 FAIL_OPEN.",
        enum: ["FAIL_OPEN", "FAIL_CLOSE", "FAIL_RELOAD"],
      },
      imagePullPolicy: {
        description: "When the image is pulled.",
        enum: ["IfNotPresent", "Always"],
        default: "IfNotPresent",
      },
      imagePullSecret: {
        description: "Secret with the registry's credential, in the same namespace.",
        ...ref("object"),
      },
      hosts: {
        description: "Hosts of the routes.",
        type: "array",
        minItems: 1,
        items: ref("text"),
        examples: [["ai.example.com"]],
        default: ["*"],
      },
      gateways: {
        description: "Istio gateways of the VirtualService, as NAMESPACE/NAME or `mesh`.",
        type: "array",
        minItems: 1,
        items: ref("text"),
        examples: [["istio-ingress/ai"]],
      },
      parentRefs: {
        description: "Gateways of the HTTPRoute.",
        type: "array",
        minItems: 1,
        items: {
          type: "object",
          required: ["name"],
          additionalProperties: false,
          properties: {
            name: { description: "Its name.", ...ref("object") },
            namespace: { description: "Its namespace.", ...ref("object") },
            sectionName: { description: "Its listener.", ...ref("object") },
          },
        },
        examples: [[{ name: "ai" }]],
      },
      routing: {
        description: "How routes are written for Istio.",
        enum: ["VirtualService", "HTTPRoute", "none"],
        default: "VirtualService",
      },
      telemetry: {
        description: "What Istio's own telemetry is taught.",
        type: "object",
        additionalProperties: false,
        properties: {
          tracing: { description: "Tags on spans.", type: "boolean", default: true },
          metrics: {
            description:
              "Labels on Istio's own metrics. Callers choose models' names: only with filters.modelTag.models.",
            type: "boolean",
            default: false,
          },
        },
      },
      prometheus: {
        description: "Where Prometheus answers, for canary analysis.",
        title: "URL",
        type: "string",
        pattern: "^https?://",
        default: "http://prometheus.istio-system:9090",
      },
    },
  },
};

/** The whole schema, self-contained. */
export function sluiceSchema(from: Pick<Installation, "filters" | "shared">): Schema {
  const { $defs: shared = {}, properties: common = {} } = from.shared;
  const { pair: _, ...settable } = common;
  const $defs: Record<string, Schema> = { ...shared, ...definitions };
  const properties: Record<string, Schema> = { ...settable };
  for (const { key, name, schema } of from.filters) {
    const own = Object.keys(schema.$defs ?? {}).filter((def) => !Object.hasOwn(shared, def));
    const renamed = JSON.parse(
      JSON.stringify(schema).replace(/"#\/\$defs\/([^"]+)"/g, (text, def: string) =>
        own.includes(def) ? `"#/$defs/${name}.${def}"` : text,
      ),
    ) as Schema;
    for (const [def, of] of Object.entries(renamed.$defs ?? {})) $defs[own.includes(def) ? `${name}.${def}` : def] = of;
    const ownProperties = Object.entries(renamed.properties ?? {}).filter(([member]) => !Object.hasOwn(common, member));
    properties[key] = {
      description: `${schema.description ?? name} Absent: off.`,
      type: "object",
      additionalProperties: false,
      ...(renamed.required && { required: renamed.required }),
      properties: Object.fromEntries(ownProperties),
    };
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "sluice",
    title: "sluice.yaml",
    description: "A gateway for AI traffic: upstreams, routes, and what the filters do.",
    type: "object",
    required: ["upstreams"],
    additionalProperties: false,
    properties: {
      $schema: { description: "For editors.", type: "string" },
      listen: { description: "Where `sluice run` takes requests.", ...ref("address"), default: "127.0.0.1:8080" },
      admin: { description: "Where Envoy's admin interface is.", ...ref("address"), default: "127.0.0.1:9901" },
      workers: {
        description: "Envoy's workers. Default: one for each core.",
        type: "integer",
        minimum: 1,
        maximum: 256,
      },
      accessLog: {
        description: "File of the access log, one JSON object for each call. Default: standard output.",
        ...ref("text"),
        examples: ["access.log"],
      },
      upstreams: {
        description: "Model servers, by name.",
        type: "object",
        minProperties: 1,
        propertyNames: { $ref: "#/$defs/object" },
        additionalProperties: ref("upstream"),
        examples: [{ openai: { provider: "openai", credentials: { env: "OPENAI_API_KEY" } } }],
      },
      routes: {
        description: "Which upstream a request goes to; the first match wins. Absent: to the only upstream.",
        type: "array",
        minItems: 1,
        items: ref("route"),
      },
      filters: {
        description: "What the filters do: the configuration of the suite, but for `pair`.",
        type: "object",
        additionalProperties: false,
        properties,
      },
      deploy: { description: "How it is put into a cluster: sluice render and sluice push.", ...ref("deploy") },
    },
    $defs,
  };
}

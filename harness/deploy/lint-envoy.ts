// Lints Envoy's own configuration, wherever it stands: a bootstrap, xDS resources, the patches of an EnvoyFilter.
import type { Path } from "../sluice-yaml/source.ts";
import { speaksOfModels, textsIn } from "./lint-ai.ts";
import { safeConditions, unsafeConditions } from "./lint-conditions.ts";
import { finding, type Finding, type LintDocument } from "./lint-finding.ts";
import { needsBody } from "./lint-plugins.ts";
import type { LintOptions } from "./lint-routes.ts";

type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Whether a document holds Envoy's configuration. */
export function isEnvoyConfig(value: unknown): boolean {
  const names = ["static_resources", "dynamic_resources", "virtual_hosts", "route_config", "resources", "listeners"];
  return fields(value)["kind"] === undefined && names.some((name) => fields(value)[name] !== undefined);
}

/** Findings of everything below a place. Envoy takes snake_case and camelCase alike. */
export function lintEnvoy(document: LintDocument, value: unknown, path: Path, options: LintOptions): Finding[] {
  if (Array.isArray(value)) return value.flatMap((item, at) => lintEnvoy(document, item, [...path, at], options));
  const object = fields(value);
  const own: Finding[] = [];
  const hosts = keyOf(object, "virtual_hosts");
  if (hosts !== undefined) {
    for (const [at, host] of list(object[hosts]).entries()) {
      own.push(...lintVirtualHost(document, fields(host), [...path, hosts, at], options));
    }
  } else if (object["routes"] !== undefined && object["domains"] !== undefined) {
    return lintVirtualHost(document, object, path, options);
  } else if (object["match"] !== undefined && object["route"] !== undefined) {
    // A single route, as a patch of ROUTE has it.
    return lintRoute(document, object, path, options, []);
  }
  const filters = keyOf(object, "http_filters");
  if (filters !== undefined) own.push(...lintManager(document, object, filters, path));
  for (const [name, member] of Object.entries(object)) {
    if (name !== hosts && typeof member === "object")
      own.push(...lintEnvoy(document, member, [...path, name], options));
  }
  return own;
}

function lintVirtualHost(document: LintDocument, host: Fields, path: Path, options: LintOptions): Finding[] {
  const hints = [host["name"], ...list(host["domains"])];
  const routes = list(host["routes"]).map(fields);
  const isAi = (route: Fields) => isAiRoute(route, hints, options);
  const findings = routes.flatMap((route, at) => lintRoute(document, route, [...path, "routes", at], options, hints));
  const policy = keyOf(host, "retry_policy");
  if (policy !== undefined && routes.some(isAi)) {
    findings.unshift(...lintPolicy(document, fields(host[policy]), [...path, policy]));
  }
  return findings;
}

function isAiRoute(route: Fields, hints: readonly unknown[], options: LintOptions): boolean {
  if (options.allRoutes === true) return true;
  const action = fields(route["route"]);
  return speaksOfModels([...hints, route["name"], action["cluster"], ...textsIn(route["match"]), ...textsIn(keyed(action, "weighted_clusters"))]); // prettier-ignore
}

function lintRoute(
  document: LintDocument,
  route: Fields,
  path: Path,
  options: LintOptions,
  hints: readonly unknown[],
): Finding[] {
  if (route["route"] === undefined || !isAiRoute(route, hints, options)) return [];
  const action = fields(route["route"]);
  const at: Path = [...path, "route"];
  const findings: Finding[] = [];
  const policy = keyOf(action, "retry_policy");
  if (policy !== undefined) findings.push(...lintPolicy(document, fields(action[policy]), [...at, policy]));
  const hedge = keyOf(action, "hedge_policy");
  if (hedge !== undefined && keyed(fields(action[hedge]), "hedge_on_per_try_timeout") === true) {
    findings.push(
      finding(document, [...at, hedge], "hedged-request", "error", {
        what: "`hedge_on_per_try_timeout` sends a second call while the first one runs",
        why: "both are billed",
        cure: "no hedge_policy on routes to models",
      }),
    );
  }
  const { timeout } = action;
  if (timeout === undefined || /^0(\.0*)?s?$/.test(String(timeout))) {
    findings.push(
      finding(document, timeout === undefined ? at : [...at, "timeout"], "no-timeout", "warning", {
        what: timeout === undefined ? "no `timeout`" : "`timeout: 0s` is none",
        why:
          timeout === undefined
            ? "Envoy ends the call after 15 s, when many a model still works on what it will bill"
            : "a provider that hangs holds the call for ever",
        cure: "timeout: 600s for streams, less for the rest; or retry-guard's timeouts by model",
      }),
    );
  }
  return findings;
}

function lintPolicy(document: LintDocument, policy: Fields, path: Path): Finding[] {
  if (keyed(policy, "num_retries") === 0) return [];
  const name = keyOf(policy, "retry_on") ?? "retry_on";
  const codes = list(keyed(policy, "retriable_status_codes")).map(Number);
  return unsafeConditions(String(policy[name] ?? ""), codes).map((one) =>
    finding(document, [...path, name], "unsafe-retry", one.isGrpc ? "warning" : "error", {
      what: `\`${name}: ${one.condition}\` can bill a call twice`,
      why: one.why,
      cure: `${safeConditions},reset-before-request only, or no retry_policy and retry-guard with proxyRetries safe`,
    }),
  );
}

/** A connection manager: its Wasm filters must be able to hold headers, and know whose address they see. */
function lintManager(document: LintDocument, manager: Fields, filters: string, path: Path): Finding[] {
  const findings: Finding[] = [];
  for (const [at, entry] of list(manager[filters]).entries()) {
    const typed = keyOf(fields(entry), "typed_config") ?? "typed_config";
    const config = fields(fields(fields(entry)[typed])["config"]);
    const place: Path = [...path, filters, at, typed, "config"];
    const own = pluginConfig(config["configuration"]);
    const isHolding = keyed(config, "allow_on_headers_stop_iteration") === true || own["pair"] !== undefined;
    const source = [fields(entry)["name"], config["name"], ...textsIn(keyed(config, "vm_config"))];
    if (!isHolding && source.some((text) => needsBody(String(text)))) {
      findings.push(
        finding(document, place, "no-pair-or-flag", "error", {
          what: "the plugin reads bodies, and cannot hold headers until it has",
          why: "Envoy's default delivers no body while headers wait: nothing that the body says reaches a route or a header",
          cure: "allow_on_headers_stop_iteration: true here (Envoy 1.35), or two instances with pair: outer and pair: inner",
        }),
      );
    }
    if (keyed(manager, "use_remote_address") !== true && usesAddress(own)) {
      findings.push(
        finding(document, [...path, filters, at], "address-from-client", "warning", {
          what: "a key is made of the caller's address, without `use_remote_address: true`",
          why: "the address is then what the caller writes into x-forwarded-for",
          cure: "use_remote_address: true in this connection manager, or another key",
        }),
      );
    }
  }
  return findings;
}

function pluginConfig(configuration: unknown): Fields {
  const value = fields(configuration)["value"];
  if (typeof value !== "string") return fields(value);
  try {
    return fields(JSON.parse(value));
  } catch {
    return {};
  }
}

function usesAddress(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(usesAddress);
  return Object.entries(fields(value)).some(
    ([name, member]) => (name === "key" && list(member).includes("ip")) || usesAddress(member),
  );
}

function keyOf(object: Fields, name: string): string | undefined {
  const camel = name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return [name, camel].find((one) => object[one] !== undefined);
}

function keyed(object: Fields, name: string): unknown {
  const key = keyOf(object, name);
  return key === undefined ? undefined : object[key];
}

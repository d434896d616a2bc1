// Lints what Istio and the Gateway API say of routes: VirtualService, DestinationRule, HTTPRoute, BackendTrafficPolicy.
import type { Path } from "../sluice-yaml/source.ts";
import type { KubeObject } from "./kube.ts";
import { speaksOfModels, textsIn } from "./lint-ai.ts";
import { safeConditions, unsafeCodes, unsafeConditions, type UnsafeCondition } from "./lint-conditions.ts";
import { finding, type Finding, type LintDocument } from "./lint-finding.ts";

/** How to lint. */
export interface LintOptions {
  /** Every route leads to a model, whatever its paths and names say. */
  allRoutes?: boolean;
}

const noRetries = "retries: {attempts: 0}, and let retry-guard ask for safe retries";
const slowModels = "a model that thinks for minutes is well, and one that hangs must end: set both apart by route";

type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Findings of one VirtualService. */
export function lintVirtualService(document: LintDocument, options: LintOptions): Finding[] {
  const object = document.value as KubeObject;
  const spec = fields(object.spec);
  const isAi = options.allRoutes === true || speaksOfModels([object.metadata?.name, ...list(spec["hosts"])]);
  return list(spec["http"]).flatMap((entry, at) => {
    const route = fields(entry);
    const hints = [route["name"], ...textsIn(route["match"]), ...textsIn(route["route"])];
    if (!isAi && !speaksOfModels(hints)) return [];
    // A route that only redirects or answers by itself calls no model.
    if (route["redirect"] !== undefined || route["directResponse"] !== undefined) return [];
    const path: Path = ["spec", "http", at];
    return [...istioRetries(document, path, route["retries"]), ...istioTimeout(document, path, route["timeout"])];
  });
}

function istioRetries(document: LintDocument, path: Path, given: unknown): Finding[] {
  const retries = fields(given);
  const { attempts, retryOn } = retries;
  if (given === undefined || (attempts !== 0 && retryOn === undefined)) {
    const at = given === undefined ? path : [...path, "retries"];
    return [
      finding(document, at, "default-retry", "warning", {
        what: given === undefined ? "no `retries`" : "`retries` without `retryOn`",
        why:
          "Istio's default then repeats calls: up to 1.23 every 503, and for gRPC `unavailable` and `cancelled`, " +
          "which may have been billed",
        cure: noRetries,
      }),
    ];
  }
  if (attempts === 0) return [];
  const unsafe = unsafeConditions(String(retryOn));
  return unsafe.map((one) => unsafeRetry(document, [...path, "retries", "retryOn"], `retryOn: ${one.condition}`, one));
}

function unsafeRetry(document: LintDocument, path: Path, what: string, one: UnsafeCondition): Finding {
  return finding(document, path, "unsafe-retry", one.isGrpc ? "warning" : "error", {
    what: `\`${what}\` can bill a call twice`,
    why: one.why,
    cure: `${safeConditions} only, or no retries at all (${noRetries})`,
  });
}

function istioTimeout(document: LintDocument, path: Path, timeout: unknown): Finding[] {
  if (timeout !== undefined && !/^0(ms|s|m|h)?$/.test(String(timeout))) return [];
  return [
    finding(document, timeout === undefined ? path : [...path, "timeout"], "no-timeout", "warning", {
      what: timeout === undefined ? "no `timeout`" : "`timeout: 0s` is none",
      why: `a provider that hangs holds the call for ever; ${slowModels}`,
      cure: "timeout: 600s for streams, less for the rest; or retry-guard's timeouts by model",
    }),
  ];
}

/** Findings of one DestinationRule: a retry budget is none of money. */
export function lintDestinationRule(document: LintDocument, options: LintOptions): Finding[] {
  const object = document.value as KubeObject;
  const spec = fields(object.spec);
  if (options.allRoutes !== true && !speaksOfModels([object.metadata?.name, spec["host"]])) return [];
  const places: [Path, unknown][] = [[["spec", "trafficPolicy"], spec["trafficPolicy"]]];
  for (const [at, subset] of list(spec["subsets"]).entries()) {
    places.push([["spec", "subsets", at, "trafficPolicy"], fields(subset)["trafficPolicy"]]);
  }
  return places.flatMap(([path, policy]) => {
    if (fields(policy)["retryBudget"] === undefined) return [];
    return [
      finding(document, [...path, "retryBudget"], "unsafe-retry", "warning", {
        what: "`retryBudget` lets retries through by their share",
        why: "it bounds how many calls are repeated, not which: each of them may be billed twice",
        cure: "no retry policy on the routes to this host; retry-guard has a budget of its own for safe retries",
      }),
    ];
  });
}

/** Findings of one HTTPRoute (GRPCRoute alike). */
export function lintHttpRoute(document: LintDocument, options: LintOptions): Finding[] {
  if (!isAiRoute(document, options)) return [];
  const spec = fields((document.value as KubeObject).spec);
  return list(spec["rules"]).flatMap((entry, at) => {
    const rule = fields(entry);
    const path: Path = ["spec", "rules", at];
    const retry = fields(rule["retry"]);
    const codes = list(retry["codes"]).map(Number);
    const unsafe = retry["attempts"] === 0 ? [] : unsafeCodes(codes);
    const findings = unsafe.map((one) => unsafeRetry(document, [...path, "retry", "codes", codes.indexOf(Number(one.condition))], `retry.codes: ${one.condition}`, one)); // prettier-ignore
    const timeouts = fields(rule["timeouts"]);
    const request = timeouts["request"] ?? timeouts["backendRequest"];
    if (request !== undefined && !/^0(ms|s|m|h)?$/.test(String(request))) return findings;
    return [
      ...findings,
      finding(document, path, "no-timeout", "warning", {
        what: "no `timeouts.request`",
        why: `what ends a call is left to the implementation (15 s in Envoy Gateway, never elsewhere); ${slowModels}`,
        cure: "timeouts: {request: 600s} for streams, less for the rest; or retry-guard's timeouts by model",
      }),
    ];
  });
}

/** Whether a route of the Gateway API leads to a model. */
export function isAiRoute(document: LintDocument, options: LintOptions): boolean {
  const object = document.value as KubeObject;
  if (options.allRoutes === true) return true;
  const spec = fields(object.spec);
  const hints = list(spec["rules"]).flatMap((rule) => [
    ...textsIn(fields(rule)["matches"]),
    ...textsIn(fields(rule)["backendRefs"]),
  ]);
  return speaksOfModels([object.metadata?.name, ...list(spec["hostnames"]), ...hints]);
}

/** Findings of one BackendTrafficPolicy. `aiNames`: names of routes and gateways that lead to models. */
export function lintTrafficPolicy(
  document: LintDocument,
  aiNames: ReadonlySet<string>,
  options: LintOptions,
): Finding[] {
  const object = document.value as KubeObject;
  const spec = fields(object.spec);
  const targets = [...list(spec["targetRefs"]), spec["targetRef"]].map((target) =>
    String(fields(target)["name"] ?? ""),
  );
  const isAi = options.allRoutes === true || targets.some((name) => aiNames.has(name));
  if (!isAi && !speaksOfModels([object.metadata?.name, ...targets])) return [];
  if (spec["retry"] === undefined) return [];
  const retry = fields(spec["retry"]);
  if (retry["numRetries"] === 0) return [];
  const retryOn = fields(retry["retryOn"]);
  const path: Path = ["spec", "retry"];
  if (retry["retryOn"] === undefined) {
    return [
      finding(document, path, "unsafe-retry", "error", {
        what: "`retry` without `retryOn` can bill a call twice",
        why: "Envoy Gateway's default repeats every 503, and for gRPC `unavailable` and `cancelled`",
        cure: `retryOn: {triggers: [${safeConditions}]}, or no \`retry\``,
      }),
    ];
  }
  const codes = list(retryOn["httpStatusCodes"]).map(Number);
  const triggers = list(retryOn["triggers"]).map(String);
  return [
    ...triggers.flatMap((trigger, at) =>
      unsafeConditions(trigger).map((one) =>
        unsafeRetry(document, [...path, "retryOn", "triggers", at], `triggers: ${trigger}`, one),
      ),
    ),
    ...unsafeCodes(codes).map((one) =>
      unsafeRetry(
        document,
        [...path, "retryOn", "httpStatusCodes", codes.indexOf(Number(one.condition))],
        `httpStatusCodes: ${one.condition}`,
        one,
      ),
    ),
  ];
}

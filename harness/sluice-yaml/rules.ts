// What a schema cannot say of sluice.yaml: names that must exist, routes that nothing reaches, what needs what.
import type { Fault } from "./fault.ts";
import type { Installation } from "./filters.ts";
import { nearestWord } from "./nearest.ts";
import { PROVIDERS, providerNamed } from "./providers.ts";
import type { RawConfig, RawRoute } from "./read.ts";
import type { SourceDocument } from "./source.ts";

/** All findings. The document has passed the schema. */
export function checkRules(document: SourceDocument, raw: RawConfig, from: Installation): Fault[] {
  return [
    ...checkUpstreams(document, raw),
    ...checkRoutes(document, raw),
    ...checkFilters(document, raw, from),
    ...checkDeploy(document, raw),
  ];
}

function checkUpstreams(document: SourceDocument, raw: RawConfig): Fault[] {
  const faults: Fault[] = [];
  for (const [name, upstream] of Object.entries(raw.upstreams)) {
    const path = ["upstreams", name];
    const known = providerNamed(upstream.provider);
    if (upstream.url === undefined && known.url === undefined) {
      const near = upstream.provider === undefined ? undefined : nearestWord(upstream.provider, Object.keys(PROVIDERS));
      faults.push(
        document.fault(path, `no url, and none is known of provider ${upstream.provider ?? "(none)"}`, {
          at: "key",
          cure:
            near === undefined || near === upstream.provider
              ? "say its url"
              : `say its url, or did you mean provider "${near}"?`,
        }),
      );
    }
    const port = Number(/:(\d+)\/?$/.exec(upstream.url ?? "")?.[1] ?? 1);
    if (port < 1 || port > 65535) faults.push(document.fault([...path, "url"], `there is no port ${port}`));
    if (upstream.credentials !== undefined && known.header === undefined && upstream.credentials.header === undefined) {
      faults.push(
        document.fault(
          [...path, "credentials"],
          `${upstream.provider ?? ""} takes signed requests, not a credential in a header`,
          {
            cure: "leave credentials out and let the callers sign, or name the header of a proxy that signs",
          },
        ),
      );
    }
  }
  if (
    raw.routes === undefined &&
    Object.values(raw.upstreams).filter(({ protocol }) => protocol !== "grpc").length > 1
  ) {
    faults.push(
      document.fault(["upstreams"], "several upstreams and no routes", {
        at: "key",
        cure: "add routes: with the upstream of each",
      }),
    );
  }
  return faults;
}

function checkRoutes(document: SourceDocument, raw: RawConfig): Fault[] {
  const faults: Fault[] = [];
  const names = Object.keys(raw.upstreams);
  const used = new Set<string>();
  let catchAll = -1;
  for (const [at, route] of (raw.routes ?? []).entries()) {
    const path = ["routes", at];
    for (const [index, { upstream }] of route.to.entries()) {
      used.add(upstream);
      if (names.includes(upstream)) continue;
      const near = nearestWord(upstream, names);
      faults.push(
        document.fault([...path, "to", index, "upstream"], `there is no upstream "${upstream}"`, {
          cure: near === undefined ? `there are: ${names.join(", ")}` : `did you mean "${near}"?`,
        }),
      );
    }
    if (route.to.every(({ weight }) => weight === 0)) {
      faults.push(document.fault([...path, "to"], "all weights are 0: nobody gets these requests", { at: "key" }));
    }
    if (catchAll >= 0) {
      faults.push(
        document.fault(path, `no request gets here: routes[${catchAll}] takes all`, {
          severity: "warning",
          cure: `move routes[${catchAll}] to the end`,
        }),
      );
    } else if (isCatchAll(route)) catchAll = at;
    faults.push(...checkTagged(document, raw, route, at));
  }
  if (raw.routes !== undefined && catchAll < 0) {
    faults.push(
      document.fault(["routes"], "requests that no route matches are answered 404", {
        at: "key",
        severity: "warning",
        cure: "end with a route without match, if that is not meant",
      }),
    );
  }
  for (const name of raw.routes === undefined ? [] : names) {
    if (!used.has(name) && raw.upstreams[name]?.protocol !== "grpc") {
      faults.push(document.fault(["upstreams", name], "no route leads to it", { at: "key", severity: "warning" }));
    }
  }
  return faults;
}

/** Routes by what model-tag writes need model-tag. */
function checkTagged(document: SourceDocument, raw: RawConfig, route: RawRoute, at: number): Fault[] {
  const faults: Fault[] = [];
  for (const member of ["models", "variants", "requestTypes", "tiers"] as const) {
    if (route.match?.[member] === undefined) continue;
    if (raw.filters?.["modelTag"] === undefined) {
      faults.push(
        document.fault(["routes", at, "match", member], `nothing tells ${member}: filters.modelTag is off`, {
          at: "key",
          cure: "add modelTag: {} to filters",
        }),
      );
    }
  }
  for (const [index, model] of (route.match?.models ?? []).entries()) {
    if (model.length > 1 && model.startsWith("*") && model.endsWith("*") && model.length < 3) {
      faults.push(document.fault(["routes", at, "match", "models", index], 'expected a name, got "**"'));
    }
  }
  return faults;
}

function checkFilters(document: SourceDocument, raw: RawConfig, from: Installation): Fault[] {
  const keys = from.filters.map(({ key }) => key);
  if (keys.some((key) => raw.filters?.[key] !== undefined)) return [];
  return [
    document.fault(["filters"], "no filter is on: this gateway only passes requests on", {
      severity: "warning",
      cure: `add one of ${keys.join(", ")}`,
    }),
  ];
}

function checkDeploy(document: SourceDocument, raw: RawConfig): Fault[] {
  const { deploy } = raw;
  if (deploy === undefined) return [];
  const faults: Fault[] = [];
  if (deploy.selector !== undefined && deploy.targetRefs !== undefined) {
    faults.push(
      document.fault(["deploy", "targetRefs"], "selector and targetRefs are both there", {
        at: "key",
        cure: "keep one: Istio refuses a policy that has both",
      }),
    );
  }
  if (deploy.isWaypoint === true && deploy.targetRefs === undefined) {
    faults.push(
      document.fault(["deploy", "isWaypoint"], "a waypoint is chosen by targetRefs, and there are none", {
        at: "key",
        cure: "add targetRefs: [{kind: Gateway, name: waypoint}], or a Service that the waypoint serves",
      }),
    );
  }
  if (deploy.failStrategy === "FAIL_RELOAD" && Number((deploy.istioVersion ?? "1.28").split(".")[1]) < 28) {
    faults.push(
      document.fault(["deploy", "failStrategy"], `Istio ${deploy.istioVersion ?? ""} does not know FAIL_RELOAD`, {
        cure: "FAIL_OPEN, or istioVersion 1.28 and later",
      }),
    );
  }
  return faults;
}

/** Whether a route takes every request. */
function isCatchAll({ match }: RawRoute): boolean {
  return match === undefined || Object.entries(match).every(([name, value]) => name === "path" && value === "/");
}

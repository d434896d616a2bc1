// What a configuration promises of the routes around it, held against the VirtualServices of the same files.
import type { Fault } from "../sluice-yaml/fault.ts";
import type { Installation } from "../sluice-yaml/filters.ts";
import type { JsonObject } from "../sluice-yaml/model.ts";
import type { SourceDocument } from "../sluice-yaml/source.ts";
import type { KubeObject } from "./kube.ts";
import { pluginsIn } from "./plugins.ts";

/** `routeHasNoRetryPolicy: true` is proven where every route says `retries.attempts: 0`. */
export function checkRetryPromises(documents: readonly SourceDocument[], from: Installation): Fault[] {
  const promises = documents.flatMap((document) =>
    pluginsIn(document, from).flatMap(({ config, path, filter }) => {
      const whole = (config ?? {}) as JsonObject;
      const isSuite = filter.name === "suite";
      const own = (isSuite ? whole["retryGuard"] : whole) as JsonObject | undefined;
      const at = [...path, ...(isSuite ? ["retryGuard"] : []), "routeHasNoRetryPolicy"];
      return own?.["routeHasNoRetryPolicy"] === true ? [{ document, at }] : [];
    }),
  );
  if (promises.length === 0) return [];
  const services = documents.filter(({ value }) => (value as KubeObject).kind === "VirtualService");
  const broken = services.flatMap(routesWithRetries);
  if (broken.length > 0) return broken;
  if (services.length > 0) return [];
  return promises.map(({ document, at }) =>
    document.fault(at, "promised, and no VirtualService is in these files to prove it", {
      severity: "warning",
      cure: "validate the VirtualServices of these hosts together with this file",
    }),
  );
}

function routesWithRetries(document: SourceDocument): Fault[] {
  const { http } = ((document.value as KubeObject).spec ?? {}) as { http?: { retries?: { attempts?: number } }[] };
  return (Array.isArray(http) ? http : []).flatMap((route, at) => {
    if (route?.retries?.attempts === 0) return [];
    const path = ["spec", "http", at, ...(route?.retries === undefined ? [] : ["retries"])];
    const what = route?.retries === undefined ? "no retries: Istio gives it a policy of its own" : "a retry policy";
    return [
      document.fault(path, `the route has ${what}, while a retry-guard relies on there being none`, {
        cure: "retries: {attempts: 0}",
      }),
    ];
  });
}

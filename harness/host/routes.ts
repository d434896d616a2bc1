// Chooses the route of a request.
import { fromText } from "./byte-string.ts";
import type { HeaderMap } from "./headers.ts";
import type { HeaderMatchSpec, RouteSpec } from "../scenario/scenario.ts";

/** The first route that matches. */
export function findRoute(routes: readonly RouteSpec[], headers: HeaderMap): RouteSpec | undefined {
  // Envoy finds no route for a request whose scheme a filter has taken away.
  if (!headers.has("x-forwarded-proto")) return undefined;
  const path = (headers.get(":path") ?? "").split("?")[0] as string;
  return routes.find(
    (route) => path.startsWith(route.prefix ?? "/") && (route.headers ?? []).every((match) => isMatch(match, headers)),
  );
}

function isMatch(match: HeaderMatchSpec, headers: HeaderMap): boolean {
  const values = headers.values.filter((_, i) => headers.names[i] === match.name);
  if (match.present !== undefined) return values.length > 0 === match.present;
  if (values.length === 0) return false;
  const value = values.join(",");
  if (match.exact !== undefined) return value === fromText(match.exact);
  if (match.prefix !== undefined) return value.startsWith(fromText(match.prefix));
  if (match.regex !== undefined) return new RegExp(`^(?:${match.regex})$`, "s").test(value);
  return true;
}

// Answers a registry's challenges: none, Basic, or a Bearer token from the server that it names.
import { HarnessError } from "../../error.ts";
import type { Credentials } from "./credentials.ts";

/** What stands in `www-authenticate`. */
export interface Challenge {
  scheme: "basic" | "bearer";
  parameters: Record<string, string>;
}

/** The first challenge that we can answer. */
export function parseChallenge(header: string | null): Challenge | undefined {
  for (const [, scheme = "", rest = ""] of (header ?? "").matchAll(
    /\b(Basic|Bearer)\s+((?:[\w-]+=(?:"[^"]*"|[^\s,"]+)(?:\s*,\s*)?)*)/gi,
  )) {
    const parameters = Object.fromEntries(
      [...rest.matchAll(/([\w-]+)=(?:"([^"]*)"|([^\s,"]+))/g)].map(([, name = "", quoted, plain]) => [
        name.toLowerCase(),
        quoted ?? plain ?? "",
      ]),
    );
    return { scheme: scheme.toLowerCase() as Challenge["scheme"], parameters };
  }
  return undefined;
}

/** The value of `authorization` that a challenge asks for. Throws `registry-unauthorized`, `registry-unsafe`. */
export async function answerChallenge(
  challenge: Challenge,
  credentials: Credentials | undefined,
  registry: string,
  scope: string,
): Promise<string> {
  if (challenge.scheme === "basic") {
    if (credentials === undefined) throw needsLogin(registry);
    return basic(credentials);
  }
  const { realm = "", service } = challenge.parameters;
  if (!URL.canParse(realm))
    throw new HarnessError(`${registry} names no token server: realm "${realm}"`, "registry-odd");
  const url = new URL(realm);
  checkSafe(url, registry, credentials !== undefined);
  const wanted = challenge.parameters["scope"] ?? scope;
  if (credentials?.identityToken !== undefined) {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: credentials.identityToken,
      scope: wanted,
      client_id: "sluice",
    });
    if (service !== undefined) form.set("service", service);
    return bearer(await ask(url, { method: "POST", body: form }, registry, credentials));
  }
  if (service !== undefined) url.searchParams.set("service", service);
  for (const one of wanted.split(" ")) url.searchParams.append("scope", one);
  const headers = credentials === undefined ? undefined : { authorization: basic(credentials) };
  return bearer(await ask(url, headers === undefined ? {} : { headers }, registry, credentials));
}

async function ask(
  url: URL,
  init: RequestInit,
  registry: string,
  credentials: Credentials | undefined,
): Promise<Response> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) }).catch((cause: unknown) => {
    throw new HarnessError(`the token server ${url.origin} of ${registry} cannot be reached`, "registry-unreachable", {
      cause,
    });
  });
  if (answer.ok) return answer;
  await answer.body?.cancel();
  if (answer.status === 401 || answer.status === 403) {
    if (credentials === undefined) throw needsLogin(registry);
    throw new HarnessError(
      `${registry} does not take the credentials of ${credentials.username || "this token"} (from ${credentials.from}): log in again`,
      "registry-unauthorized",
    );
  }
  throw new HarnessError(`the token server ${url.origin} of ${registry} answered ${answer.status}`, "registry-odd");
}

async function bearer(from: Response): Promise<string> {
  const { token, access_token: other } = (await from.json()) as { token?: string; access_token?: string };
  return `Bearer ${token ?? other ?? ""}`;
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** A password goes over TLS, or stays on this machine. */
function checkSafe(url: URL, registry: string, hasCredentials: boolean): void {
  if (!hasCredentials || url.protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) return;
  throw new HarnessError(
    `${registry} wants the credentials sent to ${url.origin}, in the clear: not done. Push without credentials, or by https`,
    "registry-unsafe",
  );
}

/** There are no credentials, and they are needed. */
export function needsLogin(registry: string): HarnessError {
  return new HarnessError(
    `${registry} wants credentials and there are none: docker login ${registry}, or --username NAME with the password in SLUICE_REGISTRY_PASSWORD`,
    "registry-unauthorized",
  );
}

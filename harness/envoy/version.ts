// Which Envoy is meant: the version that ENVOY_VERSION names, else the default.
import { HarnessError } from "../error.ts";

/** The Envoy that everything runs on unless somebody says otherwise. */
export const defaultEnvoyVersion = "1.40.0";

/** The oldest Envoy that the end-to-end suite runs on. */
export const oldestEnvoyVersion = "1.36.4";

/**
 * The version asked for: `given`, else ENVOY_VERSION. Undefined: nobody asked, any Envoy found will do.
 * Throws `envoy-version-malformed` for anything but three numbers.
 */
export function versionAskedFor(given: string | undefined, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const version = given ?? (env["ENVOY_VERSION"] || undefined);
  if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new HarnessError(
      `ENVOY_VERSION: expected three numbers such as "${defaultEnvoyVersion}", got "${version}"`,
      "envoy-version-malformed",
    );
  }
  return version;
}

// What retry-guard is made of, for its own module and for those that compose several filters.
import { Part } from "../../runtime/ai/part";
import { ObjectReader } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Compilation } from "../../runtime/match/compilation";
import { Attempts } from "./attempts";
import { RetryGuardConfig } from "./config";
import { Guard } from "./guard";

/**
 * Reads the filter's own fields and makes its part, which comes after all that may change a route. `attempts` is the
 * plugin's: where the configuration places the instance upstream, `newStream` answers `attempts.take()`.
 */
export function retryGuardParts(
  reader: ObjectReader,
  shared: SharedConfig,
  compilation: Compilation,
  attempts: Attempts,
): Part[] {
  const config = new RetryGuardConfig(reader, shared, compilation);
  attempts.config = config;
  return [new Guard(config, shared, compilation.trustedHeaders)];
}

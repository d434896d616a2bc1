// `global`: what holds for all replicas together, kept by Envoy's rate limit service.
import { TextForm } from "../config/forms";
import { RATIO_ONE } from "../config/number";
import { ObjectReader } from "../config/reader";
import { Text } from "../config/text";

/** What becomes of calls when the service does not answer in time. */
export const enum OnError {
  /** They are limited here, by a share of the limit. */
  Local,
  /** They pass. */
  Open,
  /** They are refused. */
  Closed,
}

const ON_ERROR: string[] = ["local", "open", "closed"];
const MILLISECOND: i64 = 1_000_000;


@final
export class GlobalConfig {
  /** Whether there is a service at all. */
  readonly isUsed: bool;
  readonly cluster: Text;
  readonly domain: Text;
  readonly timeoutMs: u32;
  readonly onError: OnError;
  /** Share of a limit by which one replica limits alone, in 1e-9. */
  readonly localShare: i64;

  constructor(reader: ObjectReader, domain: string) {
    this.isUsed = reader.isPresent;
    this.cluster = new Text(reader.isPresent ? reader.requiredString("cluster") : "");
    this.domain = new Text(reader.string("domain", domain, TextForm.Identifier));
    this.timeoutMs = <u32>(
      (reader.duration("timeout", 20 * MILLISECOND, MILLISECOND, 10_000 * MILLISECOND) / MILLISECOND)
    );
    this.onError = <OnError>reader.enumeration("onError", ON_ERROR, OnError.Local);
    const replicas = reader.integer("replicas", 1, 1, 100_000);
    this.localShare = reader.ratio("localShare", RATIO_ONE / replicas);
  }
}

// Which filters a configuration turns on: those that it has a member for.
import { Part } from "../../runtime/ai/part";
import { ObjectReader } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Compilation } from "../../runtime/match/compilation";
import { costAccountingParts } from "../cost-accounting/parts";
import { modelTagParts } from "../model-tag/parts";
import { RateLimitConfig } from "../rate-limit/config";
import { Limiter } from "../rate-limit/limiter";
import { Placement, RetryGuardConfig } from "../retry-guard/config";
import { Guard } from "../retry-guard/guard";

/** What a configuration is made of. */
@final
export class Suite {
  /** In the order in which the filters stand in a chain. */
  readonly parts: Part[] = [];
  /** Null where the guard is off. */
  retryGuard: RetryGuardConfig | null = null;

  /** Whether the plugin runs as an upstream filter, which sees attempts instead of requests. */
  get isUpstream(): bool {
    const guard = this.retryGuard;
    return guard != null && guard.placement == Placement.Upstream;
  }
}

/** Reads the members of the filters; each is read as its own module reads its root. */
export function readSuite(reader: ObjectReader, shared: SharedConfig, compilation: Compilation): Suite {
  const suite = new Suite();
  const modelTag = reader.object("modelTag");
  const rateLimit = reader.object("rateLimit");
  const costAccounting = reader.object("costAccounting");
  const retryGuard = reader.object("retryGuard");
  if (modelTag.isPresent) addAll(suite.parts, modelTagParts(modelTag, shared, compilation));
  if (costAccounting.isPresent) addAll(suite.parts, costAccountingParts(costAccounting, shared, compilation));
  if (rateLimit.isPresent) {
    suite.parts.push(new Limiter(new RateLimitConfig(rateLimit, shared, compilation), shared));
  }
  if (retryGuard.isPresent) {
    const config = new RetryGuardConfig(retryGuard, shared, compilation);
    suite.retryGuard = config;
    suite.parts.push(new Guard(config, shared, compilation.trustedHeaders));
  }
  return suite;
}

function addAll(parts: Part[], more: Part[]): void {
  for (let i = 0; i < more.length; i++) parts.push(more[i]);
}

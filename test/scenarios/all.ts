// Every scenario: each runs in the in-process host and in a real Envoy, which must agree.
import type { Scenario } from "../../harness/scenario/scenario.ts";
import { budgets } from "./cost-accounting/budgets.ts";
import { failures } from "./cost-accounting/failures.ts";
import { includeUsage } from "./cost-accounting/include-usage.ts";
import { pricing } from "./cost-accounting/pricing.ts";
import { usage } from "./cost-accounting/usage.ts";
import { costOfVariants } from "./cost-accounting/variants.ts";
import { apis } from "./model-tag/apis.ts";
import { badInput, limits } from "./model-tag/bad-input.ts";
import { policy } from "./model-tag/policy.ts";
import { variants } from "./model-tag/variants.ts";
import { rateLimits } from "./rate-limit/limits.ts";
import { answers } from "./retry-guard/answers.ts";
import { proxy } from "./retry-guard/proxy.ts";
import { repeats } from "./retry-guard/repeats.ts";

export const scenarios: Scenario[] = [
  ...apis,
  ...badInput,
  ...limits,
  ...policy,
  ...variants,
  ...rateLimits,
  ...proxy,
  ...repeats,
  ...answers,
  ...usage,
  ...pricing,
  ...failures,
  ...includeUsage,
  ...budgets,
  ...costOfVariants,
];

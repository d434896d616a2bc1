// What cost-accounting is made of, for its own module and for those that compose several filters.
import { Part } from "../../runtime/ai/part";
import { Pricer } from "../../runtime/ai/pricer";
import { ObjectReader } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Compilation } from "../../runtime/match/compilation";
import { Accountant } from "./accountant";
import { BudgetKeeper } from "./budget-keeper";
import { CallMemory } from "./call-memory";
import { CostConfig, UnknownModel } from "./config";
import { UsageAsker } from "./usage-asker";

/** Reads the filter's own fields and makes its parts. */
export function costAccountingParts(reader: ObjectReader, shared: SharedConfig, compilation: Compilation): Part[] {
  const config = new CostConfig(reader, compilation);
  const memory = new CallMemory();
  const pricer = new Pricer(config.prices, config.unknownModel == UnknownModel.PriceAs ? config.priceAs : null, shared);
  const parts: Part[] = [new Accountant(config, shared, memory, pricer)];
  if (config.budgets.length > 0) parts.push(new BudgetKeeper(config, shared, memory, pricer));
  if (!config.includeUsage.isOff || config.streamComment) parts.push(new UsageAsker(config, memory, pricer));
  return parts;
}

// The configuration of cost-accounting: prices, budgets, and what is told of costs.
import { ClassifyRules } from "../../runtime/ai/rules";
import { JsonType } from "../../runtime/config/json";
import { ObjectReader } from "../../runtime/config/reader";
import { Text } from "../../runtime/config/text";
import { TextForm } from "../../runtime/config/forms";
import { Compilation } from "../../runtime/match/compilation";
import { readCurrency, readPrices } from "../../runtime/price/read";
import { Place, PriceTable } from "../../runtime/price/table";
import { GlobalConfig } from "../../runtime/rls/config";
import { Adjustment, readAdjustments } from "./adjustment";
import { CostLabel, readLabels } from "./attribution";
import { Budget, readBudgets } from "./budget";
import { IncludeUsageRules } from "./include-usage";

/** What becomes of a call of a model without a price. */
export const enum UnknownModel {
  /** It is counted without cost, and said. */
  Flag,
  /** 404, where the model asked for has none. */
  Reject,
  /** It costs what another model costs. */
  PriceAs,
}

/** Which headers tell the caller of a call's use. */
export const enum AnswerHeaders {
  Tokens,
  /** The cost as well. */
  All,
  Off,
}

const UNKNOWN_MODEL: string[] = ["flag", "reject"];
const ANSWER_HEADERS: string[] = ["tokens", "all", "off"];
const FAR_DAY: i32 = 1_000_000;

/** The fields of cost-accounting, compiled. `{}` is valid: tokens are counted, nothing has a price. */
@final
export class CostConfig {
  readonly prices: PriceTable;
  readonly currency: Text;
  readonly unknownModel: UnknownModel;
  /** The model whose price stands for unknown ones. */
  readonly priceAs: Text;
  readonly includeUsage: IncludeUsageRules;
  readonly answerHeaders: AnswerHeaders;
  /** Whether a comment with the cost ends streams. */
  readonly streamComment: bool;
  readonly labels: CostLabel[];
  /** The service that keeps budgets for all gateways. */
  readonly global: GlobalConfig;
  readonly budgets: Budget[];
  readonly adjustments: Adjustment[];
  /** Private paths and what is spoken there. */
  readonly classify: ClassifyRules;

  /** Reads the filter's own fields: of the root in the single module, of `costAccounting` in the suite. */
  constructor(reader: ObjectReader, compilation: Compilation) {
    const prices = readPrices(reader);
    this.prices = prices;
    this.currency = readCurrency(reader);
    const isNamed = reader.typeOf("unknownModel") == JsonType.Object;
    this.unknownModel = isNamed
      ? UnknownModel.PriceAs
      : <UnknownModel>reader.enumeration("unknownModel", UNKNOWN_MODEL, UnknownModel.Flag);
    this.priceAs = new Text(isNamed ? readPriceAs(reader.object("unknownModel"), prices) : "");
    this.includeUsage = new IncludeUsageRules(reader);
    this.answerHeaders = <AnswerHeaders>reader.enumeration("answerHeaders", ANSWER_HEADERS, AnswerHeaders.Tokens);
    this.streamComment = reader.bool("streamComment", false);
    this.labels = readLabels(reader.object("labels"), compilation);
    const global = new GlobalConfig(reader.object("global"), "sluice-budgets");
    const budgets = readBudgets(reader, compilation, global.isUsed);
    this.global = global;
    this.budgets = budgets;
    this.adjustments = readAdjustments(reader, budgets);
    this.classify = new ClassifyRules(reader);
  }
}

function readPriceAs(reader: ObjectReader, prices: PriceTable): string {
  const model = reader.requiredString("priceAs", TextForm.HeaderValue);
  const place = new Place();
  place.day = FAR_DAY;
  if (model.length && !prices.find(new Text(model).bytes, place)) {
    reader.errors.warn(reader.at("priceAs"), "no price is for this model whatever the place");
  }
  return model;
}

// `adjustments`: corrections of ledgers, each made once.
import { TextForm } from "../../runtime/config/forms";
import { ObjectReader } from "../../runtime/config/reader";
import { Text } from "../../runtime/config/text";
import { Budget, readAmount } from "./budget";

const LOWEST: i64 = -2_000_000_000_000_000_000;

/** One correction of what was spent. */
@final
export class Adjustment {
  readonly id: Text;
  /** Index of its budget; -1 where there is none of that name. */
  readonly budget: i32;
  readonly key: Text[] = [];
  /** In 1e-9 of the currency; negative: money that was not spent after all. */
  readonly amount: i64;

  constructor(reader: ObjectReader, budgets: Budget[]) {
    this.id = new Text(reader.requiredString("id", TextForm.Identifier));
    const name = reader.requiredString("budget", TextForm.Identifier);
    const budget = indexOf(budgets, name);
    this.budget = budget;
    if (name.length && budget < 0) reader.mismatch("budget", "the name of one of the budgets");
    const parts = reader.strings("key", TextForm.Label);
    if (!reader.has("key")) reader.mismatch("key", "a list of one value for each part of the budget's key");
    else if (budget >= 0 && reader.lengthOf("key") != budgets[budget].parts) {
      const count = budgets[budget].parts.toString();
      reader.error("key", "expected one value for each part of the budget's key, which has " + count);
    }
    for (let i = 0; i < parts.length; i++) this.key.push(new Text(parts[i]));
    this.amount = readAmount(reader, "amount", LOWEST);
    reader.string("reason", "", TextForm.Label);
  }
}

/** Reads `adjustments`. */
export function readAdjustments(reader: ObjectReader, budgets: Budget[]): Adjustment[] {
  const readers = reader.objects("adjustments");
  const adjustments: Adjustment[] = [];
  const ids: string[] = [];
  for (let i = 0; i < readers.length; i++) {
    const adjustment = new Adjustment(readers[i], budgets);
    const id = adjustment.id.toString();
    if (id.length && ids.includes(id)) readers[i].error("id", "another adjustment has the same id");
    ids.push(id);
    adjustments.push(adjustment);
  }
  return adjustments;
}

function indexOf(budgets: Budget[], name: string): i32 {
  for (let i = 0; i < budgets.length; i++) if (budgets[i].name.toString() == name) return i;
  return -1;
}

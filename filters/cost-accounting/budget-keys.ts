// Which ledger of a budget a call belongs to, and which amount it has.
import { AiCall } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { Budget, OnMissingKey } from "./budget";
import { Claim, Claims, ClaimState } from "./claims";
import { Ledgers } from "./ledgers";

const SLASH: u8 = 0x2f;
const keyName = new ByteBuffer(64, 256);

/** Hashes the parts of a budget's key that the headers tell: they are gone when the model is known. */
export function beginClaim(call: AiCall, claims: Claims, ledgers: Ledgers, budget: Budget, index: i32): void {
  const key = ledgers.keys[index];
  const claim = claims.claim(call.slot, index);
  key.build(call.facts);
  claim.high = key.high;
  claim.low = key.low;
  claim.isWhole = key.isWhole;
  claim.state = ClaimState.Matched;
  claim.amount = budget.amount;
  const isLate = budget.key.needsModel;
  for (let i = 0, k = budget.overrides.length; i < k; i++) {
    if (!budget.overrides[i].matches(key.writer)) continue;
    if (isLate) claim.overrides |= (<u64>1) << ((i & 63) as u64);
    else {
      claim.amount = budget.overrides[i].amount;
      break;
    }
  }
  claims.keepName(claim, nameOf(call, ledgers, budget, index));
}

/** What metrics call a key: its parts, or a hash that all gateways share where these may be secrets. */
function nameOf(call: AiCall, ledgers: Ledgers, budget: Budget, index: i32): Bytes {
  keyName.clear();
  if (budget.key.mayHoldSecrets) {
    const shown = ledgers.names[index];
    shown.build(call.facts);
    if (shown.isWhole) keyName.hex64(shown.high);
    return keyName.view();
  }
  const writer = ledgers.keys[index].writer;
  for (let i = 0; i < writer.count; i++) {
    if (i > 0) keyName.byte(SLASH);
    keyName.add(writer.part(i));
  }
  return keyName.view();
}

/** Whether a budget is about the call, now that its model is known or given up; finishes the budget's key. */
export function finishClaim(
  call: AiCall,
  exchange: Exchange,
  claim: Claim,
  claims: Claims,
  ledgers: Ledgers,
  budget: Budget,
  index: i32,
): bool {
  const key = ledgers.keys[index];
  if (budget.when.needsModel && !budget.when.modelMatch(call.facts)) return false;
  if (budget.key.needsModel) {
    const model = exchange.requestModel;
    if (!model.isPresent) claim.isWhole = false;
    else {
      claims.addName(claim, model);
      key.addModel(claim.high, claim.low, model);
      claim.high = key.high;
      claim.low = key.low;
      for (let rest = claim.overrides; rest != 0; rest &= rest - 1) {
        const entry = budget.overrides[<i32>ctz(rest)];
        if (!entry.matchesModel(model)) continue;
        claim.amount = entry.amount;
        break;
      }
    }
  }
  if (claim.isWhole) return true;
  if (budget.onMissingKey == OnMissingKey.Skip) return false;
  claims.keepName(claim, Bytes.empty());
  key.missing();
  claim.high = key.high;
  claim.low = key.low;
  claim.amount = budget.amount;
  return true;
}

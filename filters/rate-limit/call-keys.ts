// Which bucket of a rule a call has: its key without the model when the headers are there, with it when it is decided.
import { AiCall } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { BucketKey, OWN_LIMIT } from "./bucket-key";
import { Grant, GrantState } from "./grant";
import { Limits } from "./limits";
import { OnMissingKey } from "./rule";

/** Begins a grant: hashes the parts of the rule's key that the headers tell. Within the request's headers callback. */
export function beginGrant(limits: Limits, call: AiCall, index: i32): void {
  const rule = limits.rules[index];
  const key = limits.buckets.keys[index];
  const grant = limits.memory.grant(call.slot, index);
  key.build(call.facts);
  setKey(grant, key);
  grant.units = 0;
  grant.isAlone = false;
  grant.isLeased = false;
  grant.isWhole = key.isWhole;
  grant.state = GrantState.Matched;
  grant.limit = OWN_LIMIT;
  if (rule.key.needsModel) key.noteOverrides(limits.memory.bits(call.slot, index));
  else grant.limit = key.findOverride();
}

/** Whether a rule is about the call, now that its model is known or given up; finishes the rule's key. */
export function finishKey(limits: Limits, call: AiCall, exchange: Exchange, index: i32): bool {
  const rule = limits.rules[index];
  const grant = limits.memory.grant(call.slot, index);
  const key = limits.buckets.keys[index];
  if (rule.when.needsModel) {
    call.facts.open(call);
    if (!rule.when.modelMatch(call.facts)) return false;
  }
  if (rule.key.needsModel) {
    const model = exchange.requestModel;
    if (!model.isPresent) grant.isWhole = false;
    else {
      key.addModel(grant.high, grant.low, model);
      setKey(grant, key);
      grant.limit = key.notedOverride(limits.memory.bits(call.slot, index), model);
    }
  }
  if (grant.isWhole) return true;
  if (rule.onMissingKey == OnMissingKey.Skip) return false;
  key.missing();
  setKey(grant, key);
  grant.limit = OWN_LIMIT;
  return true;
}

function setKey(grant: Grant, key: BucketKey): void {
  grant.high = key.high;
  grant.low = key.low;
}

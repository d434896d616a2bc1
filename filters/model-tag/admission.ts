// Which models may be asked for, and what becomes of a call whose model is not among them or cannot be known.
import { Bytes } from "../../runtime/bytes/bytes";
import { ModelProblem } from "../../runtime/ai/model";
import { GlobList } from "../../runtime/match/glob";
import { ModelTagConfig, OnUnknown } from "./config";

/** What is to be done with a call. */
export const enum Admission {
  /** Tagged with its model, or as unknown. */
  Pass,
  /** Tagged `other`. */
  TagOther,
  /** 404: the model is not on the list. */
  NotAllowed,
  /** 413: the model lies beyond what may be held. */
  TooLarge,
  /** 400: two different models, of which the server takes one and this filter might take the other. */
  Ambiguous,
  /** 400: the body cannot be read, so its model cannot be checked. */
  Unreadable,
}

/**
 * Decides about one call. `model` is absent when unknown; `consumerModels` is the caller's own list, null without one;
 * `isBeyondBounds` tells that reading stopped at a limit.
 */
export function admit(
  config: ModelTagConfig,
  consumerModels: GlobList | null,
  model: Bytes,
  problem: ModelProblem,
  isBeyondBounds: bool,
): Admission {
  const isListed = isLimited(config.allowedModels, consumerModels);
  const isEnforced = isListed && config.onUnknown == OnUnknown.Reject;
  if (isBeyondBounds && !model.isPresent) return config.rejectsAtHeldLimit ? Admission.TooLarge : unknown(config);
  if (isEnforced && problem == ModelProblem.TwoDifferent) return Admission.Ambiguous;
  if (!model.isPresent) {
    if (!isEnforced) return isListed ? unknown(config) : Admission.Pass;
    if (isBroken(problem)) return config.rejectsAtHeldLimit ? Admission.Unreadable : Admission.Pass;
    return Admission.NotAllowed;
  }
  if (!isListed || isAllowed(config.allowedModels, consumerModels, model)) return Admission.Pass;
  return isEnforced ? Admission.NotAllowed : unknown(config);
}

/** Whether lists say which models this caller may ask for. */
export function isLimited(allowed: GlobList, consumerModels: GlobList | null): bool {
  return !allowed.isEmpty || (consumerModels != null && !consumerModels.isEmpty);
}

function isAllowed(allowed: GlobList, consumerModels: GlobList | null, model: Bytes): bool {
  if (!allowed.isEmpty && !allowed.matches(model)) return false;
  return consumerModels == null || consumerModels.isEmpty || consumerModels.matches(model);
}

function isBroken(problem: ModelProblem): bool {
  return problem != ModelProblem.None && problem != ModelProblem.Missing;
}

function unknown(config: ModelTagConfig): Admission {
  return config.onUnknown == OnUnknown.TagOther ? Admission.TagOther : Admission.Pass;
}

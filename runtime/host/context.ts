// Which context host calls speak of.
import { Status } from "../abi/enums";
import { proxy_done, proxy_set_effective_context } from "../abi/imports";

/** Makes host calls speak of another context until the callback ends; fails for one that is gone. */
export function setEffectiveContext(contextId: u32): Status {
  return proxy_set_effective_context(contextId);
}

/** Tells the host that a context whose `done` answered false may end now. */
export function finishDone(): Status {
  return proxy_done();
}

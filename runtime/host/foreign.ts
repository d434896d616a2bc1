// Functions of the host that are called by name.
import { Status } from "../abi/enums";
import { proxy_call_foreign_function } from "../abi/imports";
import { Bytes } from "../bytes/bytes";
import { ANSWER_PTR, ANSWER_SIZE, answerBytes, expectAnswer } from "./answer";

const CLEAR_ROUTE_CACHE = Bytes.constant("clear_route_cache");
let lastStatus: Status = Status.Ok;

/** Calls a foreign function; absent when it fails (`foreignStatus` says how), else what it answers. */
export function callForeign(name: Bytes, args: Bytes): Bytes {
  expectAnswer();
  lastStatus = proxy_call_foreign_function(name.ptr, name.length, args.ptr, args.length, ANSWER_PTR, ANSWER_SIZE);
  return lastStatus == Status.Ok ? answerBytes() : Bytes.absent();
}

/** What the host answered to the last foreign call. */
export function foreignStatus(): Status {
  return lastStatus;
}

/** Makes Envoy pick the route of the effective stream anew, by the headers as they are now. */
export function clearRouteCache(): Status {
  callForeign(CLEAR_ROUTE_CACHE, Bytes.empty());
  return lastStatus;
}

// The map that all workers of the process share. No delete, no listing, no expiry: bound the keys, prefix them all.
import { Status } from "../abi/enums";
import { proxy_get_shared_data, proxy_set_shared_data } from "../abi/imports";
import { Bytes } from "../bytes/bytes";
import { ANSWER_NUMBER, ANSWER_PTR, ANSWER_SIZE, answerBytes, expectAnswer } from "./answer";

/** A cas number that no key has: on a missing key any number inserts, on an existing one this one never wins. */
export const CREATE_ONLY: u32 = u32.MAX_VALUE;

let lastCas: u32 = 0;
let lastStatus: Status = Status.Ok;

/** The value of a key, in the arena; absent when there is none or the host fails (`sharedStatus` tells which). */
export function getShared(key: Bytes): Bytes {
  expectAnswer();
  store<u64>(ANSWER_NUMBER, 0);
  lastStatus = proxy_get_shared_data(key.ptr, key.length, ANSWER_PTR, ANSWER_SIZE, ANSWER_NUMBER);
  lastCas = load<u32>(ANSWER_NUMBER);
  return lastStatus == Status.Ok ? answerBytes() : Bytes.absent();
}

/** What the host answered to the last `getShared`. */
export function sharedStatus(): Status {
  return lastStatus;
}

/** The version of the value that the last `getShared` found, to be handed to `setShared`. */
export function sharedCas(): u32 {
  return lastCas;
}

/** Writes where the version is still `cas`, else `CasMismatch`. 0 overwrites whatever is there: it loses updates. */
export function setShared(key: Bytes, value: Bytes, cas: u32): Status {
  return proxy_set_shared_data(key.ptr, key.length, value.ptr, value.length, cas);
}

// Attributes of the effective context: Envoy's own are read, those of the stream are written and read back.
import { Status } from "../abi/enums";
import { proxy_get_property, proxy_set_property } from "../abi/imports";
import { Bytes } from "../bytes/bytes";
import { ANSWER_PTR, ANSWER_SIZE, answerBytes, expectAnswer } from "./answer";

/** The path of a property from its parts in dots: "upstream.cluster". For constants; `\.` is a dot within a part. */
export function propertyPath(dotted: string): Bytes {
  const path = Bytes.constant(dotted);
  let length = 0;
  for (let i = 0; i < path.length; i++) {
    let byte = path.at(i);
    if (byte == 0x5c && path.at(i + 1) == 0x2e) byte = path.at(++i);
    else if (byte == 0x2e) byte = 0;
    store<u8>(path.ptr + <usize>length, byte);
    length++;
  }
  path.length = length;
  return path;
}

/** The raw bytes of a property; absent when it is not there or the host fails. */
export function getProperty(path: Bytes): Bytes {
  expectAnswer();
  const status = proxy_get_property(path.ptr, path.length, ANSWER_PTR, ANSWER_SIZE);
  return status == Status.Ok ? answerBytes() : Bytes.absent();
}

/** A property that is a 64-bit number; `missing` when it is not. */
export function getPropertyI64(path: Bytes, missing: i64 = -1): i64 {
  const value = getProperty(path);
  return value.length == 8 ? load<i64>(value.ptr) : missing;
}

/** Writes a property of the stream: filter state `wasm.PATH` for access logs, read back under PATH itself. */
export function setProperty(path: Bytes, value: Bytes): Status {
  return proxy_set_property(path.ptr, path.length, value.ptr, value.length);
}

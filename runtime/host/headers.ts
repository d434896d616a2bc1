// Headers and trailers of the effective context, and of the answers to calls. Names are lower case.
import { HeaderMap, Status } from "../abi/enums";
import {
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_get_header_map_size,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_set_header_map_pairs,
} from "../abi/imports";
import { Bytes } from "../bytes/bytes";
import { ANSWER_PTR, ANSWER_SIZE, answerBytes, expectAnswer } from "./answer";

/** The value of a header, absent when it is not there or the host fails. Several of one name come joined by ",". */
export function getHeader(map: HeaderMap, name: Bytes): Bytes {
  expectAnswer();
  const status = proxy_get_header_map_value(map, name.ptr, name.length, ANSWER_PTR, ANSWER_SIZE);
  return status == Status.Ok ? answerBytes() : Bytes.absent();
}

/** Sets a header to one value. `BadArgument` once the headers have left. */
export function setHeader(map: HeaderMap, name: Bytes, value: Bytes): Status {
  return proxy_replace_header_map_value(map, name.ptr, name.length, value.ptr, value.length);
}

/** Adds a header beside those of the same name. */
export function addHeader(map: HeaderMap, name: Bytes, value: Bytes): Status {
  return proxy_add_header_map_value(map, name.ptr, name.length, value.ptr, value.length);
}

/** Removes all headers of a name; `Ok` also when there was none. */
export function removeHeader(map: HeaderMap, name: Bytes): Status {
  return proxy_remove_header_map_value(map, name.ptr, name.length);
}

/** Bytes of all names and values, where the host tells; 0 when it fails. */
export function headerBytes(map: HeaderMap): i32 {
  return proxy_get_header_map_size(map, ANSWER_SIZE) == Status.Ok ? load<i32>(ANSWER_SIZE) : 0;
}

/** All headers in one call: cheaper than several gets. Absent when the host fails. Read it with `PairReader`. */
export function getPairs(map: HeaderMap): Bytes {
  expectAnswer();
  return proxy_get_header_map_pairs(map, ANSWER_PTR, ANSWER_SIZE) == Status.Ok ? answerBytes() : Bytes.absent();
}

/** Replaces all headers by pairs in the ABI's form (`PairWriter`). */
export function setPairs(map: HeaderMap, pairs: Bytes): Status {
  return proxy_set_header_map_pairs(map, pairs.ptr, pairs.length);
}

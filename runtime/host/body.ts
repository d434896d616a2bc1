// Bytes of bodies and other buffers of the effective context.
import { BufferType, Status } from "../abi/enums";
import { proxy_get_buffer_bytes, proxy_get_buffer_status, proxy_set_buffer_bytes } from "../abi/imports";
import { nextHostBytesInto } from "../bytes/arena";
import { Bytes } from "../bytes/bytes";
import { ANSWER_NUMBER, ANSWER_PTR, ANSWER_SIZE, answerBytes, expectAnswer } from "./answer";

/** A part of a buffer, in the arena; absent when the host fails, empty where the buffer has none of it. */
export function getBuffer(type: BufferType, start: i32, length: i32): Bytes {
  expectAnswer();
  const status = proxy_get_buffer_bytes(type, start, length, ANSWER_PTR, ANSWER_SIZE);
  return status == Status.Ok ? answerBytes() : Bytes.absent();
}

/** As `getBuffer`, written straight to `ptr` where `length` bytes are free. Answers how many came, -1 on failure. */
export function readBufferInto(type: BufferType, start: i32, length: i32, ptr: usize): i32 {
  expectAnswer();
  nextHostBytesInto(ptr, length);
  const status = proxy_get_buffer_bytes(type, start, length, ANSWER_PTR, ANSWER_SIZE);
  nextHostBytesInto(0, 0);
  if (status != Status.Ok) return -1;
  const from = <usize>load<u32>(ANSWER_PTR);
  const size = from ? min(load<i32>(ANSWER_SIZE), length) : 0;
  if (from != ptr) memory.copy(ptr, from, size);
  return size;
}

/** Bytes in a buffer now; -1 when there is no such buffer in this callback. */
export function bufferSize(type: BufferType): i32 {
  return proxy_get_buffer_status(type, ANSWER_SIZE, ANSWER_NUMBER) == Status.Ok ? load<i32>(ANSWER_SIZE) : -1;
}

/** Replaces the whole of a buffer that holds `size` bytes. */
export function replaceBuffer(type: BufferType, size: i32, bytes: Bytes): Status {
  return proxy_set_buffer_bytes(type, 0, size, bytes.ptr, bytes.length);
}

/** Takes everything out of a buffer that holds `size` bytes. */
export function emptyBuffer(type: BufferType, size: i32): Status {
  return proxy_set_buffer_bytes(type, 0, size, 0, 0);
}

/** Puts bytes in front of a buffer. */
export function prependBuffer(type: BufferType, ptr: usize, length: i32): Status {
  return proxy_set_buffer_bytes(type, 0, 0, ptr, length);
}

/** Puts bytes behind a buffer. */
export function appendBuffer(type: BufferType, ptr: usize, length: i32): Status {
  return proxy_set_buffer_bytes(type, i32.MAX_VALUE, 0, ptr, length);
}

// Shared queues: how one event of the host is turned into another, later one.
import { Status } from "../abi/enums";
import {
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_register_shared_queue,
  proxy_resolve_shared_queue,
} from "../abi/imports";
import { Bytes } from "../bytes/bytes";
import { ANSWER_NUMBER, ANSWER_PTR, ANSWER_SIZE, answerBytes, expectAnswer } from "./answer";

/** What stands for a queue that could not be had. */
export const NO_QUEUE: u32 = u32.MAX_VALUE;

/** Registers a queue for the effective root, which then gets `queueReady`; a later root takes a name over. */
export function registerQueue(name: Bytes): u32 {
  const status = proxy_register_shared_queue(name.ptr, name.length, ANSWER_NUMBER);
  return status == Status.Ok ? load<u32>(ANSWER_NUMBER) : NO_QUEUE;
}

/** Finds a queue that another VM registered. */
export function resolveQueue(vmId: Bytes, name: Bytes): u32 {
  const status = proxy_resolve_shared_queue(vmId.ptr, vmId.length, name.ptr, name.length, ANSWER_NUMBER);
  return status == Status.Ok ? load<u32>(ANSWER_NUMBER) : NO_QUEUE;
}

/** Puts bytes into a queue. */
export function enqueue(token: u32, data: Bytes): Status {
  return proxy_enqueue_shared_queue(token, data.ptr, data.length);
}

/** Takes the oldest bytes out of a queue; absent when it is empty. */
export function dequeue(token: u32): Bytes {
  expectAnswer();
  return proxy_dequeue_shared_queue(token, ANSWER_PTR, ANSWER_SIZE) == Status.Ok ? answerBytes() : Bytes.absent();
}

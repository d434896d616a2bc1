// Host calls on what all workers share: data with compare-and-swap, queues.
import type { HostCalls } from "../host-functions.ts";
import { Status } from "../status.ts";
import type { Vm } from "../vm.ts";

/** Shared data and shared queues. */
export function sharedDataCalls(vm: Vm): HostCalls {
  const { sharedData, queues, clock } = vm.thread.process;
  return {
    proxy_get_shared_data: (key: number, keySize: number, pointerOut: number, sizeOut: number, casOut: number) => {
      const name = vm.memory.text(key, keySize);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const found = sharedData.get(vm.vmId, name);
      if (found === undefined) return Status.NotFound;
      const status = vm.memory.answerBytes(found.value, pointerOut, sizeOut);
      if (status !== Status.Ok) return status;
      return vm.memory.setU32(casOut, found.cas) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_set_shared_data: (key: number, keySize: number, value: number, valueSize: number, cas: number) => {
      const name = vm.memory.text(key, keySize);
      const bytes = vm.memory.copy(value, valueSize);
      if (name === undefined || bytes === undefined) return Status.InvalidMemoryAccess;
      return sharedData.set(vm.vmId, name, bytes, cas >>> 0);
    },
    proxy_register_shared_queue: (name: number, nameSize: number, tokenOut: number) => {
      const text = vm.memory.text(name, nameSize);
      if (text === undefined) return Status.InvalidMemoryAccess;
      const rootId = vm.acting.root.id;
      // Whatever VM has this key on this thread by then gets the event.
      const { thread, key } = vm;
      const token = queues.register(vm.vmId, text, (ready) => {
        clock.post(thread.index, () => thread.vms.get(key)?.contexts.get(rootId)?.onQueueReady(ready));
      });
      return vm.memory.setU32(tokenOut, token) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_resolve_shared_queue: (id: number, idSize: number, name: number, nameSize: number, tokenOut: number) => {
      const vmId = vm.memory.text(id, idSize);
      const text = vm.memory.text(name, nameSize);
      if (vmId === undefined || text === undefined) return Status.InvalidMemoryAccess;
      const token = queues.resolve(vmId === "" ? vm.vmId : vmId, text);
      if (token === 0) return Status.NotFound;
      return vm.memory.setU32(tokenOut, token) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_enqueue_shared_queue: (token: number, data: number, dataSize: number) => {
      const bytes = vm.memory.copy(data, dataSize);
      return bytes === undefined ? Status.InvalidMemoryAccess : queues.enqueue(token >>> 0, bytes);
    },
    proxy_dequeue_shared_queue: (token: number, pointerOut: number, sizeOut: number) => {
      const entry = queues.dequeue(token >>> 0);
      return typeof entry === "number" ? entry : vm.memory.answerBytes(entry, pointerOut, sizeOut);
    },
  };
}

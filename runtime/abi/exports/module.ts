// Exports that every module has: ABI version, the host's allocator, the life of contexts, start and configuration.
import { hostAlloc } from "../../bytes/arena";
import { enter, leave } from "../events";

/** The mark by which the host knows the ABI. */
export function proxy_abi_version_0_2_1(): void {}

/** Where the host writes what it answers: valid until the outermost callback returns. */
export function proxy_on_memory_allocate(size: usize): usize {
  return hostAlloc(size);
}

/** A context begins: a root (parent 0) or a stream of a root. */
export function proxy_on_context_create(contextId: u32, parentId: u32): void {
  const events = enter();
  if (events) events.contextCreate(contextId, parentId);
  leave();
}

/** The VM starts; once per root context, though the VM is the same. */
export function proxy_on_vm_start(rootId: u32, configurationSize: u32): u32 {
  const events = enter();
  const good = events ? events.vmStart(rootId, configurationSize) : true;
  leave();
  return good;
}

/** A configuration arrives for a root. Answering false refuses it. */
export function proxy_on_configure(rootId: u32, configurationSize: u32): u32 {
  const events = enter();
  const good = events ? events.configure(rootId, configurationSize) : true;
  leave();
  return good;
}

/** A context is about to end; true lets it. */
export function proxy_on_done(contextId: u32): u32 {
  const events = enter();
  const good = events ? events.done(contextId) : true;
  leave();
  return good;
}

/** A context is gone. */
export function proxy_on_delete(contextId: u32): void {
  const events = enter();
  if (events) events.delete(contextId);
  leave();
}

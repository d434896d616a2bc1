// The smallest filter: it loads, accepts any configuration and touches no request.
// `make new NAME=x` copies this folder; `make bench` measures what a filter costs that does nothing.

/** Says which version of the Proxy-Wasm ABI the module speaks. */
export function proxy_abi_version_0_2_1(): void {}

/** Where the host puts what it hands over. */
export function proxy_on_memory_allocate(size: usize): usize {
  return heap.alloc(size);
}

/** Called once per VM and plugin: true lets it start. */
export function proxy_on_vm_start(rootContextId: u32, configurationSize: u32): bool {
  return true;
}

/** Called with each configuration: true accepts it. */
export function proxy_on_configure(rootContextId: u32, configurationSize: u32): bool {
  return true;
}

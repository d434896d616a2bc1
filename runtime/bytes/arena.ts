// Bump memory for bytes that live until the outermost host callback returns.

/** Size of the block that is always there. Larger requests get a block of their own, freed at the reset. */
const BLOCK_BYTES: usize = 65536;

let block: usize = 0;
let used: usize = 0;
let overflow: usize = 0; // newest overflow block; its first word points to the next older one
let target: usize = 0; // where the next host allocation goes instead, 0 = here
let targetBytes: usize = 0;

/** Hands out memory that is valid until the outermost callback returns; never 0. 8-byte aligned. */
export function arenaAlloc(size: usize): usize {
  if (!block) block = heap.alloc(BLOCK_BYTES);
  const rounded = (size + 7) & ~(<usize>7);
  if (rounded <= BLOCK_BYTES - used) {
    const ptr = block + used;
    used += rounded;
    return ptr;
  }
  const ptr = heap.alloc(rounded + 8);
  store<usize>(ptr, overflow);
  overflow = ptr;
  return ptr + 8;
}

/** The host's allocator: the arena, or the memory that `nextHostBytesInto` named for the next call. */
export function hostAlloc(size: usize): usize {
  if (target && size <= targetBytes) {
    const ptr = target;
    target = 0;
    return ptr;
  }
  return arenaAlloc(size);
}

/**
 * Lets the host write its next answer straight to `ptr` when it fits into `capacity` bytes, which saves a copy.
 * Withdraw it with `nextHostBytesInto(0, 0)` after the call: a host that answered an error allocated nothing.
 */
export function nextHostBytesInto(ptr: usize, capacity: usize): void {
  target = ptr;
  targetBytes = capacity;
}

/** Forgets everything handed out since the last reset. Only the dispatcher calls it. */
export function arenaReset(): void {
  used = 0;
  target = 0;
  while (overflow) {
    const older = load<usize>(overflow);
    heap.free(overflow);
    overflow = older;
  }
}

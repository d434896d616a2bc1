// Empty filters with the callbacks of a real one: what the host's calls into a module alone cost.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);
const folder = ".cache/bench/made";

/** Numbers that a callback takes, and what it answers: 0 is Continue, 1 is true. */
const callbacks: Record<string, [parameters: number, answer?: 0 | 1]> = {
  proxy_abi_version_0_2_1: [0],
  proxy_on_context_create: [2],
  proxy_on_vm_start: [2, 1],
  proxy_on_configure: [2, 1],
  proxy_on_done: [1, 1],
  proxy_on_delete: [1],
  proxy_on_log: [1],
  proxy_on_tick: [1],
  proxy_on_queue_ready: [2],
  proxy_on_grpc_receive: [3],
  proxy_on_grpc_close: [3],
  proxy_on_request_headers: [3, 0],
  proxy_on_request_body: [3, 0],
  proxy_on_request_trailers: [2, 0],
  proxy_on_response_headers: [3, 0],
  proxy_on_response_body: [3, 0],
  proxy_on_response_trailers: [2, 0],
};

/** Source of a module that exports these callbacks; each does what `bodies` has for it, else nothing. */
export function sourceLike(exported: readonly string[], bodies: ReadonlyMap<string, string> = new Map()): string {
  const lines = exported
    .filter((name) => name in callbacks)
    .map((name) => {
      const [parameters, answer] = callbacks[name] ?? [0];
      const list = Array.from({ length: parameters }, (_, at) => `p${at}: u32`).join(", ");
      const type = answer === undefined ? "void" : "u32";
      const parts = [bodies.get(name) ?? "", answer === undefined ? "" : `return ${answer};`].filter((part) => part);
      return `export function ${name}(${list}): ${type} {${parts.map((part) => ` ${part} `).join("")}}`;
    });
  const memory = "const arena: usize = heap.alloc(65536);";
  const allocate =
    "export function proxy_on_memory_allocate(size: usize): usize { return size <= 65536 ? arena : heap.alloc(size); }";
  return [memory, allocate, ...lines, ""].join("\n");
}

/** Compiles the empty filter that is like `build/<filter>.wasm`; answers its path. */
export async function emptyLike(filter: string): Promise<string> {
  const module = new WebAssembly.Module(readFileSync(`build/${filter}.wasm`));
  return compile(`like-${filter}`, sourceLike(WebAssembly.Module.exports(module).map(({ name }) => name)));
}

/** Compiles a module of the bench's own; answers its path. */
export async function compile(name: string, source: string): Promise<string> {
  const [from, path] = [`${folder}/${name}.as.ts`, `${folder}/${name}.wasm`];
  mkdirSync(folder, { recursive: true });
  writeFileSync(from, source);
  const flags = ["--runtime", "minimal", "--use", "abort=", "--optimizeLevel", "3", "--outFile", path];
  await run(process.execPath, ["node_modules/assemblyscript/bin/asc.js", from, ...flags]);
  return path;
}

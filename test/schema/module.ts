// Compiles a small AssemblyScript module of this folder and instantiates it without a host.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The exports of `test/schema/<name>.as.ts`, compiled without optimisation. Takes some seconds. */
export async function loadModule(name: string): Promise<WebAssembly.Exports> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-schema-"));
  try {
    const output = join(folder, "module.wasm");
    const options = ["--runtime", "minimal", "--enable", "simd", "--use", "abort=", "-O0", "--baseDir", ROOT];
    const { error, stderr } = await asc.main([join("test/schema", `${name}.as.ts`), "--outFile", output, ...options]);
    if (error) throw new Error(`${name} does not compile:\n${stderr.toString()}`, { cause: error });
    return await instantiate(await readFile(output));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Host calls that came along: what is under test calls none of them. */
async function instantiate(wasm: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Exports> {
  const module = await WebAssembly.compile(wasm);
  const imports: Record<string, Record<string, () => never>> = {};
  for (const { module: space, name } of WebAssembly.Module.imports(module)) {
    (imports[space] ??= {})[name] = () => {
      throw new Error(`${name} was called: there is no host here`);
    };
  }
  return (await WebAssembly.instantiate(module, imports)).exports;
}

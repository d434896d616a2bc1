// Compiles a small AssemblyScript module around a parser and loads it, once per build form.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { main as asc } from "assemblyscript/asc";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export interface ParserModule {
  memory: WebAssembly.Memory;
  /** Address of the input buffer. */
  input(): number;
  /** Bytes of the input buffer. */
  capacity(): number;
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** A fresh instance of `test/fuzz/<name>.as.ts`, compiled as the product is (or without SIMD). It may import nothing. */
export async function loadParser<T extends ParserModule>(name: string, simd = true): Promise<T> {
  const key = `${name} ${simd}`;
  let module = compiled.get(key);
  if (!module) compiled.set(key, (module = compile(name, simd)));
  const instance = await WebAssembly.instantiate(await module, {});
  return instance.exports as unknown as T;
}

async function compile(name: string, simd: boolean): Promise<WebAssembly.Module> {
  const files = new Map<string, Uint8Array>();
  const { error, stderr } = await asc(
    [
      ...[`test/fuzz/${name}.as.ts`, "--outFile", "module.wasm", "--baseDir", root],
      ...["--target", simd ? "release" : "scalar"],
    ],
    { writeFile: (file, contents) => void files.set(file, contents as Uint8Array) },
  );
  const binary = files.get("module.wasm");
  if (error || !binary) throw new Error(`${name}.as.ts does not compile:\n${stderr.toString()}`, { cause: error });
  return WebAssembly.compile(new Uint8Array(binary));
}

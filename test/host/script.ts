// The scripted module (fixtures/script.ts) and short ways to put it into a gateway.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { main as asc } from "assemblyscript/asc";
import { Gateway, type GatewayOptions } from "../../harness/host/gateway.ts";
import type { FilterSpec, PluginSpec, RequestSpec } from "../../harness/scenario/scenario.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const compiled = new Map<string, Promise<Uint8Array>>();

/** Compiles `test/host/fixtures/<name>.ts`, once per process. */
export function compileFixture(name: string): Promise<Uint8Array> {
  let module = compiled.get(name);
  if (module === undefined) compiled.set(name, (module = compile(`test/host/fixtures/${name}.ts`)));
  return module;
}

/** Compiles a module from source text. */
export function compileText(text: string): Promise<Uint8Array> {
  return compile("module.ts", text);
}

async function compile(path: string, text?: string): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const { error, stderr } = await asc(
    [path, "--outFile", "module.wasm", "--baseDir", root, "--runtime", "minimal", "-O", "--use", "abort="],
    {
      writeFile: (file, contents) => void files.set(file, contents as Uint8Array),
      ...(text !== undefined && { readFile: (file: string) => (file === path ? text : null) }),
    },
  );
  const binary = files.get("module.wasm");
  if (error || binary === undefined)
    throw new Error(`${path} does not compile:\n${stderr.toString()}`, { cause: error });
  return binary;
}

/** The scripted module. */
export const scriptModule = await compileFixture("script");

/** A plugin that does what `lines` say (see fixtures/script.ts). */
export function scripted(name: string, lines: string, more: Partial<PluginSpec> = {}): PluginSpec {
  return { kind: "plugin", name, module: "script", configText: `name|${name}\n${lines}`, ...more };
}

/** A gateway with this chain, one route, and an upstream that echoes. */
export function gatewayOf(chain: FilterSpec[], more: Partial<GatewayOptions> = {}): Gateway {
  return new Gateway({
    chain,
    routes: [{ headers: [{ name: "x-m", exact: "m" }], cluster: "marked" }, { cluster: "up" }],
    clusters: [
      { name: "up", upstream: { kind: "answer", body: { echo: true } } },
      { name: "marked", upstream: { kind: "answer", body: { echo: true } } },
    ],
    loadModule: () => scriptModule,
    ...more,
  });
}

/** A POST of `body`. */
export function post(body: RequestSpec["body"], more: Partial<RequestSpec> = {}): RequestSpec {
  return { protocol: "h1", method: "POST", path: "/p", body, patienceMs: 1000, ...more };
}

/** What the plugins logged since the last call, without what on_configure logged. */
export function takeLog(gateway: Gateway): string[] {
  const lines = gateway.logLines.map(({ text }) => text.trimEnd()).filter((text) => !/^\S* configure /.test(text));
  gateway.logLines.length = 0;
  return lines;
}

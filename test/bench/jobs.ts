// What is measured: a chain and the request that goes through it.
import type { FilterSpec, Json, PluginSpec } from "../../harness/scenario/scenario.ts";

/** One job. */
export interface Job {
  /** Its name in the table and in the JSON. */
  name: string;
  /** The job of the same request that it is compared with; absent: it is the base of others. */
  over?: string;
  chain: FilterSpec[];
  request: Buffer;
}

const plugin = (module: string, config: Json, more: Partial<PluginSpec> = {}): PluginSpec => ({
  kind: "plugin",
  name: module.replaceAll(/[^a-z-]/g, "-"),
  module,
  config,
  ...more,
});

function request(method: string, path: string, body: string): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    "host: gateway.test",
    "authorization: Bearer key-of-team-a",
    "user-agent: bench/1.0",
    "accept: application/json",
    "x-request-id: 00000000-0000-4000-8000-000000000000",
  ];
  if (body !== "") head.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** A chat whose body has about `bytes` bytes. */
function chat(bytes: number, modelLast: boolean): Buffer {
  const words = "The quick brown fox jumps over the lazy dog. ".repeat(Math.ceil(bytes / 45)).slice(0, bytes - 80);
  const messages = [{ role: "user", content: words }];
  const body = modelLast ? { messages, model: "gpt-4o" } : { model: "gpt-4o", messages };
  return request("POST", "/v1/chat/completions", JSON.stringify(body));
}

/** Every job; `callbacks` is the compiled module of test/envoy/fixtures/callbacks.as.ts. */
export function jobs(callbacks: string): Job[] {
  const flag = { allowOnHeadersStopIteration: true };
  const tag = "build/model-tag.wasm";
  const pair: FilterSpec[] = [
    plugin(tag, {}, { name: "outer", pair: "outer", vmId: "pair" }),
    plugin(tag, {}, { name: "inner", pair: "inner", vmId: "pair" }),
  ];
  const get = request("GET", "/health", "");
  const small = chat(1024, false);
  const large = chat(65_536, true);
  const variants = (name: string, bytes: Buffer): Job[] => [
    { name: `no filter, ${name}`, chain: [], request: bytes },
    {
      name: `empty filter, ${name}`,
      over: `no filter, ${name}`,
      chain: [plugin("build/empty.wasm", {})],
      request: bytes,
    },
    {
      name: `empty filter, all callbacks, ${name}`,
      over: `no filter, ${name}`,
      chain: [plugin(callbacks, {})],
      request: bytes,
    },
    {
      name: `model-tag, native flag, ${name}`,
      over: `no filter, ${name}`,
      chain: [plugin(tag, {}, flag)],
      request: bytes,
    },
    { name: `model-tag, pair, ${name}`, over: `no filter, ${name}`, chain: pair, request: bytes },
  ];
  return [...variants("GET", get), ...variants("1 KiB", small), ...variants("64 KiB, model last", large)];
}

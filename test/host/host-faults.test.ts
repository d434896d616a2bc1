// Any host call may answer anything: no VM dies, no request hangs, no body is cut, and what Envoy lacks is never asked for.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Gateway } from "../../harness/host/gateway.ts";
import type { FilterSpec, HeaderList, RequestSpec } from "../../harness/scenario/scenario.ts";
import { answer } from "../scenarios/model-tag/chains.ts";

const modules = readdirSync("build").filter((name) => name.endsWith(".wasm"));
/** What a call answers, and from which time on: known statuses, and numbers that mean nothing. */
const faults = [
  { status: 1, from: 1 },
  { status: 2, from: 3 },
  { status: 10, from: 1 },
  { status: 12, from: 2 },
  { status: 0x7fffffff, from: 1 },
];
const json: HeaderList = [["content-type", "application/json"]];

/** Every host call that Envoy 1.40 offers to a module, and the WASI calls that filters here may use. */
const offered = new Set(
  [
    "add_header_map_value call_foreign_function close_stream continue_stream define_metric dequeue_shared_queue done",
    "enqueue_shared_queue get_buffer_bytes get_buffer_status get_current_time_nanoseconds get_header_map_pairs",
    "get_header_map_size get_header_map_value get_log_level get_metric get_property get_shared_data get_status grpc_call",
    "grpc_cancel grpc_close grpc_send grpc_stream http_call increment_metric log record_metric register_shared_queue",
    "remove_header_map_value replace_header_map_value resolve_shared_queue send_local_response set_buffer_bytes",
    "set_effective_context set_header_map_pairs set_property set_shared_data set_tick_period_milliseconds",
  ].flatMap((line) => line.split(" ").map((name) => `env.proxy_${name}`)),
);
for (const name of ["environ_get", "environ_sizes_get"]) offered.add(`wasi_snapshot_preview1.${name}`);

const chat = (more: Partial<RequestSpec>): RequestSpec => ({
  protocol: "h1",
  method: "POST",
  path: "/v1/chat/completions",
  headers: [...json, ["authorization", "Bearer key"], ["x-ai-model", "forged"]],
  body: JSON.stringify({ messages: [{ role: "user", content: "Hello" }], model: "gpt-4o", stream: true }),
  ...more,
});

const requests: RequestSpec[] = [
  chat({}),
  chat({ protocol: "h2", chunks: [{ bytes: 7 }, { bytes: 20, afterMs: 3 }], end: "empty-data" }),
  chat({ body: `{"messages":"${"x".repeat(40_000)}","model":"gpt-4o"}` }),
  chat({ trailers: [["x-end", "1"]], protocol: "h2" }),
  chat({ abort: { requestBytes: 10 } }),
  { protocol: "h1", method: "GET", path: "/health" },
];

function chains(module: string): FilterSpec[][] {
  const plugin = { kind: "plugin" as const, name: "p", module: `build/${module}`, config: {} };
  return [
    [{ ...plugin, allowOnHeadersStopIteration: true }],
    [plugin],
    [
      { ...plugin, name: "outer", pair: "outer" },
      { ...plugin, name: "inner", pair: "inner" },
    ],
  ];
}

for (const module of modules) {
  describe(module, () => {
    const bytes = readFileSync(`build/${module}`);

    test("imports nothing that Envoy lacks", async () => {
      const imports = WebAssembly.Module.imports(await WebAssembly.compile(bytes));
      assert.deepEqual(
        imports.map((one) => `${one.module}.${one.name}`).filter((name) => !offered.has(name)),
        [],
      );
    });

    for (const [which, chain] of chains(module).entries()) {
      // The smallest filter knows no pair.
      if (module === "empty.wasm" && which === 2) continue;
      test(`survives whatever status each host call answers (${["native flag", "no flag", "pair"][which]})`, () => {
        for (const call of calls(chain, bytes)) {
          for (const { status, from } of faults) {
            const gateway = gatewayWith(chain, bytes, (name, count) =>
              name === call && count >= from ? status : undefined,
            );
            for (const request of requests) {
              const run = gateway.send(request);
              gateway.clock.runUntil(() => run.isDone, 60_000);
              const where = `${call} answers ${status} from the ${from}. time on: ${request.method} ${request.path}`;
              assert.equal(run.isDone, true, `${where}: hangs`);
              const seen = run.upstream.at(-1);
              if (seen?.complete === true && request.abort === undefined && request.body !== undefined) {
                assert.equal(withoutAsking(Buffer.from(seen.body).toString()), request.body, `${where}: another body`);
              }
            }
            assert.deepEqual(gateway.traps, [], `${call} answers ${status}`);
          }
        }
      });
    }
  });
}

/** The body without what cost-accounting adds to ask a stream for its usage. */
function withoutAsking(body: string): string {
  return body.replace(',"stream_options":{"include_usage":true}', "");
}

function gatewayWith(
  chain: FilterSpec[],
  bytes: Uint8Array,
  faults?: (name: string, count: number) => number | undefined,
): Gateway {
  return new Gateway({
    chain,
    routes: [{ cluster: "up" }],
    clusters: [{ name: "up", upstream: answer("answered") }],
    loadModule: () => bytes,
    ...(faults && { faults }),
  });
}

/** The host calls that a chain makes in this traffic. */
function calls(chain: FilterSpec[], bytes: Uint8Array): string[] {
  const gateway = gatewayWith(chain, bytes);
  for (const request of requests) {
    const run = gateway.send(request);
    gateway.clock.runUntil(() => run.isDone, 60_000);
  }
  gateway.advance(2000);
  return Object.keys(gateway.hostCalls.calls ?? gateway.hostCalls).filter((name) => name.startsWith("proxy_"));
}

test("there are modules to look at", () => {
  assert.ok(existsSync("build/model-tag.wasm") && modules.length > 1);
});

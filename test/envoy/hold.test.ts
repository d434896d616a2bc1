// Headers held for the body, in every way that there is, with every shape of request: not one byte lost, nothing hangs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { call } from "../../harness/envoy/client.ts";
import type { ListenerConfig } from "../../harness/envoy/config.ts";
import type { HeaderList } from "../../harness/scenario/scenario.ts";
import { askedModel, nameOf, plainShape, pool, request, requestBody, shapes, type Shape } from "./fixtures/ai-call.ts";
import { hashOf } from "./fixtures/echo.ts";
import { envoyVersions, gateway, Gateways, pair, pause, plugin, type Chain } from "./fixtures/gateway.ts";

const sizes = [0, 18, 1024, 17 * 1024, 300_000];
const limits = [4096, 32_768, 1_048_576];
const pauseMs = 300;

/** Each form of the chain. */
const forms: Record<string, (name: string) => Chain> = {
  "a pair": (name) => pair(name),
  "the native flag": (name) => [single(name)],
  "neither pair nor flag": (name) => [plugin(name)],
  "a pair behind a pause": (name) => [pause(`${name}-p`, pauseMs), ...pair(name)],
  "a pair around a pause": (name) => [pair(name)[0], pause(`${name}-p`, pauseMs), pair(name)[1]],
  "a pair before a pause": (name) => [...pair(name), pause(`${name}-p`, pauseMs)],
  "the native flag behind a pause": (name) => [pause(`${name}-p`, pauseMs), single(name)],
  "the native flag before a pause": (name) => [single(name), pause(`${name}-p`, pauseMs)],
  "neither pair nor flag, behind a pause": (name) => [pause(`${name}-p`, pauseMs), plugin(name)],
};

function single(name: string) {
  return plugin(name, { allowOnHeadersStopIteration: true });
}

/** Where a filter pauses, small buffers are the hard ones. */
function limitsOf(way: string): number[] {
  return way.includes("pause") ? [32_768] : limits;
}

function listeners(): ListenerConfig[] {
  return Object.entries(forms).flatMap(([way, chain]) =>
    limitsOf(way).map((limit) =>
      gateway(`${way} ${limit}`, chain(`${way}-${limit}`.replaceAll(/[ ,]+/g, "-")), { bufferLimit: limit }),
    ),
  );
}

for (const version of envoyVersions) {
  describe(`Envoy ${version}`, () => {
    let all: Gateways;
    before(async () => {
      all = await Gateways.start(version, listeners());
    });
    after(async () => {
      await all?.stop();
    });

    for (const way of Object.keys(forms)) {
      for (const limit of limitsOf(way)) {
        for (const protocol of ["h1", "h2"] as const) {
          test(`with ${way} every body arrives whole over ${protocol}, buffers of ${limit} bytes`, async () => {
            const wrong = await tryAll(all, way, limit, shapes(protocol, sizes));
            assert.deepEqual(wrong, []);
          });
        }
      }
    }
  });
}

async function tryAll(all: Gateways, way: string, limit: number, cases: Shape[]): Promise<string[]> {
  const port = all.envoy.port(`${way} ${limit}`);
  await call(port, "h1", request({ ...plainShape }, `${way} ${limit} first`));
  const results = await pool(way.includes("pause") ? 64 : 32, cases, async (shape) => {
    const name = `${way} ${limit} ${nameOf(shape)}`;
    const upstream = all.upstreamFor(shape.protocol, shape.trailers);
    const headers: HeaderList = upstream === all.up2 ? [["x-up", "h2"]] : [];
    const answer = await call(port, shape.protocol, request(shape, name, headers));
    const [seen] = upstream.seen(name);
    const said = `${name}: ${answer.outcome} ${answer.status} ${answer.reason}`;
    if (answer.outcome !== "complete") return said;
    if (isRefused(way, shape)) return answer.status === 413 && seen === undefined ? "" : said;
    if (answer.status !== 200) return `${said} ${answer.text().slice(0, 100)}`;
    if (seen === undefined) return `${said} no request arrived`;
    const body = requestBody(shape.bytes, shape.model);
    if (seen.length !== body.length || seen.hash !== hashOf(body)) return `${said} ${seen.length} bytes arrived`;
    if (shape.trailers !== (seen.trailers["x-end"] === "yes"))
      return `${said} trailers ${JSON.stringify(seen.trailers)}`;
    const model = shape.bytes === 0 || shape.model === "absent" ? "unknown" : askedModel;
    const route = model === askedModel ? "model" : undefined;
    if (!way.startsWith("neither") && (seen.headers["x-ai-model"] !== model || seen.headers["x-route"] !== route)) {
      return `${said} tagged ${seen.headers["x-ai-model"]}, route ${seen.headers["x-route"]}`;
    }
    return "";
  });
  return results.filter((result) => result !== "");
}

/** One instance cannot put back what it took out of Envoy's buffer once trailers came: it answers, and passes nothing. */
function isRefused(way: string, shape: Shape): boolean {
  if (!way.includes("native flag") || !shape.trailers || shape.model !== "cut" || shape.bytes > 65_536) return false;
  return shape.protocol === "h1" || shape.bytes > 16_384;
}

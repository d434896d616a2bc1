// Bodies that are changed while their headers wait: the model is renamed, and every other byte arrives as it was sent.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { call } from "../../harness/envoy/client.ts";
import type { ListenerConfig } from "../../harness/envoy/config.ts";
import type { HeaderList, Json } from "../../harness/scenario/scenario.ts";
import { askedModel, nameOf, plainShape, pool, request, requestBody, shapes, type Shape } from "./fixtures/ai-call.ts";
import { hashOf } from "./fixtures/echo.ts";
import { envoyVersions, gateway, Gateways, pair, pause, plugin, type Chain } from "./fixtures/gateway.ts";

const sizes = [0, 18, 1024, 17 * 1024, 300_000];
const limit = 32_768;
const flag = { allowOnHeadersStopIteration: true };

/** A name that is longer, and one that is shorter. */
const names = ["a-much-longer-name-of-a-model", "m"];

function renames(to: string): Json {
  return { split: [{ name: "all", variants: [{ name: "all", percent: 100, rewrite: to }] }] };
}

const forms: Record<string, (name: string, config: Json) => Chain> = {
  "a pair": (name, config) => pair(name, { config }),
  "the native flag": (name, config) => [plugin(name, { config, ...flag })],
  "a pair behind a pause": (name, config) => [pause(`${name}-p`, 40), ...pair(name, { config })],
  "a pair around a pause": (name, config) => {
    const [outer, inner] = pair(name, { config });
    return [outer, pause(`${name}-p`, 40), inner];
  },
  "the native flag behind a pause": (name, config) => [pause(`${name}-p`, 40), plugin(name, { config, ...flag })],
};

function listeners(): ListenerConfig[] {
  return Object.entries(forms).flatMap(([form, chain]) =>
    names.map((to) => {
      const name = `${form}-${to.length}`.replaceAll(" ", "-");
      return gateway(`${form} ${to}`, chain(name, renames(to)), { bufferLimit: limit });
    }),
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

    for (const form of Object.keys(forms)) {
      for (const to of names) {
        test(`with ${form} every model becomes ${to}`, async () => {
          const listener = `${form} ${to}`;
          const port = all.envoy.port(listener);
          await call(port, "h1", request({ ...plainShape }, `${listener} first`));
          const cases = (["h1", "h2"] as const).flatMap((protocol) => shapes(protocol, sizes));
          const wrong = await pool(32, cases, async (shape) => {
            const name = `${listener} ${nameOf(shape)}`;
            const upstream = all.upstreamFor(shape.protocol, shape.trailers);
            const headers: HeaderList = upstream === all.up2 ? [["x-up", "h2"]] : [];
            const answer = await call(port, shape.protocol, request(shape, name, headers));
            const [seen] = upstream.seen(name);
            const said = `${name}: ${answer.outcome} ${answer.status} ${answer.reason}`;
            if (isRefused(form, shape)) return answer.status === 413 && seen === undefined ? "" : said;
            if (answer.outcome !== "complete" || answer.status !== 200) return said;
            const body = requestBody(shape.bytes, shape.model).replace(`"${askedModel}"`, `"${to}"`);
            if (seen?.hash !== hashOf(body)) return `${said} ${seen?.length} bytes arrived for ${body.length}`;
            const length = seen.headers["content-length"];
            if (length !== undefined && Number(length) !== body.length) return `${said} content-length ${length}`;
            if (shape.trailers !== (seen.trailers["x-end"] === "yes")) return `${said} trailers are wrong`;
            return "";
          });
          assert.deepEqual(
            wrong.filter((one) => one !== ""),
            [],
          );
        });
      }
    }
  });
}

/** One instance cannot put back what it took out of Envoy's buffer once trailers came: it answers, and passes nothing. */
function isRefused(form: string, shape: Shape): boolean {
  if (!form.includes("native flag") || !shape.trailers || shape.model !== "cut" || shape.bytes > 65_536) return false;
  return shape.protocol === "h1" || shape.bytes > 16_384;
}

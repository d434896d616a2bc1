// The pure parts of the bench: statistics, comparing, judging, what is made of modules and pages.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { plugin } from "./chains.ts";
import { change, changes, onlyIn } from "./compare.ts";
import { withFloors } from "./floor.ts";
import { judge, overRatio, totalRatio } from "./goals.ts";
import { callOf, countHostCalls } from "./host-calls.ts";
import { sourceLike } from "./like.ts";
import { differences, median, noise, show, spread } from "./numbers.ts";
import { chat, getByKey } from "./requests.ts";
import type { Figure, Results } from "./results.ts";
import { replaceSection, section } from "./section.ts";

const results = (figures: Figure[], more: Partial<Results> = {}): Results => ({
  ...{ version: "1", envoy: "1.40.0", at: "2026-01-01T00:00:00.000Z", rounds: 3, requests: 10 },
  ...{ machine: { cpu: "c", cores: 2, node: "v20", load: [0, 0] }, modules: [], figures, ...more },
});

/** A figure whose rounds all took the same. */
const figure = (name: string, micros: number, overMicros?: number): Figure => ({
  ...{ name, micros: spread([micros]) },
  ...(overMicros !== undefined && { over: "base", overMicros: spread([overMicros]) }),
});

describe("statistics", () => {
  test("the median of an even number of figures is between the two in the middle", () => {
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([9, 1, 5]), 5);
  });

  test("a spread names the ends and the middle half", () => {
    assert.deepEqual(spread([5, 3, 1, 2, 4]), { median: 3, min: 1, max: 5, low: 2, high: 4 });
  });

  test("the noise is not moved by one wild round", () => {
    assert.equal(noise(spread([1, 2, 3, 4, 1000])), noise(spread([1, 2, 3, 4, 5])));
  });

  test("no figure at all is no number", () => {
    assert.ok(Number.isNaN(median([])));
    assert.equal(show(median([])), "—");
    assert.equal(show(undefined), "—");
  });

  test("differences are taken round by round", () => {
    assert.deepEqual(differences([10, 20, 30], [1, 2, 3]), [9, 18, 27]);
  });

  test("small figures show two decimals, others one", () => {
    assert.equal(show(1.234), "1.23");
    assert.equal(show(-12.34), "-12.3");
    assert.equal(show(12.34, 0), "12");
  });
});

describe("comparing", () => {
  test("a change within the noise of either run is none", () => {
    assert.equal(change("a", spread([9, 10, 11]), spread([10.5])).verdict, "same");
    assert.equal(change("a", spread([10]), spread([8, 10.5, 13])).verdict, "same");
  });

  test("a change beyond the noise of both runs is better when smaller and worse when larger", () => {
    assert.equal(change("a", spread([9, 10, 11]), spread([6, 7, 8])).verdict, "better");
    assert.equal(change("a", spread([9, 10, 11]), spread([12, 13, 14])).verdict, "worse");
  });

  test("what costs over no filter is compared, not what the request costs anyway", () => {
    const [one] = changes(results([figure("a", 100, 10)]), results([figure("a", 150, 10)]));
    assert.equal(one?.verdict, "same");
  });

  test("modules that grew are worse, whatever the noise", () => {
    const before = results([], { modules: [{ name: "m.wasm", bytes: 1024 }] });
    const after = results([], { modules: [{ name: "m.wasm", bytes: 1025 }] });
    assert.deepEqual(
      changes(before, after).map(({ name, verdict }) => [name, verdict]),
      [["m.wasm (KiB)", "worse"]],
    );
  });

  test("figures that one of the runs lacks are named, not compared", () => {
    const [before, after] = [results([figure("a", 1), figure("b", 1)]), results([figure("b", 1), figure("c", 1)])];
    assert.deepEqual(
      changes(before, after).map(({ name }) => name),
      ["b (µs)"],
    );
    assert.deepEqual(onlyIn(before, after), ["a (µs)"]);
    assert.deepEqual(onlyIn(after, before), ["c (µs)"]);
  });
});

describe("judging", () => {
  const key = "GET by 100 keys";
  const own = [figure(`${key}: rate-limit`, 107, 7), figure(`${key}: Rust rate_limit`, 110, 10)];

  test("ratios are of what is over no filter, and beside it of everything", () => {
    const [a, b] = [`${key}: rate-limit`, `${key}: Rust rate_limit`];
    assert.equal(overRatio(results(own), a, b), 0.7);
    assert.equal(totalRatio(results(own), a, b), 107 / 110);
  });

  test("exactly what is demanded is met, a little more is not", () => {
    const met = (over: number) =>
      judge(results([figure(`${key}: rate-limit`, 100, over), own[1] as Figure])).find(
        ({ job, demand }) => job.startsWith("rate-limit, 100") && demand === "× Rust",
      )?.met;
    assert.equal(met(7), true);
    assert.equal(met(7.1), false);
  });

  test("what was not measured is neither met nor missed", () => {
    assert.ok(judge(results([])).every(({ met, reached }) => met === undefined && reached === undefined));
  });

  test("nothing is a ratio of what drowns in the noise", () => {
    const noisy: Figure = { name: "n", micros: spread([100]), overMicros: spread([-20, 1, 20]) };
    assert.equal(overRatio(results([figure("a", 107, 7), noisy]), "a", "n"), undefined);
  });

  test("events are priced one by one, over an empty filter", () => {
    const stream = "answer of 200 events";
    const figures = [
      figure(`${stream}: cost-accounting, native flag`, 1000, 503),
      figure(`${stream}: empty like cost-accounting`, 600, 99),
    ];
    const verdict = judge(results(figures)).find(({ unit }) => unit === "µs");
    assert.equal(verdict?.reached, 2);
    assert.equal(verdict?.met, false);
  });

  test("memory of a further worker is that of the suite alone", () => {
    const mib = 2 ** 20;
    const memory = {
      ...{ noFilter: { 1: 60 * mib, 4: 66 * mib }, suite: { 1: 80 * mib, 4: 92 * mib } },
      linear: { requests: 2, early: mib, late: mib },
    };
    const reached = judge(results([], { memory })).map((one) => one.reached);
    const values = reached.filter((value) => value !== undefined);
    assert.deepEqual(values, [20, 2, 1, 0]);
  });
});

describe("what is made for a run", () => {
  test("an empty filter exports what the real one exports", () => {
    const source = sourceLike(["proxy_on_log", "proxy_on_request_headers", "memory"]);
    assert.match(source, /export function proxy_on_log\(p0: u32\): void \{\}/);
    assert.match(source, /export function proxy_on_request_headers\(p0: u32, p1: u32, p2: u32\): u32 \{ return 0; \}/);
    assert.doesNotMatch(source, /proxy_on_done|memory\(/);
  });

  test("a floor asks Envoy what the real one asks", async () => {
    const job = { name: "t: model-tag", chain: [plugin("model-tag")], requests: chat(1024), share: 1, hasFloor: true };
    const [own, floor] = countHostCalls(await withFloors([job]));
    assert.equal(floor?.job, "t: host calls alone of model-tag");
    assert.ok(own !== undefined && own.total > 10);
    assert.deepEqual(floor.byName, own.byName);
  });

  test("requests go through the in-process host as they go over the wire", () => {
    const { request, upstream } = callOf(chat(1024, "sse")[0] as Buffer);
    assert.equal(request.path, "/v1/chat/completions");
    assert.ok(JSON.parse(String(request.body)).stream);
    assert.equal(upstream.kind === "answer" && upstream.framing, "chunked");
    assert.deepEqual(callOf(getByKey[7] as Buffer).request.headers?.at(-1), ["x-team", "team-7"]);
  });

  test("figures stand between the page's marks, and a second run replaces them", () => {
    const page = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nz\n";
    const once = replaceSection(page, section(results([figure("job | x", 5)])));
    assert.match(once, /^a\n<!-- bench:begin -->\n\nEnvoy 1\.40\.0/);
    assert.match(once, /\| job \\\| x \| 5\.0 \| — \| 0\.0 \|/);
    assert.doesNotMatch(once, /old/);
    assert.equal(replaceSection(once, section(results([figure("job | x", 5)]))), once);
    assert.throws(() => replaceSection("no marks", "x"));
  });
});

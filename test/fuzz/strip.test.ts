import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { loadParser, type ParserModule } from "./compile.ts";
import { Random } from "./random.ts";

interface Stripper extends ParserModule {
  open(): void;
  feed(start: number, length: number): number;
  finish(): number;
  isBetweenEvents(): number;
  output(): number;
}

/** A stream as it comes and as it must go on, and its pieces' names for messages. */
interface Stream {
  whole: string;
  plain: string;
}

const LONG = 16_384;
let module: Stripper;

before(async () => {
  module = await loadParser<Stripper>("strip");
});

function run(whole: Uint8Array, cuts: number[]): string {
  new Uint8Array(module.memory.buffer, module.input(), module.capacity()).set(whole);
  module.open();
  let at = 0;
  for (const cut of [...cuts, whole.length]) {
    module.feed(at, cut - at);
    at = cut;
  }
  const length = module.finish();
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    new Uint8Array(module.memory.buffer, module.output(), length),
  );
}

const others = [
  { choices: [{ index: 0, delta: { content: "Grüße 👋" } }], usage: null },
  { choices: [{ index: 0, delta: { content: '{"choices":[],"usage":{"a":1}}' } }] },
  { choices: [], usage: null },
  { choices: [], prompt_filter_results: [{ usage: {} }] },
  { usage: { prompt_tokens: 1 }, choices: [{ index: 0, delta: {} }] },
  { choices: [{ choices: [], usage: {} }] },
  { error: { message: "x" } },
  { choices: [{ index: 0, delta: { role: "user", content: 'a\n"usage":{}' } }], user: "u", usage: null },
  ["choices"],
];

function randomStream(random: Random): Stream {
  const newline = random.pick(["\n", "\r\n", "\r"]);
  const lines = (data: string): string => {
    const head = random.pick([
      "",
      "",
      `event: message${newline}`,
      `: ping${newline}`,
      `id: 7${newline}retry: 5${newline}`,
    ]);
    return `${head}data:${random.pick(["", " "])}${data}${newline}${newline}`;
  };
  let [whole, plain] = ["", ""];
  const both = (text: string): void => {
    whole += text;
    plain += text;
  };
  if (random.below(4) === 0) both(`\ufeffid: 1${newline}${newline}`);
  for (let i = random.below(5); i > 0; i--) {
    const text = JSON.stringify(random.pick(others));
    both(random.below(6) ? lines(text) : `: only a comment${newline}${newline}`);
  }
  if (random.below(5)) {
    const space = random.pick(["", " "]);
    const key = random.pick([
      '"usage":',
      '"usage":',
      '"usage" :',
      '"\\u0075sage":',
      '"us\\u0061ge":',
      '"usage":null,"usage":',
    ]);
    whole += lines(`{"id":"c","choices":${space}[${space}],${key}${space}{"prompt_tokens":1,"total_tokens":1}}`);
  }
  if (random.below(4)) both(lines("[DONE]"));
  return { whole, plain };
}

/** Places after two line ends; the start when there is none. */
function eventEnds(bytes: Uint8Array): number[] {
  const isEnd = (at: number): boolean => bytes[at] === 0x0a || bytes[at] === 0x0d;
  return [0, ...Array.from(bytes.keys()).filter((at) => at > 1 && isEnd(at - 1) && isEnd(at - 2))];
}

describe("the chunk of usage", () => {
  it("goes, and every other byte stays, however the stream was cut", () => {
    const random = new Random(11);
    for (let i = 0; i < 3000; i++) {
      const { whole, plain } = randomStream(random);
      const bytes = new TextEncoder().encode(whole);
      const ends = eventEnds(bytes);
      const places = Array.from({ length: random.below(8) }, () =>
        random.below(2) ? random.below(bytes.length + 1) : random.pick(ends),
      );
      const cuts = places.sort((a, b) => a - b);
      assert.equal(run(bytes, cuts), plain, JSON.stringify({ whole, cuts }));
    }
  });

  it("goes where every event comes alone", () => {
    const random = new Random(13);
    for (let i = 0; i < 1000; i++) {
      const { whole, plain } = randomStream(random);
      const bytes = new TextEncoder().encode(whole);
      assert.equal(run(bytes, eventEnds(bytes)), plain, JSON.stringify(whole));
    }
  });

  it("goes at any single cut and in single bytes", () => {
    const random = new Random(12);
    for (let i = 0; i < 60; i++) {
      const { whole, plain } = randomStream(random);
      const bytes = new TextEncoder().encode(whole);
      for (let cut = 0; cut <= bytes.length; cut++) assert.equal(run(bytes, [cut]), plain);
      assert.equal(run(bytes, Array.from(bytes.keys())), plain);
    }
  });

  it("stays where it is longer than any such chunk, and nothing long is kept back", () => {
    const long = `data: {"id":"${"x".repeat(LONG + 2000)}","choices":[],"usage":{}}\n\ndata: [DONE]\n\n`;
    const bytes = new TextEncoder().encode(long);
    assert.equal(
      run(
        bytes,
        Array.from({ length: 33 }, (_, at) => at * 500),
      ),
      long,
    );
    for (const cuts of [[], [LONG + 1900], [100, LONG + 1900]]) assert.equal(run(bytes, cuts), long, String(cuts));
    module.open();
    new Uint8Array(module.memory.buffer, module.input(), module.capacity()).set(bytes);
    assert.equal(module.feed(0, 100), 0);
    assert.equal(module.feed(100, LONG), LONG + 100);
  });

  it("is waited for no longer than it may be one", () => {
    const give = (text: string): number => {
      const bytes = new TextEncoder().encode(text);
      new Uint8Array(module.memory.buffer, module.input(), module.capacity()).set(bytes);
      module.open();
      return module.feed(0, bytes.length);
    };
    for (const text of ["data: [DO", 'data: {"choices":[{"index":0}],"us', 'data: {"choices":7,', ": ping\n\n"]) {
      assert.equal(give(text), text.length, text);
    }
    for (const text of ["da", "data: ", 'data: {"choices":[', 'data: {"choices":[],"usa'])
      assert.equal(give(text), 0, text);
  });

  it("leaves one that comes a second time: nobody asked twice", () => {
    const chunk = 'data: {"choices":[],"usage":{}}\n\n';
    assert.equal(run(new TextEncoder().encode(chunk + chunk), []), chunk);
  });
});

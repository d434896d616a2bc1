// Events that repeat the one before them are not parsed again: what is known of the answer must be the same all the same.
// Fed byte by byte, no event is in one piece and all are parsed.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { pathOf } from "../scenarios/providers.ts";
import { ExchangeDriver, type Headers, type Known } from "./exchange-driver.ts";
import { Random, fuzz } from "./random.ts";

let driver: ExchangeDriver;
before(async () => {
  driver = await ExchangeDriver.load();
  driver.configure({});
});

type StreamApi = "openai-chat" | "openai-completions" | "anthropic-messages" | "openai-responses" | "gemini";
const sse: Headers = [
  [":status", "200"],
  ["content-type", "text/event-stream"],
];

function read(api: StreamApi, body: Uint8Array | string, cuts?: number[]): Known {
  const headers: Headers = [
    [":method", "POST"],
    [":path", pathOf(api, true)],
    [":authority", "gateway.example"],
    ["content-type", "application/json"],
  ];
  const asked = { headers, body: JSON.stringify({ model: "asked", stream: true, messages: [] }) };
  return driver.call(asked, { headers: sse, body }, undefined, cuts);
}

/** What is known does not depend on how the body is cut; answers it. */
function readEachWay(api: StreamApi, body: Uint8Array | string, cuts: number[] = []): Known {
  const bytes = Buffer.from(body);
  const parsed = read(api, bytes, new Array<number>(bytes.length).fill(1));
  assert.deepEqual(read(api, bytes), parsed, "in one piece");
  if (cuts.length > 0) assert.deepEqual(read(api, bytes, cuts), parsed, `cut into ${cuts.join()}`);
  return parsed;
}

/** Lengths of the events, so that each comes in a piece of its own. */
const eachAlone = (events: readonly string[]): number[] => events.map((one) => Buffer.byteLength(one));

function readEvents(api: StreamApi, events: readonly string[]): Known {
  return readEachWay(api, events.join(""), eachAlone(events));
}

const chunk = (content: string, more = ""): string =>
  `data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"${content}"}}]${more}}\n\n`;

describe("events that repeat the one before", () => {
  it("count with the lengths of their own texts", () => {
    const known = readEvents(
      "openai-chat",
      ["Hello", ",", "", " you", '\\u00e9\\n\\"', "é"].map((text) => chunk(text)),
    );
    assert.deepEqual([known.contentDeltas, known.contentBytes], [5, 5 + 1 + 4 + 4 + 2]);
    assert.equal(known.responseModel, "m");
  });

  it("may vary in what fills them up", () => {
    const events = ["a", "bcd", "xyz0123"].map((pad, index) =>
      chunk("ab".repeat(index + 1), `,"obfuscation":"${pad}"`),
    );
    const known = readEvents("openai-chat", [...events, ...events]);
    assert.deepEqual([known.contentDeltas, known.contentBytes], [6, 24]);
  });

  it("may be numbered", () => {
    const event = (number: string, text: string): string =>
      `event: x\ndata: {"type":"x","sequence_number":${number},"delta":"${text}","obfuscation":"z${text}"}\n\n`;
    const events = ["9", "10", "11"].map((number) => event(number, `no. ${number}`));
    assert.equal(readEvents("openai-responses", events).contentBytes, 17);
    // What is no number is no JSON, and tells nothing.
    assert.equal(readEvents("openai-responses", [...events, event("012", "a"), event("", "a")]).contentBytes, 17);
  });

  it("are read anew when another one came in between", () => {
    const usage = (input: number): string => `,"usage":{"prompt_tokens":${input},"completion_tokens":1}`;
    const known = readEvents("openai-chat", [chunk("a", usage(1)), chunk("b", usage(2)), chunk("c", usage(1))]);
    assert.deepEqual([known.input, known.contentBytes], [1, 3]);
    const events = [chunk("a", usage(1)), `data: {"choices":[]${usage(2)}}\n\n`, chunk("b", usage(1))];
    assert.equal(readEvents("openai-chat", events).input, 1);
    const [first = 0, second = 0, third = 0] = eachAlone(events);
    assert.equal(readEachWay("openai-chat", events.join(""), [first, 20, second - 20, third]).input, 1);
  });

  it("are not taken for whole when their text is none", () => {
    for (const text of ["\n", "\\q", "\\u12", '"}}],"model":"n","x":[{"y":{"z":"', "\u0001", '"', "\\"]) {
      const known = readEvents("openai-chat", [chunk("a"), chunk("b"), chunk(text)]);
      assert.equal(known.responseModel, text.includes("model") ? "n" : "m", JSON.stringify(text));
    }
  });

  it("keep the model that the last one names", () => {
    const named = (model: string): string => chunk("a").replace('"m"', `"${model}"`);
    assert.equal(readEvents("openai-chat", ["m", "m", "n", "m", "n"].map(named)).responseModel, "n");
  });
});

/** Makes events of an API of which many repeat the one before, and of which none need be well-formed. */
class EventMaker {
  private readonly random: Random;
  private readonly api: StreamApi;

  constructor(random: Random, api: StreamApi) {
    this.random = random;
    this.api = api;
  }

  stream(): string[] {
    const { random } = this;
    const events: string[] = [];
    const shapes = [this.shape(), this.shape(), this.shape()];
    let shape = random.pick(shapes);
    for (let left = 2 + random.below(12); left > 0; left--) {
      if (random.chance(0.3)) shape = random.pick(shapes);
      let event = shape.replaceAll("TEXT", () => this.text()).replaceAll("NUMBER", () => this.number());
      if (random.chance(0.1)) event = event.replaceAll("\n", random.pick(["\r\n", "\r"]));
      if (random.chance(0.05)) event = random.mutate(Buffer.from(event), ' \n\r":{}[],\\abcdelta').toString("latin1");
      events.push(event);
    }
    if (random.chance(0.5)) events.push("data: [DONE]\n\n");
    return events;
  }

  private shape(): string {
    const { random } = this;
    const data = `data:${random.pick([" ", ""])}${this.document()}\n`;
    const name = random.pick(["", "", "", "event: content_block_delta\n", "event: error\n", ": comment\n", "id: 7\n"]);
    return random.pick([name + data, name + data, data + name]) + random.pick(["\n", "\n", "\n", "\n\n", ""]);
  }

  private document(): string {
    const { random } = this;
    const usage = random.pick([
      "",
      "",
      ',"usage":null',
      `,"usage":{"prompt_tokens":${random.below(3)},"input_tokens":2}`,
    ]);
    const noise = random.pick(["", "", ',"obfuscation":"TEXT"', ',"pad":"TEXT"', ',"error":null', ',"model":"TEXT"']);
    if (this.api === "anthropic-messages") {
      const kind = random.pick(['"type":"text_delta","text"', '"thinking"', '"partial_json"', '"stop_reason"']);
      const type = random.pick([
        "content_block_delta",
        "content_block_delta",
        "message_start",
        "message_stop",
        "error",
      ]);
      return `{"type":"${type}","index":0,"delta":{${kind}:"TEXT"}${usage}${noise}}`;
    }
    if (this.api === "openai-responses") {
      const output = random.pick(["", "", ',"response":{"output":[{"content":[{"text":"TEXT"}]}]}']);
      const sequence = random.pick(["NUMBER", "NUMBER", '"TEXT"', "-NUMBER", "NUMBER.5", "[NUMBER]"]);
      return `{"type":"x","sequence_number":${sequence},"delta":"TEXT"${output}${usage}${noise}}`;
    }
    if (this.api === "gemini") return `{"candidates":[{"content":{"parts":[{"text":"TEXT"}]}}]${usage}${noise}}`;
    const delta = random.pick([
      ...[
        '"content":"TEXT"',
        '"content":"TEXT"',
        '"content":"TEXT","content":"TEXT"',
        '"reasoning":"TEXT","content":""',
      ],
      ...['"reasoning_content":null,"content":"TEXT"', '"reasoning_content":"TEXT","content":"TEXT"', ""],
      ...['"tool_calls":[{"function":{"arguments":"TEXT"}},{"function":{"arguments":"TEXT"}}]'],
    ]);
    const choice = random.pick([`"delta":{${delta}}`, `"text":"TEXT"`, `"delta":{},"delta":{${delta}}`]);
    const finish = random.pick(["", ',"finish_reason":null', ',"logprobs":null,"finish_reason":"stop"']);
    const second = random.pick(["", "", "", `,{"delta":{${delta}}}`, ',{"delta":{}}']);
    return `{"id":"c","model":"m","choices":[{"index":0,${choice}${finish}}${second}]${usage}${noise}}`;
  }

  private number(): string {
    return this.random.pick(["0", "7", "12", "1".repeat(30), this.random.pick(["5", "01", "", "1e5", "x", "1 "])]);
  }

  private text(): string {
    const { random } = this;
    const parts = [
      "a",
      "word ",
      "\\n",
      '\\"',
      "\\u00e9",
      "\\ud83d\\ude00",
      "\\ud83d",
      "é",
      "data:x",
      "0123456789abcdefghij",
    ];
    const odd = ["\\q", "\\u1", '"', "\n", "\u0001", "\\", '":"'];
    let text = "";
    for (let left = random.below(4); left > 0; left--) text += random.pick(random.chance(0.02) ? odd : parts);
    return text;
  }
}

it("knows the same of any stream at any cut", () => {
  fuzz("repeated events", (random) => {
    const api = random.pick([
      ...(["openai-chat", "openai-chat", "anthropic-messages", "openai-completions"] as const),
      ...(["openai-responses", "gemini"] as const),
    ]);
    const events = new EventMaker(random, api).stream();
    const body = events.join("");
    readEachWay(api, body, eachAlone(events));
    const halved = eachAlone(events).flatMap((length) => {
      const head = random.chance(0.3) ? random.below(length) : length;
      return [head, length - head];
    });
    readEachWay(api, body, halved);
    readEachWay(api, body, random.chunks(Buffer.byteLength(body)));
  });
});

// What the exchange makes of answers: every provider's wire format, streamed and not, whole and cut, at any cut.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { bodyOf, sample, type Sample, type SampleApi, type SampleOptions } from "../../harness/providers/sample.ts";
import { eventStreamMessage } from "../../harness/providers/samples/event-stream.ts";
import { usageOf, type TokenUsage } from "../../harness/providers/usage.ts";
import { base, FULL, pathOf, rows, WRITE } from "../scenarios/providers.ts";
import { ExchangeDriver, ResponseFact, type Headers, type Known } from "./exchange-driver.ts";
import { Random, fuzz } from "./random.ts";

let driver: ExchangeDriver;
before(async () => {
  driver = await ExchangeDriver.load();
  driver.configure({});
});

function request(api: SampleApi, stream: boolean): { headers: Headers; body: string } {
  const headers: Headers = [
    [":method", "POST"],
    [":path", pathOf(api, stream)],
    [":authority", "gateway.example"],
    ["content-type", "application/json"],
  ];
  return { headers, body: JSON.stringify({ model: "asked", stream, messages: [{ content: "0123456789abcdef" }] }) };
}

function headersOf(answer: Sample, status = "200"): Headers {
  return [[":status", status], ...(answer.headers as unknown as Headers)];
}

function answer(api: SampleApi, options: SampleOptions, cuts?: number[]): Known {
  const made = sample(api, options);
  const asked = request(api, options.stream ?? false);
  return driver.call(asked, { headers: headersOf(made), body: bodyOf(made) }, undefined, cuts);
}

function usageIn(known: Known): TokenUsage {
  const { input, cachedInput, cacheWrite, output, reasoning } = known;
  return { input, cachedInput, cacheWrite, output, reasoning };
}

describe("usage of every provider", () => {
  for (const row of rows) {
    it(`counts ${row.name}`, () => {
      const known = answer(row.api, row.options);
      const expected = row.usage ?? row.options.usage;
      const status = row.status ?? "complete";
      assert.equal(known.usageStatus, status);
      assert.deepEqual(usageIn(known), expected);
      assert.equal(known.responseModel, row.model === null ? undefined : row.options.model);
      assert.equal(known.outcome, row.outcome ?? "ok");
    });
  }

  it("counts the searches of a reranker", () => assert.equal(answer("cohere-rerank", base).searchUnits, 1));

  it("does not bill what counts tokens", () => {
    const known = answer("gemini-count", base);
    assert.equal(known.usageStatus, "none");
    assert.equal(known.outcome, "ok");
  });

  it("estimates an embedding that reports nothing", () => {
    const known = answer("gemini-embed", base);
    assert.equal(known.usageStatus, "estimated");
    assert.ok(known.input > 0);
    assert.equal(known.output, 0);
  });

  it("does not count a background answer that is fetched later", () => {
    const asked = request("openai-responses", false);
    asked.body = JSON.stringify({ model: "asked", background: true });
    const made = sample("openai-responses", { ...base, ending: "queued" });
    const known = driver.call(asked, { headers: headersOf(made), body: bodyOf(made) });
    assert.equal(known.isUncounted, 1);
    assert.equal(known.usageStatus, "none");
    assert.equal(known.outcome, "ok");
  });

  for (const usageForm of ["null", "absent"] as const) {
    for (const stream of [false, true]) {
      it(`estimates a ${stream ? "stream" : "JSON answer"} whose usage is ${usageForm}`, () => {
        for (const api of ["openai-chat", "anthropic-messages", "gemini", "bedrock-converse", "cohere-chat"] as const) {
          const known = answer(api, { ...base, stream, usageForm, includeUsage: true });
          assert.equal(known.usageStatus, "estimated", api);
          assert.ok(known.output >= 5 && known.output < 50, `${api} ${known.output}`);
          assert.equal(known.outcome, "ok", api);
        }
      });
    }
  }
});

describe("Bedrock's InvokeModel", () => {
  const frame = (payload: object): Uint8Array => {
    const bytes = Buffer.from(JSON.stringify(payload)).toString("base64");
    const headers = { ":event-type": "chunk", ":content-type": "application/json", ":message-type": "event" };
    return eventStreamMessage(headers, Buffer.from(JSON.stringify({ bytes, p: "abc" })));
  };
  const ask = request("bedrock-invoke", true);
  ask.headers = ask.headers.map(([n, v]) => [n, n === ":path" ? "/model/m/invoke-with-response-stream" : v] as const);
  const read = (payloads: object[], cuts?: number[]): Known => {
    const headers: Headers = [
      [":status", "200"],
      ["content-type", "application/vnd.amazon.eventstream"],
    ];
    return driver.call(ask, { headers, body: Buffer.concat(payloads.map(frame)) }, undefined, cuts);
  };

  it("reads what the frames of a stream carry", () => {
    const known = read([
      {
        type: "message_start",
        message: { model: "claude", usage: { input_tokens: 5, cache_read_input_tokens: 3, output_tokens: 1 } },
      },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 7 } },
      {
        type: "message_stop",
        "amazon-bedrock-invocationMetrics": { inputTokenCount: 5, outputTokenCount: 7, cacheReadInputTokenCount: 3 },
      },
    ]);
    assert.deepEqual(usageIn(known), usageOf({ input: 8, cachedInput: 3, output: 7 }));
    assert.deepEqual([known.usageStatus, known.outcome, known.responseModel], ["complete", "ok", "claude"]);
    assert.equal(known.hasFirstToken, 1);
  });

  it("reads Bedrock's own counts where the vendor has none", () => {
    const known = read([
      { generation: "Hello" },
      {
        generation: "",
        stop_reason: "stop",
        "amazon-bedrock-invocationMetrics": { inputTokenCount: 5, outputTokenCount: 7 },
      },
    ]);
    assert.deepEqual(usageIn(known), usageOf({ input: 5, output: 7 }));
    assert.equal(known.usageStatus, "complete");
  });

  const vendors: [body: object, input: number, output: number][] = [
    [{ generation: "x", prompt_token_count: 5, generation_token_count: 7 }, 5, 7],
    [{ usage: { inputTokens: 5, outputTokens: 7 } }, 5, 7],
    [{ usage: { prompt_tokens: 5, completion_tokens: 7 } }, 5, 7],
  ];
  for (const [body, input, output] of vendors) {
    it(`reads ${JSON.stringify(body)}`, () => {
      const headers: Headers = [
        [":status", "200"],
        ["content-type", "application/json"],
      ];
      const known = driver.call(request("bedrock-invoke", false), { headers, body: JSON.stringify(body) });
      assert.deepEqual([known.input, known.output, known.usageStatus], [input, output, "complete"]);
    });
  }

  it("reads the headers where the body tells nothing", () => {
    const headers: Headers = [
      [":status", "200"],
      ["content-type", "image/png"],
      ["x-amzn-bedrock-input-token-count", "5"],
      ["x-amzn-bedrock-output-token-count", "7"],
      ["x-amzn-bedrock-cache-read-input-token-count", "2"],
    ];
    const known = driver.call(request("bedrock-invoke", false), { headers, body: "PNG" });
    assert.deepEqual([known.input, known.output, known.cachedInput, known.usageStatus], [7, 7, 2, "complete"]);
  });
});

describe("answers that go wrong", () => {
  const streams: [api: SampleApi, errorType: string | undefined, options?: Partial<SampleOptions>][] = [
    ["openai-chat", "server_error"],
    ["openai-completions", "server_error"],
    ["openai-responses", "server_error"],
    ["openai-transcription", "server_error"],
    ["anthropic-messages", "overloaded_error"],
    ["gemini", "UNAVAILABLE"],
    ["gemini", "UNAVAILABLE", { geminiStream: "array" }],
    ["bedrock-converse", "modelStreamErrorException"],
    ["cohere-chat", "ERROR"],
    ["ollama-chat", undefined],
    ["dashscope", "InternalError"],
  ];
  for (const [api, errorType, options] of streams) {
    it(`sees the error in a stream of ${api} ${JSON.stringify(options ?? {})}`, () => {
      const known = answer(api, { ...base, stream: true, errorAfter: 2, ...options });
      assert.equal(known.outcome, "stream_error");
      assert.equal(known.errorType, errorType);
    });
  }

  const bodies: [api: SampleApi, body: string, errorType: string | undefined][] = [
    ["openai-chat", '{"error":{"message":"m","type":"insufficient_quota","code":"q"}}', "insufficient_quota"],
    ["openai-chat", '{"error":{"message":"m","type":null,"code":429}}', "429"],
    ["openai-chat", '{"object":"error","message":"m","type":"BadRequestError","code":400}', "BadRequestError"],
    ["anthropic-messages", '{"type":"error","error":{"type":"overloaded_error","message":"m"}}', "overloaded_error"],
    ["gemini", '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}', "RESOURCE_EXHAUSTED"],
    ["openai-chat", '{"detail":[{"loc":["body"]}]}', undefined],
    ["openai-chat", "<html>", undefined],
    ["ollama-chat", '{"error":"model not found"}', undefined],
    ["dashscope", '{"code":"Throttling.RateQuota","message":"m"}', "Throttling.RateQuota"],
  ];
  for (const [api, body, errorType] of bodies) {
    it(`reads the error ${body}`, () => {
      const headers: Headers = [
        [":status", "429"],
        ["content-type", "application/json"],
      ];
      const known = driver.call(request(api, false), { headers, body });
      assert.equal(known.outcome, "error");
      assert.equal(known.errorType, errorType);
      assert.equal(known.usageStatus, "none");
    });
  }

  it("reads Bedrock's error header", () => {
    const headers: Headers = [
      [":status", "400"],
      ["content-type", "application/json"],
      ["x-amzn-errortype", "ValidationException:http://internal.amazon.com/"],
    ];
    const known = driver.call(request("bedrock-converse", false), { headers, body: '{"message":"m"}' });
    assert.equal(known.errorType, "ValidationException");
  });

  it("takes an error object in a 200 for an error", () => {
    const headers: Headers = [
      [":status", "200"],
      ["content-type", "application/json"],
    ];
    const body = '{"error":{"type":"upstream_error"}}';
    const known = driver.call(request("openai-chat", false), { headers, body });
    assert.equal(known.outcome, "error");
    assert.equal(
      driver.call(request("openai-responses", false), { headers, body: '{"error":null,"status":"completed"}' }).outcome,
      "ok",
    );
  });

  const cut: SampleApi[] = [
    ...(["openai-chat", "openai-responses", "anthropic-messages", "gemini", "bedrock-converse"] as const),
    ...(["cohere-chat", "ollama-chat", "dashscope", "openai-completions"] as const),
  ];
  for (const api of cut) {
    it(`calls a stream of ${api} that ends in the middle truncated, and keeps or estimates its use`, () => {
      const made = sample(api, { ...base, stream: true, includeUsage: true });
      const body = bodyOf({ ...made, chunks: made.chunks.slice(0, Math.ceil(made.chunks.length / 2)) });
      for (const ending of ["end", "upstream", "client"] as const) {
        driver.begin();
        driver.request(request(api, true));
        driver.openResponse(headersOf(made));
        driver.feedResponse(body);
        if (ending === "end") driver.endResponse();
        else driver.abortResponse(ending === "upstream");
        const known = driver.known();
        assert.equal(known.outcome, ending === "client" ? "aborted" : "truncated", ending);
        assert.match(known.usageStatus ?? "", /^(partial|estimated)$/);
        assert.ok(known.output >= 2, `${known.output}`);
        assert.equal(known.hasFirstToken, 1);
      }
    });
  }

  it("counts a stream that ends after any of its events, and never less than before", () => {
    // What speech costs is not estimated by text.
    for (const row of rows.filter(({ api, options }) => options.stream === true && api !== "openai-transcription")) {
      const made = sample(row.api, row.options);
      let seen = 0;
      for (let count = 1; count <= made.chunks.length; count++) {
        driver.begin();
        driver.request(request(row.api, true));
        driver.openResponse(headersOf(made));
        driver.feedResponse(bodyOf({ ...made, chunks: made.chunks.slice(0, count) }));
        driver.abortResponse(false);
        const { outcome, output, hasFirstToken, usageStatus } = driver.known();
        const isWhole = outcome !== "aborted";
        if (isWhole) assert.equal(outcome, row.outcome ?? "ok", `${row.name} after ${count}`);
        // Until the answer's own count is there, what came is counted.
        if (usageStatus === "estimated") assert.ok(output >= seen, `${row.name} after ${count}: ${output} < ${seen}`);
        assert.ok(hasFirstToken === 0 || output > 0 || row.options.usage.output === 0, `${row.name} after ${count}`);
        assert.equal(usageStatus === "none", false, `${row.name} after ${count}`);
        if (usageStatus === "estimated") seen = output;
      }
    }
  });

  it("reads usage behind megabytes of one event, in bounded memory", () => {
    const text = 'Lorem ipsum "usage":{"input_tokens":7} '.repeat(8192 * 10);
    const pieces = (body: Uint8Array, feed: (piece: Uint8Array) => void): void => {
      for (let at = 0; at < body.length; at += 16_384) feed(body.subarray(at, at + 16_384));
    };
    const before = driver.memoryBytes;
    for (const [api, stream] of [
      ["openai-responses", true],
      ["openai-responses", false],
      ["anthropic-messages", false],
      ["openai-chat", false],
      ["gemini", false],
    ] as const) {
      const made = sample(api, { ...base, stream, text: stream ? "Hi" : text });
      // The Responses API repeats the whole answer in its last event.
      const chunks = made.chunks.map((chunk) => {
        const event = Buffer.from(chunk).toString();
        return event.includes("response.completed")
          ? Buffer.from(event.replaceAll("Hi", JSON.stringify(text).slice(1, -1)))
          : chunk;
      });
      const body = bodyOf({ ...made, chunks });
      assert.ok(body.length > 3_000_000, `${api} ${body.length}`);
      driver.begin();
      driver.request(request(api, stream));
      driver.openResponse(headersOf(made));
      pieces(body, (piece) => driver.feedResponse(piece));
      driver.endResponse();
      assert.deepEqual(
        [driver.known().usageStatus, usageIn(driver.known()), driver.known().outcome],
        ["complete", FULL, "ok"],
        api,
      );
    }
    assert.ok(driver.memoryBytes - before <= 1_048_576, `${driver.memoryBytes - before} more bytes`);
  });

  it("knows the input of an Anthropic stream that was cut", () => {
    const made = sample("anthropic-messages", { ...base, stream: true, usage: WRITE });
    driver.begin();
    driver.request(request("anthropic-messages", true));
    driver.openResponse(headersOf(made));
    driver.feedResponse(bodyOf({ ...made, chunks: made.chunks.slice(0, 6) }));
    driver.abortResponse(false);
    const known = driver.known();
    assert.equal(known.usageStatus, "partial");
    assert.deepEqual([known.input, known.cachedInput, known.cacheWrite], [1000, 300, 100]);
  });

  it("does not mind a client that leaves after the mark of the end", () => {
    const made = sample("openai-chat", { ...base, stream: true, includeUsage: true });
    driver.begin();
    driver.request(request("openai-chat", true));
    driver.openResponse(headersOf(made));
    driver.feedResponse(bodyOf(made));
    driver.abortResponse(false);
    assert.equal(driver.known().outcome, "ok");
    assert.equal(driver.known().usageStatus, "complete");
  });

  it("calls half a JSON document truncated", () => {
    const made = sample("openai-chat", base);
    const body = bodyOf(made).subarray(0, 300);
    const known = driver.call(request("openai-chat", false), { headers: headersOf(made), body });
    assert.equal(known.outcome, "truncated");
    assert.equal(known.responseModel, "answered-1");
  });

  it("says that it cannot read a compressed answer, and estimates it by its length", () => {
    const headers: Headers = [
      [":status", "200"],
      ["content-type", "application/json"],
      ["content-encoding", "gzip"],
    ];
    const body = gzipSync(bodyOf(sample("openai-chat", base)));
    const known = driver.call(request("openai-chat", false), { headers, body });
    assert.deepEqual(
      [known.isResponseCompressed, known.wantsResponseBody, known.usageStatus, known.outcome],
      [1, 0, "estimated", "ok"],
    );
    assert.equal(known.output, Math.ceil(body.length / 4));
    assert.ok(known.input > 0);
    const failed: Headers = [[":status", "500"], ...headers.slice(1)];
    assert.equal(driver.call(request("openai-chat", false), { headers: failed, body }).usageStatus, "none");
  });

  it("says aborted when the client leaves before the answer", () => {
    driver.begin();
    driver.request(request("openai-chat", false));
    driver.abortResponse(false);
    assert.equal(driver.known().outcome, "aborted");
    assert.equal(driver.known().usageStatus, "none");
  });

  it("ignores interim answers", () => {
    driver.begin();
    driver.request(request("openai-chat", false));
    driver.openResponse([[":status", "103"]]);
    assert.equal(driver.known().status, 0);
  });

  it("counts no odd numbers", () => {
    const headers: Headers = [
      [":status", "200"],
      ["content-type", "application/json"],
    ];
    for (const count of ["-1", '"5"', "1.5", "1e400", "99999999999999999999", "null", "{}"]) {
      const body = `{"choices":[],"usage":{"prompt_tokens":${count},"completion_tokens":3}}`;
      const known = driver.call(request("openai-chat", false), { headers, body });
      assert.equal(known.input, 0, count);
      assert.equal(known.output, 3, count);
    }
  });

  const json = (api: SampleApi, body: object): Known =>
    driver.call(request(api, false), {
      headers: [
        [":status", "200"],
        ["content-type", "application/json"],
      ],
      body: JSON.stringify(body),
    });

  it("counts only Anthropic's top-level counters, and tells the cache of an hour", () => {
    const usage = {
      input_tokens: 5,
      cache_creation_input_tokens: 4,
      cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 3 },
      output_tokens: 7,
      server_tool_use: { web_search_requests: 9 },
      iterations: [{ input_tokens: 100, output_tokens: 100, cache_read_input_tokens: 100 }],
    };
    const known = json("anthropic-messages", { type: "message", model: "m", usage, stop_reason: "end_turn" });
    assert.deepEqual(usageIn(known), usageOf({ input: 9, cacheWrite: 4, output: 7 }));
    assert.equal(known.cacheWrite1h, 3);
  });

  it("adds Gemini's thoughts and tool use", () => {
    const usageMetadata = {
      promptTokenCount: 10,
      toolUsePromptTokenCount: 4,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 6,
      cachedContentTokenCount: 3,
    };
    const known = json("gemini", { usageMetadata, candidates: [{ finishReason: "STOP" }] });
    assert.deepEqual(usageIn(known), usageOf({ input: 14, cachedInput: 3, output: 26, reasoning: 6 }));
  });

  it("estimates the input that Ollama does not report when it is cached", () => {
    const known = json("ollama-chat", { model: "m", done: true, message: { content: "x" }, eval_count: 7 });
    assert.equal(known.usageStatus, "partial");
    assert.equal(known.output, 7);
    assert.ok(known.input > 0);
  });

  it("reads a reranker that reports a total alone", () => {
    const known = json("cohere-rerank", { model: "jina", usage: { total_tokens: 12 } });
    assert.deepEqual([known.input, known.output, known.usageStatus], [12, 0, "complete"]);
  });

  it("reads the models of a Bailian app", () => {
    const usage = { models: [{ model_id: "qwen-max", input_tokens: 5, output_tokens: 7 }] };
    const known = json("dashscope", { usage, output: { text: "x", finish_reason: "stop" } });
    assert.deepEqual([known.input, known.output, known.responseModel], [5, 7, "qwen-max"]);
  });

  it("never takes what a message says for the answer's own", () => {
    const content = '{"usage":{"prompt_tokens":9},"model":"evil","error":{"type":"x"}}';
    const known = json("openai-chat", {
      choices: [{ message: { content, usage: { prompt_tokens: 9 }, model: "evil" } }],
    });
    assert.deepEqual([known.responseModel, known.usageStatus, known.outcome], [undefined, "estimated", "ok"]);
  });

  it("sees an error event that is no JSON", () => {
    const headers: Headers = [
      [":status", "200"],
      ["content-type", "text/event-stream"],
    ];
    const known = driver.call(request("openai-chat", true), { headers, body: "event: error\ndata: overloaded\n\n" });
    assert.equal(known.outcome, "stream_error");
  });

  it("takes gRPC's status for the outcome", () => {
    const asked: Headers = [
      [":method", "POST"],
      [":path", "/inference.GRPCInferenceService/ModelInfer"],
      ["content-type", "application/grpc"],
    ];
    const answered = (status: string): Headers => [
      [":status", "200"],
      ["content-type", "application/grpc"],
      ["grpc-status", status],
    ];
    assert.equal(driver.call({ headers: asked }, { headers: answered("8") }).outcome, "error");
    assert.equal(driver.call({ headers: asked }, { headers: answered("0") }).outcome, "ok");
  });

  it("rounds Cohere's fractions up", () => {
    const headers: Headers = [
      [":status", "200"],
      ["content-type", "application/json"],
    ];
    const body = '{"usage":{"billed_units":{"input_tokens":4.2,"output_tokens":5.0}}}';
    const known = driver.call(request("cohere-chat", false), { headers, body });
    assert.deepEqual([known.input, known.output, known.usageStatus], [5, 5, "complete"]);
  });
});

describe("what is known when", () => {
  it("knows the model of a JSON answer before its end, and its use at the last bracket", () => {
    const made = sample("openai-chat", base);
    const body = Buffer.from(bodyOf(made)).toString();
    driver.begin();
    driver.request(request("openai-chat", false));
    driver.openResponse(headersOf(made));
    assert.ok(!driver.isResponseKnown(ResponseFact.Model));
    const at = body.indexOf("answered-1") + 11;
    driver.feedResponse(body.slice(0, at));
    assert.ok(driver.isResponseKnown(ResponseFact.Model));
    assert.ok(!driver.isResponseKnown(ResponseFact.Usage));
    assert.equal(driver.known().responseModel, "answered-1");
    driver.feedResponse(body.slice(at));
    assert.ok(driver.isResponseKnown(ResponseFact.Usage));
    assert.equal(driver.known().input, 1000);
  });

  it("sees the first token as it comes", () => {
    for (const api of [
      "openai-chat",
      "openai-responses",
      "anthropic-messages",
      "cohere-chat",
      "ollama-chat",
    ] as const) {
      const made = sample(api, { ...base, stream: true });
      driver.begin();
      driver.request(request(api, true));
      driver.openResponse(headersOf(made));
      let first = -1;
      made.chunks.forEach((chunk, index) => {
        driver.feedResponse(chunk);
        if (first < 0 && driver.known().hasFirstToken) first = index;
      });
      const expected = made.chunks.findIndex((chunk) => Buffer.from(chunk).includes("Hello"));
      assert.equal(first, expected, api);
    }
  });
});

describe("any cut", () => {
  for (const row of rows) {
    it(`answers the same wherever ${row.name} is cut`, () => {
      const made = sample(row.api, row.options);
      const body = bodyOf(made);
      const asked = request(row.api, row.options.stream ?? false);
      const message = { headers: headersOf(made), body };
      const whole = driver.call(asked, message);
      for (let at = 0; at <= body.length; at++) {
        assert.deepEqual(driver.call(asked, message, undefined, [at]), whole, `cut at ${at}`);
      }
      const bytes = Array.from(body, () => 1);
      assert.deepEqual(driver.call(asked, message, undefined, bytes), whole, "byte by byte");
    });
  }

  it("survives whatever comes, and answers the same at any cut", () => {
    const made = rows.map((row) => ({ row, made: sample(row.api, row.options) }));
    fuzz("answers", (random: Random) => {
      const one = random.pick(made);
      const other = random.pick(made);
      const body = random.mutate(Buffer.from(bodyOf(one.made)), '{}[]",:\n\rdata');
      const asked = request(random.chance(0.8) ? one.row.api : other.row.api, one.row.options.stream ?? false);
      const message = { headers: headersOf(one.made, random.chance(0.9) ? "200" : "500"), body };
      const whole = driver.call(asked, message);
      assert.deepEqual(driver.call(asked, message, undefined, random.chunks(body.length)), whole);
    });
  });

  it("needs no more memory after many calls", () => {
    const made = rows.map((row) => ({ row, answer: sample(row.api, row.options) }));
    const calls = (): void => {
      for (const { row, answer } of made) {
        const message = { headers: headersOf(answer), body: bodyOf(answer) };
        for (let i = 0; i < 20; i++) driver.call(request(row.api, row.options.stream ?? false), message);
      }
    };
    calls();
    const before = driver.memoryBytes;
    for (let i = 0; i < 5; i++) calls();
    assert.equal(driver.memoryBytes, before);
  });
});

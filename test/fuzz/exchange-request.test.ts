// What the exchange makes of requests: every kind of path, host and body, at any cut.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { ExchangeDriver, RequestFact, type Headers, type Known } from "./exchange-driver.ts";
import { Random, fuzz } from "./random.ts";

const JSON_TYPE = ["content-type", "application/json"] as const;

function post(path: string, ...more: Headers): Headers {
  return [[":method", "POST"], [":path", path], [":authority", "gateway.example"], JSON_TYPE, ...more];
}

let driver: ExchangeDriver;
before(async () => {
  driver = await ExchangeDriver.load();
});
beforeEach(() => {
  driver.configure({});
});

function paths(path: string, body: object | string = { model: "m" }, ...more: Headers): Known {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return driver.call({ headers: post(path, ...more), body: text });
}

function pick<K extends keyof Known>(known: Known, ...keys: K[]): Pick<Known, K> {
  return Object.fromEntries(keys.map((key) => [key, known[key]])) as Pick<Known, K>;
}

describe("paths", () => {
  const table: [path: string, api: string, requestType: string][] = [
    ["/v1/chat/completions", "openai-chat", "chat"],
    ["/openai/v1/chat/completions?api-version=1", "openai-chat", "chat"],
    ["/llm/team-a/v1/chat/completions/", "openai-chat", "chat"],
    ["/chat/completions", "openai-chat", "chat"],
    ["/v1/fim/completions", "openai-completions", "completion"],
    ["/v1/completions", "openai-completions", "completion"],
    ["/completions", "openai-completions", "completion"],
    ["/beta/completions", "openai-completions", "completion"],
    ["/v1/responses", "openai-responses", "chat"],
    ["/openai/responses", "openai-responses", "chat"],
    ["/v1/embeddings", "openai-embeddings", "embedding"],
    ["/v1beta/openai/embeddings", "openai-embeddings", "embedding"],
    ["/v1/moderations", "openai-moderations", "moderation"],
    ["/v1/images/generations", "openai-images", "image"],
    ["/v1/images/edits", "openai-images", "image"],
    ["/v1/audio/speech", "openai-audio", "audio"],
    ["/v1/audio/transcriptions", "openai-audio", "audio"],
    ["/v1/batches", "openai-batches", "batch"],
    ["/v1/messages", "anthropic-messages", "chat"],
    ["/anthropic/v1/messages", "anthropic-messages", "chat"],
    ["/v1/messages/batches", "anthropic-messages", "batch"],
    ["/v2/chat", "cohere-chat", "chat"],
    ["/v1/chat", "cohere-chat", "chat"],
    ["/v2/rerank", "cohere-rerank", "rerank"],
    ["/rerank", "cohere-rerank", "rerank"],
    ["/v2/embed", "cohere-embed", "embedding"],
    ["/api/chat", "ollama", "chat"],
    ["/api/generate", "ollama", "completion"],
    ["/api/embed", "ollama", "embedding"],
    ["/api/v1/services/aigc/text-generation/generation", "dashscope", "chat"],
    ["/compatible-mode/v1/chat/completions", "openai-chat", "chat"],
    ["/mcp", "mcp", "tool"],
    ["/servers/github/mcp", "mcp", "tool"],
    ["/a2a", "a2a", "tool"],
  ];
  for (const [path, api, requestType] of table) {
    it(`knows ${path}`, () => {
      const known = paths(path);
      assert.equal(known.isCall, 1);
      assert.deepEqual(pick(known, "api", "requestType"), { api, requestType });
      if (requestType !== "tool" && requestType !== "batch") assert.equal(known.requestModel, "m");
    });
  }

  const disguised = [
    "/v1/chat%2Fcompletions",
    "/v1/%63hat/completions",
    "/v1//chat///completions",
    "//v1/chat/completions",
    "/v1/./chat/completions",
    "/v1/chat/x/../completions",
    "/v1/chat/%2e%2e/chat/completions",
    "/V1/Chat/Completions",
    "/v1/chat/completions;jsessionid=1",
    "/v1;a=b/chat;c/completions",
    "/v1/chat\\completions",
    "/v1/chat%5ccompletions",
    "/v1/chat/completions/?a=/v1/files",
    "/v1/chat/completions#x",
    "/../../v1/chat/completions",
    "/v1/chat/completions/.",
    "/v1/files/..;/chat/completions",
  ];
  for (const path of disguised) {
    it(`sees through ${path}`, () => assert.equal(paths(path).api, "openai-chat"));
  }

  const others = [
    "/",
    "/v1/models",
    "/v1/files",
    "/v1/fine_tuning/jobs",
    "/v1/chat/completions/chatcmpl-123",
    "/v1/responses/resp_1/cancel",
    "/v1/threads/t/messages",
    "/v1/chat/completionsx",
    "/xchat/completions",
    "/survey/responses",
    "/responses",
    "/foo/completions",
    "/api/pull",
    "/v1/chat%252Fcompletions",
    "/search?q=/v1/chat/completions",
    "/v1beta/models",
    "/v1beta/models/gemini:unknownOperation",
    "/v1/models/resnet:predict",
    "/model/",
    "/model/x/other",
    "/%",
    "/%2",
    "/..",
  ];
  for (const path of others) {
    it(`leaves ${path} alone`, () => {
      const known = paths(path);
      assert.equal(known.isCall, 0);
      assert.equal(known.api, undefined);
      assert.equal(known.requestModel, undefined);
    });
  }

  it("takes no GET, HEAD or DELETE for a call", () => {
    for (const method of ["GET", "HEAD", "DELETE", "OPTIONS"]) {
      const headers = post("/v1/chat/completions").map(([name, value]) => [name, name === ":method" ? method : value]);
      assert.equal(driver.call({ headers: headers as unknown as Headers }).isCall, 0, method);
    }
  });

  it("survives a missing path and a missing method", () => {
    assert.equal(driver.call({ headers: [[":method", "POST"]] }).isCall, 0);
    assert.equal(driver.call({ headers: [[":path", "/v1/chat/completions"]] }).isCall, 0);
    assert.equal(driver.call({ headers: [] }).isCall, 0);
  });
});

describe("models in paths", () => {
  const table: [path: string, api: string, model: string, provider: string | undefined, isStream: number][] = [
    ["/openai/deployments/my-gpt4/chat/completions?api-version=2024", "openai-chat", "my-gpt4", "azure.ai.openai", 0],
    ["/openai/deployments/my%2Dada/embeddings", "openai-embeddings", "my-ada", "azure.ai.openai", 0],
    ["/openai/deployments/old/completions", "openai-completions", "old", "azure.ai.openai", 0],
    ["/v1beta/models/gemini-2.5-pro:generateContent", "gemini", "gemini-2.5-pro", "gcp.gemini", 0],
    ["/v1beta/models/gemini-2.5-pro%3AgenerateContent", "gemini", "gemini-2.5-pro", "gcp.gemini", 0],
    ["/v1/models/gemini:streamGenerateContent?alt=sse", "gemini", "gemini", "gcp.gemini", 1],
    ["/v1beta/models/text-embedding-004:embedContent", "gemini", "text-embedding-004", "gcp.gemini", 0],
    ["/v1beta/tunedModels/mine-1:generateContent", "gemini", "mine-1", "gcp.gemini", 0],
    [
      "/v1/projects/p/locations/us/publishers/google/models/gemini-2.0-flash:streamGenerateContent",
      "gemini",
      "gemini-2.0-flash",
      "gcp.vertex_ai",
      1,
    ],
    [
      "/v1/projects/p/locations/us/publishers/anthropic/models/claude-sonnet-4@20250514:streamRawPredict",
      "anthropic-messages",
      "claude-sonnet-4@20250514",
      "gcp.vertex_ai",
      1,
    ],
    [
      "/v1/projects/p/locations/us/publishers/mistralai/models/mistral-large:rawPredict",
      "openai-chat",
      "mistral-large",
      "gcp.vertex_ai",
      0,
    ],
    ["/model/anthropic.claude-3%3A0/converse", "bedrock-converse", "anthropic.claude-3:0", "aws.bedrock", 0],
    [
      "/model/us.amazon.nova-lite-v1:0/converse-stream",
      "bedrock-converse",
      "us.amazon.nova-lite-v1:0",
      "aws.bedrock",
      1,
    ],
    ["/model/meta.llama3/invoke", "bedrock-invoke", "meta.llama3", "aws.bedrock", 0],
    ["/model/meta.llama3/invoke-with-response-stream", "bedrock-invoke", "meta.llama3", "aws.bedrock", 1],
    [
      "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude/converse",
      "bedrock-converse",
      "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude",
      "aws.bedrock",
      0,
    ],
  ];
  for (const [path, api, requestModel, provider, isStream] of table) {
    it(`reads ${path}`, () => {
      const known = paths(path, { model: "ignored", contents: [] });
      assert.deepEqual(pick(known, "api", "requestModel", "modelSource", "provider", "isStream"), {
        api,
        requestModel,
        modelSource: "path",
        provider,
        isStream,
      });
      assert.equal(known.modelProblem, "none");
    });
  }

  it("is known before the body", () => {
    driver.begin();
    driver.openRequest(post("/v1beta/models/g:generateContent"));
    assert.ok(driver.isRequestKnown(RequestFact.Model | RequestFact.Stream));
    assert.equal(driver.known().requestModel, "g");
    assert.equal(driver.known().wantsRequestBody, 1);
  });

  it("does not take bytes that no header may have", () => {
    assert.equal(paths("/v1beta/models/a%0d%0ax-evil%3a1:generateContent").requestModel, undefined);
    assert.equal(paths("/v1beta/models/a%ff:generateContent").modelProblem, "control-characters");
    assert.equal(paths(`/v1beta/models/${"a".repeat(257)}:generateContent`).modelProblem, "too-long");
  });

  it("counts tokens for free", () => {
    for (const path of ["/v1beta/models/g:countTokens", "/v1/messages/count_tokens", "/model/m/count-tokens"]) {
      assert.equal(paths(path).isFree, 1, path);
    }
  });
});

describe("providers", () => {
  const hosts: [host: string, provider: string | undefined][] = [
    ["api.openai.com", "openai"],
    ["API.OpenAI.com:443", "openai"],
    ["mine.openai.azure.com", "azure.ai.openai"],
    ["api.anthropic.com", "anthropic"],
    ["generativelanguage.googleapis.com", "gcp.gemini"],
    ["us-central1-aiplatform.googleapis.com", "gcp.vertex_ai"],
    ["aiplatform.googleapis.com", "gcp.vertex_ai"],
    ["bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"],
    ["bedrock-runtime-fips.us-east-1.amazonaws.com", "aws.bedrock"],
    ["vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "aws.bedrock"],
    ["api.cohere.com", "cohere"],
    ["api.groq.com", "groq"],
    ["api.x.ai", "x_ai"],
    ["api.deepseek.com", "deepseek"],
    ["api.mistral.ai", "mistral_ai"],
    ["api.perplexity.ai", "perplexity"],
    ["dashscope.aliyuncs.com", "dashscope"],
    ["openrouter.ai", "openrouter"],
    ["evil-api.openai.com.example", undefined],
    ["notapi.x.ai.example", undefined],
    ["xapi.x.ai", undefined],
    ["gateway.local", undefined],
    ["", undefined],
    ["[::1]:80", undefined],
  ];
  for (const [host, provider] of hosts) {
    it(`knows ${host || "no host"} as ${provider}`, () => {
      const headers = post("/v1/chat/completions").map(([n, v]) => [n, n === ":authority" ? host : v] as const);
      assert.equal(driver.call({ headers, body: "{}" }).provider, provider);
    });
  }

  it("falls back on the API where that names one", () => {
    assert.equal(paths("/v1/messages").provider, "anthropic");
    assert.equal(paths("/v2/chat").provider, "cohere");
    assert.equal(paths("/api/chat").provider, "ollama");
    assert.equal(paths("/v1/chat/completions").provider, undefined);
  });
});

describe("sessions, gRPC and tools", () => {
  const upgrade = (path: string): Headers => [
    [":method", "GET"],
    [":path", path],
    [":authority", "api.openai.com"],
    ["upgrade", "websocket"],
  ];
  it("does not count realtime sessions", () => {
    const known = driver.call({ headers: upgrade("/v1/realtime?model=gpt%2Drealtime&x=1") });
    assert.deepEqual(pick(known, "isCall", "api", "requestModel", "isUncounted", "wantsRequestBody"), {
      isCall: 1,
      api: "openai-realtime",
      requestModel: "gpt-realtime",
      isUncounted: 1,
      wantsRequestBody: 0,
    });
    assert.equal(driver.call({ headers: upgrade("/openai/realtime?deployment=d") }).requestModel, "d");
    assert.equal(driver.call({ headers: upgrade("/chat") }).isCall, 0);
    assert.equal(driver.call({ headers: upgrade("/feed/realtime") }).isCall, 0);
  });

  it("keeps a POST with an upgrade a call, and does not read its body", () => {
    const known = paths("/v1/chat/completions", { model: "m" }, ["upgrade", "websocket"]);
    assert.deepEqual(pick(known, "isCall", "isUncounted", "wantsRequestBody"), {
      isCall: 1,
      isUncounted: 0,
      wantsRequestBody: 0,
    });
  });

  const grpc = (path: string, type = "application/grpc"): Headers => [
    [":method", "POST"],
    [":path", path],
    [":authority", "h"],
    ["content-type", type],
    ["te", "trailers"],
  ];
  it("takes service and method of a model service for its model", () => {
    const known = driver.call({
      headers: grpc("/inference.GRPCInferenceService/ModelInfer", "application/grpc+proto"),
    });
    assert.deepEqual(pick(known, "api", "requestModel", "modelSource", "wantsRequestBody"), {
      api: "grpc",
      requestModel: "inference.GRPCInferenceService/ModelInfer",
      modelSource: "grpc",
      wantsRequestBody: 0,
    });
    assert.equal(driver.call({ headers: grpc("/my.Service/Method") }).isCall, 0);
  });

  it("knows an MCP client by what it accepts, or by its header", () => {
    assert.equal(paths("/", {}, ["accept", "application/json, text/event-stream"]).api, "mcp");
    assert.equal(paths("/x", {}, ["mcp-session-id", "1"]).api, "mcp");
    assert.equal(paths("/x", {}, ["accept", "application/json"]).isCall, 0);
  });

  it("misses no model in calls of tools", () => {
    const known = paths("/mcp", { jsonrpc: "2.0", method: "tools/call" });
    assert.deepEqual(pick(known, "requestModel", "modelProblem", "wantsRequestBody"), {
      requestModel: undefined,
      modelProblem: "none",
      wantsRequestBody: 0,
    });
  });

  it("does not count batches and background answers", () => {
    assert.equal(paths("/v1/batches").isUncounted, 1);
    assert.equal(paths("/v1/responses", { model: "m", background: true }).isUncounted, 1);
    assert.equal(paths("/v1/responses", { model: "m", background: false }).isUncounted, 0);
    assert.equal(paths("/v1beta/models/g:batchGenerateContent").requestType, "batch");
  });
});

describe("configuration", () => {
  it("teaches private paths", () => {
    assert.equal(driver.configure({ classify: [{ paths: ["/internal/llm/*"], api: "openai-chat" }] }), 0);
    const known = paths("/internal/llm/anything/at/all?x=1");
    assert.deepEqual(pick(known, "isCall", "api", "requestType", "requestModel"), {
      isCall: 1,
      api: "openai-chat",
      requestType: "chat",
      requestModel: "m",
    });
    assert.equal(paths("/internal//llm/x").isCall, 1);
    assert.equal(paths("/internal/other").isCall, 0);
  });

  it("lets a private rule win over what is built in, and keeps the model of the path", () => {
    driver.configure({
      classify: [
        { paths: ["/v1/*"], requestType: "completion" },
        { paths: ["*:ask"], api: "gemini" },
      ],
    });
    assert.equal(paths("/v1/chat/completions").requestType, "completion");
    assert.equal(paths("/v1beta/models/g:generateContent").requestType, "chat");
  });

  it("refuses what it does not know", () => {
    assert.equal(driver.configure({ classify: [{ paths: [], api: "x", requestType: 1 }, {}] }), 4);
  });

  it("applies aliases and keeps what was written", () => {
    driver.configure({ aliases: [{ match: "gpt-4o-2024-*", model: "gpt-4o" }] });
    const known = paths("/v1/chat/completions", { model: "gpt-4o-2024-08-06" });
    assert.deepEqual(pick(known, "requestModel", "rawModel"), {
      requestModel: "gpt-4o",
      rawModel: "gpt-4o-2024-08-06",
    });
  });
});

describe("forms", () => {
  const PATH = "/v1/audio/transcriptions";
  type Part = [name: string, value: string, file?: boolean];
  const form = (parts: Part[], end = true): string =>
    parts
      .map(([name, value, file]) => {
        const more = file ? '; filename="a.mp3"\r\nContent-Type: audio/mpeg' : "";
        return `--XX\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
      })
      .join("") + (end ? "--XX--\r\n" : "");
  const headers = post(PATH).map(
    ([n, v]) => [n, n === "content-type" ? 'multipart/form-data; boundary="XX"' : v] as const,
  );
  const read = (body: string, cuts?: number[]): Known => driver.call({ headers, body }, undefined, cuts);

  const bodies: [name: string, parts: Part[], model: string | undefined, problem: string][] = [
    [
      "a model in front",
      [
        ["model", "whisper-1"],
        ["file", "\xff\xfb", true],
      ],
      "whisper-1",
      "none",
    ],
    [
      "a model behind the file",
      [
        ["file", "--X\r\n--", true],
        ["stream", "true"],
        ["model", "m"],
      ],
      "m",
      "none",
    ],
    ["no model", [["file", "x", true]], undefined, "missing"],
    [
      "two different models",
      [
        ["model", "a"],
        ["model", "b"],
      ],
      "b",
      "two-different",
    ],
    ["a file as the model", [["model", "a", true]], undefined, "not-a-string"],
    ["a model too long", [["model", "a".repeat(300)]], undefined, "too-long"],
    ["an empty model", [["model", ""]], undefined, "empty"],
    ["control characters", [["model", "a\tb"]], undefined, "control-characters"],
  ];
  for (const [name, parts, model, problem] of bodies) {
    it(`answers for ${name}, at any cut`, () => {
      const body = form(parts);
      const known = read(body);
      assert.equal(known.requestModel, model);
      assert.equal(known.modelProblem, problem);
      assert.equal(known.modelSource, model === undefined ? "none" : "multipart");
      for (let at = 0; at < body.length; at++) assert.deepEqual(read(body, [at]), known, `cut at ${at}`);
    });
  }

  it("reads whether a stream is asked for", () => {
    assert.equal(read(form([["stream", "true"]])).isStream, 1);
    assert.equal(read(form([["stream", "false"]])).isStream, 0);
    assert.equal(read(form([["n", "3"]])).choices, 3);
  });

  it("says that a form is none", () => {
    assert.equal(read("hello").modelProblem, "invalid-body");
    assert.equal(read(form([["file", "x", true]], false)).modelProblem, "invalid-body");
    const bare = headers.map(([n, v]) => [n, n === "content-type" ? "multipart/form-data" : v] as const);
    assert.equal(driver.call({ headers: bare, body: form([["model", "m"]]) }).modelProblem, "invalid-body");
  });
});

describe("JSON bodies", () => {
  const CHAT = "/v1/chat/completions";
  const bodies: [name: string, body: string, model: string | undefined, problem: string][] = [
    ["a model in front", '{"model":"gpt-4o","messages":[]}', "gpt-4o", "none"],
    ["a model at the end", '{"messages":[{"content":"x"}],"model":"gpt-4o"}', "gpt-4o", "none"],
    ["a model inside a message only", '{"messages":[{"model":"evil"}],"a":{"model":"evil"}}', undefined, "missing"],
    ["an escaped key", '{"\\u006dodel":"m"}', "m", "none"],
    ["an escaped value", '{"model":"gpt\\u002d4o"}', "gpt-4o", "none"],
    ["two equal models", '{"model":"a","model":"a"}', "a", "none"],
    ["two different models", '{"model":"a","model":"b"}', "b", "two-different"],
    ["two models of different types", '{"model":1,"model":"b"}', "b", "two-different"],
    ["a number", '{"model":1}', undefined, "not-a-string"],
    ["null", '{"model":null}', undefined, "not-a-string"],
    ["an object", '{"model":{"model":"x"}}', undefined, "not-a-string"],
    ["an array", '{"model":["x"]}', undefined, "not-a-string"],
    ["true", '{"model":true}', undefined, "not-a-string"],
    ["nothing in it", '{"model":""}', undefined, "empty"],
    ["256 bytes", `{"model":"${"m".repeat(256)}"}`, "m".repeat(256), "none"],
    ["257 bytes", `{"model":"${"m".repeat(257)}"}`, undefined, "too-long"],
    ["10 KB", `{"model":"${"m".repeat(10240)}"}`, undefined, "too-long"],
    ["an escaped control character", '{"model":"a\\nb"}', undefined, "control-characters"],
    ["an escaped zero", '{"model":"a\\u0000"}', undefined, "control-characters"],
    ["a raw control character", '{"model":"a\nb"}', undefined, "invalid-body"],
    ["other scripts", '{"model":"modèle-中"}', "modèle-中", "none"],
    ["no model", '{"messages":[]}', undefined, "missing"],
    ["an empty object", "{}", undefined, "missing"],
    ["an array at the root", '[{"model":"x"}]', undefined, "missing"],
    ["a string at the root", '"model"', undefined, "missing"],
    ["nothing", "", undefined, "invalid-body"],
    ["no JSON", "hello", undefined, "invalid-body"],
    ["a cut before the model", '{"messages":[', undefined, "invalid-body"],
    ["a cut inside the model", '{"model":"gpt-', undefined, "invalid-body"],
    ["a cut behind the model", '{"model":"gpt-4o","messages":[', "gpt-4o", "invalid-body"],
    ["a fault behind the model", '{"model":"gpt-4o",}', "gpt-4o", "invalid-body"],
    ["more behind the end", '{"model":"gpt-4o"}x', "gpt-4o", "invalid-body"],
    ["deep nesting", `{"a":${"[".repeat(10000)}${"]".repeat(10000)},"model":"m"}`, "m", "none"],
    ["a byte order mark", '\ufeff{"model":"m"}', "m", "none"],
  ];
  for (const [name, body, model, problem] of bodies) {
    it(`answers for ${name}`, () => {
      const known = paths(CHAT, body);
      assert.equal(known.requestModel, model);
      assert.equal(known.modelProblem, problem);
      assert.equal(known.modelSource, model === undefined ? "none" : "json");
      assert.equal(known.isCall, 1);
    });
  }

  it("refuses invalid UTF-8", () => {
    const body = Buffer.concat([Buffer.from('{"model":"a'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    const known = driver.call({ headers: post(CHAT), body });
    assert.deepEqual(pick(known, "requestModel", "modelProblem"), {
      requestModel: undefined,
      modelProblem: "control-characters",
    });
  });

  it("does not read what is no JSON by its content type, or compressed", () => {
    const unread = (type: string, ...more: Headers): Known => {
      const headers = post(CHAT).map(([n, v]) => [n, n === "content-type" ? type : v] as const);
      return driver.call({ headers: [...headers, ...more], body: '{"model":"m"}' });
    };
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "jsonx"]) {
      const known = unread(type);
      assert.deepEqual(pick(known, "wantsRequestBody", "requestModel", "modelProblem"), {
        wantsRequestBody: 0,
        requestModel: undefined,
        modelProblem: "content-type",
      });
    }
    assert.equal(unread("application/json", ["content-encoding", "gzip"]).modelProblem, "compressed");
    assert.equal(unread("application/json", ["content-encoding", "identity"]).requestModel, "m");
    for (const type of ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.x+json", "text/json"]) {
      assert.equal(unread(type).requestModel, "m", type);
    }
  });

  it("reads what else a body asks for", () => {
    const body = {
      messages: [{ role: "user", content: "hello" }],
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 100,
      n: 3,
      service_tier: "flex",
      model: "m",
    };
    const text = JSON.stringify(body);
    const known = paths(CHAT, body);
    assert.equal(known.isStream, 1);
    assert.equal(known.includesUsage, 1);
    assert.equal(known.maxOutputTokens, 100);
    assert.equal(known.choices, 3);
    assert.equal(known.serviceTier, "flex");
    assert.equal(text.slice(known.modelStart, known.modelEnd), '"m"');
    assert.equal(text.slice(known.streamOptionsStart, known.streamOptionsEnd), '{"include_usage":true}');
    assert.equal(known.bodyOpen, 0);
    assert.equal(known.bodyClose, text.length - 1);
    assert.equal(known.modelCount, 1);
  });

  const bounds: [path: string, body: object][] = [
    [CHAT, { max_tokens: 7 }],
    ["/v1/responses", { max_output_tokens: 7 }],
    ["/v1/messages", { max_tokens: 7 }],
    ["/v1beta/models/g:generateContent", { generationConfig: { maxOutputTokens: 7 } }],
    ["/model/m/converse", { inferenceConfig: { maxTokens: 7 } }],
    ["/api/chat", { options: { num_predict: 7 } }],
    ["/v2/chat", { max_tokens: 7.0 }],
    ["/api/v1/services/aigc/text-generation/generation", { parameters: { max_tokens: 7 } }],
  ];
  for (const [path, body] of bounds) {
    it(`finds the bound on the output of ${path}`, () => assert.equal(paths(path, body).maxOutputTokens, 7));
  }

  it("takes no odd bound", () => {
    for (const bound of [-1, 1.5, "7", null, [7]]) assert.equal(paths(CHAT, { max_tokens: bound }).maxOutputTokens, -1);
  });

  it("streams by default with Ollama only", () => {
    assert.equal(paths("/api/chat", { model: "m" }).isStream, 1);
    assert.equal(paths("/api/chat", { model: "m", stream: false }).isStream, 0);
    assert.equal(paths("/api/embed", { model: "m" }).isStream, 0);
    assert.equal(paths(CHAT, { model: "m" }).isStream, 0);
    assert.equal(
      paths("/api/v1/services/aigc/text-generation/generation", {}, ["x-dashscope-sse", "enable"]).isStream,
      1,
    );
  });

  it("knows the model as soon as it came by, and the stream at the end at the latest", () => {
    driver.begin();
    driver.openRequest(post(CHAT));
    assert.ok(!driver.isRequestKnown(RequestFact.Model));
    driver.feedRequest('{"model":"gpt');
    assert.ok(!driver.isRequestKnown(RequestFact.Model));
    driver.feedRequest('-4o"');
    assert.ok(driver.isRequestKnown(RequestFact.Model));
    assert.equal(driver.known().requestModel, "gpt-4o");
    assert.ok(!driver.isRequestKnown(RequestFact.Stream));
    driver.feedRequest("}");
    assert.ok(driver.isRequestKnown(RequestFact.Stream | RequestFact.WholeBody));
  });

  it("says that the model came too late", () => {
    driver.begin();
    driver.openRequest(post(CHAT));
    driver.feedRequest('{"messages":["');
    driver.limitReached();
    assert.equal(driver.known().modelSource, "limit");
    driver.feedRequest('"],"model":"late"}');
    driver.endRequest();
    assert.deepEqual(pick(driver.known(), "modelSource", "requestModel"), {
      modelSource: "limit",
      requestModel: "late",
    });
  });

  it("answers the same wherever the body is cut", () => {
    for (const [, body] of bodies) {
      if (body.length > 400) continue;
      const bytes = Buffer.from(body);
      const whole = paths(CHAT, body);
      for (let at = 0; at <= bytes.length; at++) {
        const known = driver.call({ headers: post(CHAT), body: bytes }, undefined, [at]);
        assert.deepEqual(known, whole, `${body} cut at ${at}`);
      }
    }
  });

  it("survives whatever comes", () => {
    const seeds = bodies.filter(([, body]) => body.length < 400).map(([, body]) => Buffer.from(body));
    fuzz("request bodies", (random: Random) => {
      const body = random.mutate(random.pick(seeds), '{}[]",:\\model');
      const path = random.mutate(
        Buffer.from(random.pick(["/v1/chat/completions", "/v1beta/models/g:generateContent"])),
      );
      const headers = post(path.toString("latin1"));
      const whole = driver.call({ headers, body });
      const cut = driver.call({ headers, body }, undefined, random.chunks(body.length));
      assert.deepEqual(cut, whole);
    });
  });
});

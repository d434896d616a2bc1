import { Classification } from "../../../runtime/ai/classify";
import { RequestHead } from "../../../runtime/ai/head";
import { ClassifyRules } from "../../../runtime/ai/rules";
import { Verdict, Verdicts } from "../../../runtime/ai/verdicts";
import { Bytes } from "../../../runtime/bytes/bytes";
import { ConfigErrors } from "../../../runtime/config/errors";
import { readConfig } from "../../../runtime/config/reader";
import { PairWriter } from "../../../runtime/host/pairs";

const writer = new PairWriter();
const PATHS = [
  "/v1/chat/completions",
  "/v1/chat/completionz",
  "/v1/chat/completions?api-version=1",
  "/v1/chat/completions?api-version=2",
  "/v1/%63hat/completions",
  "/v1beta/models/gemini-2.5-flash:generateContent",
  "/v1beta/models/gemini-2.0-flash:generateContent",
  "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
  "/v1beta//models/gemini-2.5-flash:streamGenerateContent",
  "/v1beta/models/gemini%2D2.5:countTokens",
  "/v1/projects/p/locations/l/publishers/anthropic/models/claude:rawPredict",
  "/model/us.anthropic.claude/converse-stream",
  "/model/amazon.titan-embed/invoke",
  "/openai/deployments/gpt-4o/chat/completions?api-version=1",
  "/openai/deployments/gpt-4o/embeddings",
  "/api/v1/services/aigc/text-generation/generation",
  "/v1/messages/batches",
  "/v1/messages/count_tokens",
  "/v1/realtime?model=gpt-realtime",
  "/inference.GRPCInferenceService/ModelInfer",
  "/shop.Cart/Add",
  "/mcp",
  "/a2a",
  "/tools",
  "/private/llm",
  "/private/other",
  "/",
  "",
];
const METHODS = ["POST", "POST", "POST", "POST", "PUT", "PATCH", "GET", "OST"];
const HOSTS = ["gateway.test", "api.openai.com", "api.groq.com:443", "eu-aiplatform.googleapis.com", ""];
const TYPES = ["application/json", "application/json; charset=utf-8", "application/grpc", "text/plain", ""];
const ACCEPTS = ["", "application/json", "application/json, text/event-stream", "text/event-stream"];
const MORE = ["upgrade", "mcp-session-id", "a2a-version", "x-dashscope-sse", "x-dashscope-sse", "x-dashscope-async"];
const MORE_VALUES = ["websocket", "1", "1", "enable", "disable", "enable"];

let seed: u32 = 1;

function below(count: i32): i32 {
  seed = seed * 1664525 + 1013904223;
  return <i32>((seed >> 8) % <u32>count);
}

function headOf(texts: string[]): RequestHead {
  writer.clear();
  for (let i = 0; i < texts.length; i += 2) {
    if (texts[i + 1] != "") writer.add(Bytes.constant(texts[i]), Bytes.constant(texts[i + 1]));
  }
  const head = new RequestHead();
  head.open(writer.finish().persist());
  return head;
}

function post(path: string, host: string = "h", type: string = "application/json", accept: string = ""): RequestHead {
  return headOf(
    [":method", "POST", ":path", path, ":authority", host].concat(["content-type", type, "accept", accept]),
  );
}

function randomHead(): RequestHead {
  const texts = [":method", METHODS[below(METHODS.length)], ":path", PATHS[below(PATHS.length)]];
  texts.push(":authority");
  texts.push(HOSTS[below(HOSTS.length)]);
  texts.push("content-type");
  texts.push(TYPES[below(TYPES.length)]);
  texts.push("accept");
  texts.push(ACCEPTS[below(ACCEPTS.length)]);
  if (below(4) == 0) {
    const i = below(MORE.length);
    texts.push(MORE[i]);
    texts.push(MORE_VALUES[i]);
  }
  return headOf(texts);
}

function rulesOf(text: string): ClassifyRules {
  const bytes = Bytes.constant(text);
  return new ClassifyRules(readConfig(new ConfigErrors("test"), bytes.ptr, bytes.length));
}

/** All that a verdict says: of what is no call, only that. */
function told(verdict: Classification): string {
  if (!verdict.isCall) return "no call";
  const flags = [verdict.isUncounted, verdict.isFree, verdict.readsBody, verdict.isStreamByPath, verdict.isStream];
  let text = "";
  for (let i = 0; i < flags.length; i++) text += flags[i] ? "1" : "0";
  const kinds: i32[] = [verdict.api, verdict.provider, verdict.requestType, verdict.modelSource];
  for (let i = 0; i < kinds.length; i++) text += " " + kinds[i].toString();
  return text + " " + (verdict.model.isPresent ? verdict.model.toText() : "<absent>");
}

function fresh(head: RequestHead, rules: ClassifyRules | null): string {
  const verdict = new Classification();
  verdict.read(head, rules);
  return told(verdict);
}

const any = new Verdict();

function keep(verdicts: Verdicts, path: string, isCall: bool): void {
  const head = post(path);
  any.isCall = isCall;
  verdicts.add(head, verdicts.markOf(head, null), any, Bytes.absent(), head.path);
}

function has(verdicts: Verdicts, head: RequestHead): bool {
  return verdicts.find(head, verdicts.markOf(head, null)) !== null;
}

describe("a verdict that was given before", () => {
  it("is the one that would be given now", () => {
    const rules: (ClassifyRules | null)[] = [
      null,
      rulesOf('{"classify":[]}'),
      rulesOf('{"classify":[{"paths":["/private/*"]}]}'),
      rulesOf('{"classify":[{"paths":["/private/*","/tools"],"api":"anthropic-messages"}]}'),
    ];
    const verdict = new Classification();
    let calls = 0;
    for (let i = 0; i < 4000; i++) {
      const head = randomHead();
      const rule = rules[below(rules.length)];
      const expected = fresh(head, rule);
      for (let k = 0; k < 2; k++) {
        verdict.read(head, rule);
        expect(told(verdict)).toBe(expected, head.path.toText());
      }
      if (verdict.isCall) calls++;
    }
    expect(calls).toBeGreaterThan(800);
  });

  it("names the model within the path at hand", () => {
    const verdict = new Classification();
    for (let i = 0; i < 3; i++) {
      const head = post("/v1beta/models/gemini-2.5-flash:generateContent");
      verdict.read(head, null);
      expect(verdict.model.toText()).toBe("gemini-2.5-flash");
      if (i > 0) expect(verdict.model.ptr).toBe(head.path.ptr + 15);
    }
  });

  it("counts for the rules that it was given with only", () => {
    const one = rulesOf('{"classify":[{"paths":["/private"],"api":"openai-chat"}]}');
    const other = rulesOf('{"classify":[{"paths":["/private"],"api":"anthropic-messages"}]}');
    const head = post("/private");
    const verdict = new Classification();
    for (let i = 0; i < 2; i++) {
      verdict.read(head, one);
      expect(told(verdict)).toBe(fresh(head, one));
      verdict.read(head, other);
      expect(told(verdict)).toBe(fresh(head, other));
      verdict.read(head, null);
      expect(verdict.isCall).toBe(false);
    }
    expect(one.number).not.toBe(other.number);
    expect(one.number).not.toBe(0);
    expect(rulesOf("{}").number).toBe(0);
  });
});

describe("the verdicts that are kept", () => {
  it("are found by every text", () => {
    const verdicts = new Verdicts();
    keep(verdicts, "/a/b", true);
    expect(has(verdicts, post("/a/b"))).toBe(true);
    expect(has(verdicts, post("/a/c"))).toBe(false);
    expect(has(verdicts, post("/a/bc"))).toBe(false);
    expect(has(verdicts, post("/a/b", "g"))).toBe(false);
    expect(has(verdicts, post("/a/b", "h", "application/jsom"))).toBe(false);
    expect(has(verdicts, post("/a/b", "h", "application/json", "a"))).toBe(false);
    expect(has(verdicts, post("/a/bh", "", "application/json"))).toBe(false);
  });

  it("are few: the oldest goes, but no call goes for what is none", () => {
    const verdicts = new Verdicts();
    for (let i = 0; i < 8; i++) keep(verdicts, "/call/" + i.toString(), true);
    for (let i = 0; i < 100; i++) keep(verdicts, "/other/" + i.toString(), false);
    for (let i = 0; i < 8; i++) expect(has(verdicts, post("/call/" + i.toString()))).toBe(true);
    expect(has(verdicts, post("/other/99"))).toBe(true);
    expect(has(verdicts, post("/other/91"))).toBe(false);
    keep(verdicts, "/call/8", true);
    expect(has(verdicts, post("/call/0"))).toBe(false);
    expect(has(verdicts, post("/call/1"))).toBe(true);
    expect(has(verdicts, post("/call/8"))).toBe(true);
  });

  it("have no more texts than fit", () => {
    const verdicts = new Verdicts();
    const most = post("/".padEnd(224 - "h".length - "application/json".length, "a"));
    const longer = post("/".padEnd(225 - "h".length - "application/json".length, "a"));
    expect(verdicts.markOf(most, null)).not.toBe(0);
    expect(verdicts.markOf(longer, null)).toBe(0);
    const long = new Classification();
    const path = "/".padEnd(400, "a") + "/v1/chat/completions";
    for (let i = 0; i < 2; i++) {
      long.read(post(path), null);
      expect(long.isCall).toBe(true);
      long.read(post("/".padEnd(400, "a") + "/v1/chat/completionz"), null);
      expect(long.isCall).toBe(false);
    }
  });

  it("do not name a model that the path spells in another way", () => {
    const verdicts = new Verdicts();
    const head = post("/model/a%62c/converse");
    const path = Bytes.constant("/model/abc/converse");
    any.isCall = true;
    verdicts.add(head, verdicts.markOf(head, null), any, path.slice(7, 10), path);
    expect(has(verdicts, head)).toBe(false);
  });
});

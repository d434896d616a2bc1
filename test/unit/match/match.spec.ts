import { Bytes } from "../../../runtime/bytes/bytes";
import { hostName, ipAddress } from "../../../runtime/match/address";
import { Aliases } from "../../../runtime/match/aliases";
import { Glob } from "../../../runtime/match/glob";
import { Match } from "../../../runtime/match/match";
import { FakeFacts, Setup } from "./fake";

function glob(pattern: string, text: string): bool {
  return new Glob(pattern).matches(Bytes.constant(text));
}

function match(json: string, facts: FakeFacts): bool {
  const setup = new Setup(json);
  const compiled = new Match(setup.root, setup.compilation);
  setup.root.finish();
  expect(setup.errors.text()).toBe("");
  return compiled.matches(facts);
}

function errorsOf(json: string): string {
  const setup = new Setup(json);
  new Match(setup.root, setup.compilation);
  setup.root.finish();
  return setup.errors.text();
}

describe("a glob", () => {
  it("without a star is the whole text", () => {
    expect(glob("gpt-4o", "gpt-4o")).toBe(true);
    expect(glob("gpt-4o", "gpt-4o-mini")).toBe(false);
    expect(glob("gpt-4o", "gpt-4O")).toBe(false);
    expect(glob("gpt-4o", "")).toBe(false);
  });

  it("may be open at the end", () => {
    expect(glob("/v1/*", "/v1/chat")).toBe(true);
    expect(glob("/v1/*", "/v1/")).toBe(true);
    expect(glob("/v1/*", "/v1")).toBe(false);
  });

  it("may be open at the start", () => {
    expect(glob("*.json", "a.json")).toBe(true);
    expect(glob("*.json", ".json")).toBe(true);
    expect(glob("*.json", "a.json5")).toBe(false);
  });

  it("may be open at both", () => {
    expect(glob("*mini*", "gpt-4o-mini-2024")).toBe(true);
    expect(glob("*mini*", "mini")).toBe(true);
    expect(glob("*mini*", "mimimi")).toBe(false);
    expect(glob("*", "")).toBe(true);
    expect(glob("**", "x")).toBe(true);
  });

  it("matches no absent value", () => {
    expect(new Glob("*").matches(Bytes.absent())).toBe(false);
  });

  it("ignores case only where told", () => {
    expect(new Glob("*.Example.COM", true).matches(Bytes.constant("API.example.com"))).toBe(true);
    expect(glob("*.Example.COM", "API.example.com")).toBe(false);
  });
});

describe("a host or an address", () => {
  it("is known without its port", () => {
    expect(hostName(Bytes.constant("a.example:443")).toText()).toBe("a.example");
    expect(hostName(Bytes.constant("a.example")).toText()).toBe("a.example");
    expect(hostName(Bytes.constant("a.example:")).toText()).toBe("a.example:");
    expect(hostName(Bytes.constant("[::1]:80")).toText()).toBe("[::1]");
    expect(hostName(Bytes.constant("::1")).toText()).toBe("::1");
    expect(hostName(Bytes.constant("443")).toText()).toBe("443");
    expect(hostName(Bytes.constant("")).toText()).toBe("");
    expect(hostName(Bytes.absent()).isPresent).toBe(false);
  });

  it("is a bare address for the key ip", () => {
    expect(ipAddress(Bytes.constant("1.2.3.4:567")).toText()).toBe("1.2.3.4");
    expect(ipAddress(Bytes.constant("[::1]:5")).toText()).toBe("::1");
    expect(ipAddress(Bytes.constant("[fe80::1]")).toText()).toBe("fe80::1");
    expect(ipAddress(Bytes.constant("/run/a.sock")).toText()).toBe("/run/a.sock");
    expect(ipAddress(Bytes.absent()).isPresent).toBe(false);
  });
});

describe("match", () => {
  it("holds for every call when nothing is demanded", () => {
    expect(match("{}", new FakeFacts())).toBe(true);
  });

  it("wants all members and one element of each", () => {
    const json = '{"paths":["/v1/*","/v2/*"],"methods":["POST"],"models":["gpt-*"]}';
    const facts = new FakeFacts().set("path", "/v2/chat").set("method", "POST").set("model", "gpt-4o");
    expect(match(json, facts)).toBe(true);
    expect(match(json, facts.set("method", "GET"))).toBe(false);
    expect(match(json, facts.set("method", "POST").set("path", "/v3/"))).toBe(false);
    expect(match(json, facts.set("path", "/v1/").set("model", "claude"))).toBe(false);
  });

  it("compares hosts without case, and without a port that the pattern does not name", () => {
    const facts = new FakeFacts().set("host", "API.Example.com:8443");
    expect(match('{"hosts":["api.example.com"]}', facts)).toBe(true);
    expect(match('{"hosts":["*.example.com:8443"]}', facts)).toBe(true);
    expect(match('{"hosts":["api.example.com:443"]}', facts)).toBe(false);
  });

  it("compares headers by pattern, and an absent one never matches", () => {
    const json = '{"headers":{"X-Tier":"vip*","x-any":"*"}}';
    expect(match(json, new FakeFacts().set("header:x-tier", "vip-1").set("header:x-any", ""))).toBe(true);
    expect(match(json, new FakeFacts().set("header:x-tier", "vip-1"))).toBe(false);
    expect(match(json, new FakeFacts().set("header:x-tier", "no").set("header:x-any", "a"))).toBe(false);
  });

  it("asks for request type, provider and consumer", () => {
    const json = '{"requestTypes":["chat","embedding"],"providers":["aws.*"],"consumers":["team-a-*"]}';
    const facts = new FakeFacts().set("requestType", "embedding").set("provider", "aws.bedrock");
    expect(match(json, facts)).toBe(false);
    expect(match(json, facts.set("consumer", "team-a-1"))).toBe(true);
  });

  it("takes an expression's true, and neither its false nor its absence", () => {
    expect(match('{"cel":"a == b"}', new FakeFacts().set("cel:0", "\x01"))).toBe(true);
    expect(match('{"cel":"a == b"}', new FakeFacts().set("cel:0", "\0"))).toBe(false);
    expect(match('{"cel":"a == b"}', new FakeFacts())).toBe(false);
  });

  it("decides all but the model before the model is known", () => {
    const setup = new Setup('{"paths":["/v1/*"],"models":["gpt-*"]}');
    const compiled = new Match(setup.root, setup.compilation);
    const facts = new FakeFacts().set("path", "/v1/chat");
    expect(compiled.needsModel).toBe(true);
    expect(compiled.isOpen).toBe(false);
    expect(compiled.headersMatch(facts)).toBe(true);
    expect(compiled.modelMatch(facts)).toBe(false);
    expect(compiled.modelMatch(facts.set("model", "gpt-4o"))).toBe(true);
  });

  it("reports what cannot be meant", () => {
    expect(errorsOf('{"paths":["/v1/*/x"]}')).toBe(
      "test: config: paths[0]: expected a text with '*' at its start or end only, got \"/v1/*/x\"",
    );
    expect(errorsOf('{"headers":{"a b":"c"}}')).toBe(
      'test: config: headers: expected a header name as a member\'s name, got "a b"',
    );
    expect(errorsOf('{"headers":{}}')).toBe("test: config: headers: expected at least one member, got an empty object");
    expect(errorsOf('{"methods":["post"]}')).toBe(
      'test: config: methods[0]: expected a method in capitals such as "POST", got "post"',
    );
    expect(errorsOf('{"path":["/v1"]}')).toBe('test: config: unknown field "path", did you mean "paths"?');
  });
});

describe("aliases", () => {
  it("name a model by the first pattern that matches", () => {
    const setup = new Setup(
      '{"aliases":[{"match":"gpt-4o-2024-*","model":"gpt-4o"},{"match":"gpt-4o-*","model":"other"}]}',
    );
    const aliases = new Aliases(setup.root, setup.compilation);
    expect(aliases.resolve(Bytes.constant("gpt-4o-2024-08-06")).toText()).toBe("gpt-4o");
    expect(aliases.resolve(Bytes.constant("gpt-4o-mini")).toText()).toBe("other");
    expect(aliases.resolve(Bytes.constant("gpt-4o")).toText()).toBe("gpt-4o");
    expect(aliases.resolve(Bytes.absent()).isPresent).toBe(false);
  });
});

import { Bytes } from "../../../runtime/bytes/bytes";
import { KeySpec, readKey } from "../../../runtime/match/key";
import { KeyWriter } from "../../../runtime/match/key-writer";
import { cookieValue, queryValue } from "../../../runtime/match/parameter";
import { KeyPattern } from "../../../runtime/match/pattern";
import { FakeFacts, Setup } from "./fake";

const writer = new KeyWriter(1, 2);

function compile(key: string): KeySpec {
  const setup = new Setup('{"key":' + key + "}");
  const spec = readKey(setup.root, "key", [], setup.compilation);
  expect(setup.errors.text()).toBe("");
  return spec;
}

/** The only part of a key of one source. */
function part(source: string, facts: FakeFacts): string {
  compile('["' + source + '"]').build(facts, writer);
  return writer.missing ? "<missing>" : writer.part(0).toText();
}

/** The key's bytes as text: parts shorter than 64 bytes only. */
function key(parts: string[]): string {
  writer.clear();
  for (let i = 0; i < parts.length; i++) writer.add(Bytes.constant(parts[i]));
  return writer.key.toText();
}

function query(text: string, name: string): string {
  const value = queryValue(Bytes.constant(text), Bytes.constant(name));
  return value.isPresent ? value.toText() : "<absent>";
}

function cookie(text: string, name: string): string {
  const value = cookieValue(Bytes.constant(text), Bytes.constant(name));
  return value.isPresent ? value.toText() : "<absent>";
}

describe("key sources", () => {
  it("come from the call", () => {
    const facts = new FakeFacts();
    const plain = [
      "consumer",
      "team",
      "project",
      "tier",
      "principal",
      "path",
      "method",
      "model",
      "requestType",
      "provider",
    ];
    for (let i = 0; i < plain.length; i++) {
      expect(part(plain[i], facts)).toBe("<missing>");
      facts.set(plain[i], "value of " + plain[i]);
      expect(part(plain[i], facts)).toBe("value of " + plain[i]);
    }
  });

  it("come from what a name says", () => {
    const facts = new FakeFacts()
      .set("jwt:sub", "alice")
      .set("header:x-user", "bob")
      .set("query", "a=1&user=car%6Fl")
      .set("header:cookie", 'x=1; sid="dave"')
      .set("property:a\0b.c\0d", "eve")
      .set("cel:0", "frank");
    expect(part("jwt:sub", facts)).toBe("alice");
    expect(part("header:X-User", facts)).toBe("bob");
    expect(part("query:user", facts)).toBe("carol");
    expect(part("cookie:sid", facts)).toBe("dave");
    expect(part("property:a.b\\\\.c.d", facts)).toBe("eve");
    expect(part("cel:request.headers['x']", facts)).toBe("frank");
    expect(part("const:all:of it", facts)).toBe("all:of it");
  });

  it("know hosts and addresses without ports", () => {
    const facts = new FakeFacts().set("host", "a.example:443").set("ip", "[::1]:5");
    expect(part("host", facts)).toBe("a.example");
    expect(part("ip", facts)).toBe("::1");
  });

  it("hash the credential, whatever header it comes in", () => {
    const bearer = part("bearer", new FakeFacts().set("header:authorization", "Bearer sk-123"));
    expect(bearer).toBe("56d010fbbebc3470ffa5b00a6016d1f9");
    expect(part("bearer", new FakeFacts().set("header:authorization", "bearer  sk-123 "))).toBe(bearer);
    expect(part("bearer", new FakeFacts().set("header:x-api-key", "sk-123"))).toBe(bearer);
    expect(part("bearer", new FakeFacts().set("header:authorization", "Basic sk-123"))).not.toBe(bearer);
    expect(part("bearer", new FakeFacts())).toBe("<missing>");
  });

  it("say whether the model is needed and whether secrets may be in them", () => {
    expect(compile('["consumer","model"]').needsModel).toBe(true);
    expect(compile('["consumer"]').needsModel).toBe(false);
    expect(compile('["consumer"]').mayHoldSecrets).toBe(false);
    expect(compile('["query:key"]').mayHoldSecrets).toBe(true);
  });

  it("that are none are reported", () => {
    const wrong = ["consumers", "header", "header:", "header:a b", "model:x", "jwt", "", ":x"];
    for (let i = 0; i < wrong.length; i++) {
      const setup = new Setup('{"key":["' + wrong[i] + '"]}');
      readKey(setup.root, "key", [], setup.compilation);
      expect(setup.errors.errorCount).toBe(1, wrong[i]);
    }
    const setup = new Setup('{"key":["user"]}');
    readKey(setup.root, "key", [], setup.compilation);
    expect(setup.errors.text().startsWith("test: config: key[0]: expected a key source: consumer, team,")).toBe(true);
    expect(setup.errors.text().endsWith('or const:TEXT, got "user"')).toBe(true);
  });

  it("that are too many are reported", () => {
    const setup = new Setup('{"key":[' + '"ip",'.repeat(8) + '"ip"]}');
    readKey(setup.root, "key", [], setup.compilation);
    expect(setup.errors.text()).toBe("test: config: key: expected at most 8 key sources");
  });

  it("that any caller can set are warned of, unless trusted", () => {
    const setup = new Setup('{"key":["header:X-User","header:x-team"]}');
    setup.compilation.trustedHeaders.push("x-team");
    readKey(setup.root, "key", [], setup.compilation);
    expect(setup.errors.warnings).toStrictEqual([
      'test: config: key[0]: any caller can set the header "x-user"; name it in trustedHeaders if a trusted hop sets it',
    ]);
  });

  it("have defaults", () => {
    const setup = new Setup("{}");
    expect(readKey(setup.root, "key", ["consumer", "model"], setup.compilation).sources.length).toBe(2);
  });
});

describe("a key", () => {
  it("differs wherever the parts differ", () => {
    expect(key(["a", "bc"])).not.toBe(key(["ab", "c"]));
    expect(key(["a"])).not.toBe(key(["a", ""]));
    expect(key(["a", "b"])).toBe("\x01a\x01b");
  });

  it("tells a missing part from an empty one", () => {
    writer.clear();
    writer.add(Bytes.empty());
    expect(writer.missing).toBe(0);
    const empty = writer.key.at(0);
    writer.clear();
    writer.add(Bytes.absent());
    expect(writer.missing).toBe(1);
    expect(writer.key.at(0)).not.toBe(empty);
  });

  it("stays bounded: long parts are hashed, too many dropped", () => {
    writer.clear();
    for (let i = 0; i < 9; i++) writer.add(Bytes.constant("x".repeat(10000)));
    expect(writer.count).toBe(8);
    expect(writer.key.length).toBe(8 * 17);
    expect(writer.part(0).length).toBe(10000);
    expect(writer.part(8).isPresent).toBe(false);
    expect(writer.part(-1).isPresent).toBe(false);
    writer.clear();
    writer.add(Bytes.constant("x".repeat(64)));
    expect(writer.key.length).toBe(65);
  });

  it("has a digest that follows its bytes", () => {
    const one = new ArrayBuffer(16);
    const other = new ArrayBuffer(16);
    key(["a", "bc"]);
    writer.digest(changetype<usize>(one));
    key(["ab", "c"]);
    writer.digest(changetype<usize>(other));
    expect(memory.compare(changetype<usize>(one), changetype<usize>(other), 16)).not.toBe(0);
    key(["a", "bc"]);
    writer.digest(changetype<usize>(other));
    expect(memory.compare(changetype<usize>(one), changetype<usize>(other), 16)).toBe(0);
  });

  it("is found by a pattern for each part", () => {
    key(["research", "gpt-4o"]);
    expect(new KeyPattern(["research", "*"]).matches(writer)).toBe(true);
    expect(new KeyPattern(["research", "claude*"]).matches(writer)).toBe(false);
    expect(new KeyPattern(["research"]).matches(writer)).toBe(false);
  });
});

describe("a query parameter", () => {
  it("is the first of its name, decoded", () => {
    expect(query("a=1&b=2&b=3", "b")).toBe("2");
    expect(query("a=x%20y+z%2", "a")).toBe("x y z%2");
    expect(query("%61=1", "a")).toBe("1");
    expect(query("a", "a")).toBe("");
    expect(query("a=&b=1", "a")).toBe("");
    expect(query("a=b=c", "a")).toBe("b=c");
    expect(query("a=%zz", "a")).toBe("%zz");
  });

  it("is absent when it is not there", () => {
    expect(query("", "a")).toBe("<absent>");
    expect(query("ab=1&c=a", "a")).toBe("<absent>");
    expect(queryValue(Bytes.absent(), Bytes.constant("a")).isPresent).toBe(false);
  });
});

describe("a cookie", () => {
  it("is the first of its name, without quotes", () => {
    expect(cookie("a=1; b=2;b=3", "b")).toBe("2");
    expect(cookie('a="x y"', "a")).toBe("x y");
    expect(cookie('a="', "a")).toBe('"');
    expect(cookie("a=", "a")).toBe("");
    expect(cookie("a=b=c; d", "a")).toBe("b=c");
  });

  it("is absent when it is not there", () => {
    expect(cookie("", "a")).toBe("<absent>");
    expect(cookie("ab=1; a; c=a=1", "a")).toBe("<absent>");
    expect(cookieValue(Bytes.absent(), Bytes.constant("a")).isPresent).toBe(false);
  });
});

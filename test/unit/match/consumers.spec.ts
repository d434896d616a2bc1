import { ConsumerTable, NO_CONSUMER } from "../../../runtime/match/consumers";
import { FakeFacts, Setup } from "./fake";

const TABLE = `{"consumers":[
  {"name":"alice","when":{"jwt":{"iss":"https://idp","sub":"a*"}},"team":"red","project":"p1","tier":"vip","models":["gpt-4o*"]},
  {"name":"batch","when":{"principal":"spiffe://cluster/ns/batch/*"},"team":"blue"},
  {"name":"key","when":{"bearerHash":"HASH"}},
  {"name":"web","when":{"header":{"X-App":"web"}}},
  {"name":"rule","when":{"cel":"a == b"}}
]}`;

function table(json: string): ConsumerTable {
  const setup = new Setup(json);
  const consumers = new ConsumerTable(setup.root, setup.compilation);
  setup.root.finish();
  expect(setup.errors.text()).toBe("");
  return consumers;
}

function errorsOf(json: string): string {
  const setup = new Setup(json);
  new ConsumerTable(setup.root, setup.compilation);
  setup.root.finish();
  return setup.errors.text();
}

function name(consumers: ConsumerTable, facts: FakeFacts): string {
  const value = consumers.nameOf(consumers.resolve(facts), facts);
  return value.isPresent ? value.toText() : "<nobody>";
}

describe("the consumers' table", () => {
  it("finds the first entry whose conditions all hold", () => {
    const hash = new FakeFacts().set("header:x-api-key", "sk-1").bearer().toText();
    const consumers = table(TABLE.replace("HASH", hash));
    expect(name(consumers, new FakeFacts().set("jwt:iss", "https://idp").set("jwt:sub", "ann"))).toBe("alice");
    expect(name(consumers, new FakeFacts().set("jwt:sub", "ann"))).toBe("<nobody>");
    expect(name(consumers, new FakeFacts().set("principal", "spiffe://cluster/ns/batch/sa/x"))).toBe("batch");
    expect(name(consumers, new FakeFacts().set("header:authorization", "Bearer sk-1"))).toBe("key");
    expect(name(consumers, new FakeFacts().set("header:x-app", "web"))).toBe("web");
    expect(name(consumers, new FakeFacts().set("cel:0", "\x01"))).toBe("rule");
    expect(name(consumers, new FakeFacts().set("header:x-app", "web").set("cel:0", "\x01"))).toBe("web");
  });

  it("takes a hash of 64 digits as openssl prints it", () => {
    const hash = new FakeFacts().set("header:x-api-key", "sk-1").bearer().toText();
    const consumers = table(TABLE.replace("HASH", hash + "0".repeat(32)));
    expect(name(consumers, new FakeFacts().set("header:x-api-key", "sk-1"))).toBe("key");
  });

  it("gives what is known of the consumer", () => {
    const consumers = table(TABLE.replace("HASH", "0".repeat(64)));
    const facts = new FakeFacts().set("jwt:iss", "https://idp").set("jwt:sub", "ann");
    const entry = consumers.entry(consumers.resolve(facts))!;
    expect(entry.team!.toString()).toBe("red");
    expect(entry.project!.toString()).toBe("p1");
    expect(entry.tier!.toString()).toBe("vip");
    expect(entry.models.isEmpty).toBe(false);
    expect(consumers.limitsModels).toBe(true);
    expect(consumers.entry(1)!.project).toBeNull();
    expect(consumers.entry(NO_CONSUMER)).toBeNull();
    expect(consumers.entry(99)).toBeNull();
  });

  it("asks for each fact once, however many entries want it", () => {
    let entries = "";
    for (let i = 0; i < 100; i++) {
      entries += (i ? "," : "") + '{"name":"c' + i.toString() + '","when":{"header":{"x-id":"' + i.toString() + '"}}}';
    }
    const consumers = table('{"consumers":[' + entries + "]}");
    const facts = new FakeFacts().set("header:x-id", "99");
    expect(consumers.resolve(facts)).toBe(99);
    expect(facts.timesAsked("header:x-id")).toBe(1);
    expect(consumers.resolve(facts.set("header:x-id", "5"))).toBe(5);
    expect(facts.timesAsked("header:x-id")).toBe(2);
  });

  it("names strangers by the default consumer", () => {
    const json = '{"consumers":[{"name":"web","when":{"header":{"x-app":"web"}}}],"defaultConsumer":"guest"}';
    const facts = new FakeFacts().set("header:x-api-key", "sk-1");
    expect(name(table(json), facts)).toBe("guest");
  });

  it("without a table names callers by their credential's hash", () => {
    const facts = new FakeFacts().set("header:x-api-key", "sk-1");
    expect(name(table("{}"), facts)).toBe(facts.bearer().toText());
    expect(name(table("{}"), new FakeFacts())).toBe("<nobody>");
    expect(name(table('{"defaultConsumer":"guest"}'), new FakeFacts())).toBe("guest");
  });

  it("refuses entries without a name or a condition", () => {
    expect(errorsOf('{"consumers":[{"name":"a","when":{}}]}')).toBe(
      "test: config: consumers[0].when: expected at least one member, got an empty object",
    );
    expect(errorsOf('{"consumers":[{"when":{"cel":"x"}},{"name":"b"}]}')).toBe(
      "test: config: consumers[0].name: missing, expected a text of 1 to 128 characters without control characters\n" +
        "test: config: consumers[1].when: missing, expected an object",
    );
    expect(errorsOf('{"consumers":[{"name":"a","when":{"jwt":{}}}]}')).toBe(
      "test: config: consumers[0].when.jwt: expected at least one member, got an empty object",
    );
  });
});

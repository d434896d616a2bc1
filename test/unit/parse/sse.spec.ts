import { SseParser } from "../../../runtime/parse/sse";
import { Collector } from "./collector";

const sink = new Collector();
const parser = new SseParser(sink);

function events(body: string): string {
  return sink.readText(parser, body);
}

describe("server-sent events", () => {
  it("end with a blank line, whatever ends lines", () => {
    expect(events("data: a\n\ndata: b\n\n")).toBe("|a|0-9\n|b|9-18");
    expect(events("data: a\r\n\r\ndata: b\r\n\r\n")).toBe("|a|0-11\n|b|11-22");
    expect(events("data: a\r\rdata: b\r\r")).toBe("|a|0-9\n|b|9-18");
    expect(events("data: a\r\n\ndata: b\n\r\n")).toBe("|a|0-10\n|b|10-20");
  });

  it("may have no space behind the colon", () => {
    expect(events("data:a\n\n")).toBe("|a|0-8");
  });

  it("lose one space behind the colon only", () => {
    expect(events("data:  a \n\n")).toBe("| a |0-11");
  });

  it("join several data lines by a line feed", () => {
    expect(events("data: a\ndata:\ndata: b\n\n")).toBe("|a\n\nb|0-23");
  });

  it("have a name", () => {
    expect(events("event: ping\ndata: {}\n\ndata: x\n\n")).toBe("ping|{}|0-22\n|x|22-31");
  });

  it("have the last of several names", () => {
    expect(events("event: a\nevent: b\ndata: x\n\n")).toBe("b|x|0-27");
  });

  it("may be named behind their data", () => {
    expect(events("data: x\nevent: late\n\n")).toBe("late|x|0-21");
  });

  it("keep the first 64 bytes of a long name", () => {
    expect(events(`event: ${"n".repeat(100)}\ndata: x\n\n`)).toBe(`${"n".repeat(64)}|x|0-117`);
  });

  it("ignore comments and unknown fields", () => {
    expect(events(": OPENROUTER PROCESSING\n\nid: 1\nretry: 5\nfoo: bar\ndatax: no\n data: no\ndata: x\n\n")).toBe(
      "|x|25-78",
    );
  });

  it("need a data line", () => {
    expect(events("event: ping\n\n\n\nid: 1\n\n")).toBe("");
  });

  it("may have an empty data line, with or without a colon", () => {
    expect(events("data:\n\ndata\n\n")).toBe("||0-7\n||7-13");
  });

  it("are delivered at the end of the body without their blank line", () => {
    expect(events("data: a\n\ndata: b")).toBe("|a|0-9\n|b|9-16!");
    expect(events("data: b\n")).toBe("|b|0-8!");
    expect(events("event: x\ndata")).toBe("x||0-13!");
  });

  it("may follow a byte order mark", () => {
    expect(events("\ufeffdata: a\n\n")).toBe("|a|0-12");
  });

  it("keep text that looks like a field", () => {
    expect(events('data: {"a":"data: b\\n\\nevent: c"}\n\n')).toBe('|{"a":"data: b\\n\\nevent: c"}|0-35');
  });

  it("may be long", () => {
    const body = String.UTF8.encode(`data: ${"é".repeat(100000)}\n\n`);
    expect(sink.read(parser, body, 4096)).toBe(`|${"é".repeat(100000)}|0-200008`);
  });

  it("spare the sink the bytes of what it refuses", () => {
    sink.refused = "delta";
    expect(events("event: delta\ndata: no\n\nevent: stop\ndata: yes\n\n")).toBe("delta||0-23\nstop|yes|23-46");
    sink.refused = "(nothing)";
  });
});

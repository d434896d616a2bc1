import { NdjsonParser } from "../../../runtime/parse/ndjson";
import { WholeBody } from "../../../runtime/parse/whole";
import { Collector } from "./collector";

const sink = new Collector();
const parser = new NdjsonParser(sink);
const whole = new WholeBody(sink);

describe("newline-delimited JSON", () => {
  it("has a document per line", () => {
    expect(sink.readText(parser, '{"a":1}\n{"b":2}\n')).toBe('|{"a":1}|0-8\n|{"b":2}|8-16');
  });

  it("may end lines with CR LF", () => {
    expect(sink.readText(parser, "1\r\n2\r\n")).toBe("|1|0-3\n|2|3-6");
  });

  it("has no document in a blank line", () => {
    expect(sink.readText(parser, "\n \t\r\n1\n\n")).toBe("|1|5-7");
  });

  it("may end without a line end", () => {
    expect(sink.readText(parser, "1\n2")).toBe("|1|0-2\n|2|2-3!");
  });

  it("keeps a lone CR inside a line", () => {
    expect(sink.readText(parser, "[1,\r2]\n")).toBe("|[1,\r2]|0-7");
  });
});

describe("a whole body", () => {
  it("is one document", () => {
    expect(sink.readText(whole, '{"a":1}\n')).toBe('|{"a":1}\n|0-8');
  });

  it("is none when it is empty", () => {
    expect(sink.readText(whole, "")).toBe("");
  });
});

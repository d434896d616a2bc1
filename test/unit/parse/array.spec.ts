import { ArrayParser } from "../../../runtime/parse/array";
import { BodyState } from "../../../runtime/parse/document";
import { Collector } from "./collector";

const sink = new Collector();
const parser = new ArrayParser(sink);

function elements(body: string): string {
  return sink.readText(parser, body);
}

describe("a root array", () => {
  it("has a document per element", () => {
    expect(elements('[{"a":[1,2]}\n,\r\n{"b":{}} ]\n')).toBe('|{"a":[1,2]}|1-12\n|{"b":{}}|16-24');
  });

  it("may have elements of any type", () => {
    expect(elements('[1,"a,b",null , [[]] ,{}]')).toBe('|1|1-2\n|"a,b"|3-8\n|null|9-13\n|[[]]|16-20\n|{}|22-24');
  });

  it("does not look at brackets in strings", () => {
    expect(elements('[{"a":"]}\\"}]\\\\"},2]')).toBe('|{"a":"]}\\"}]\\\\"}|1-17\n|2|18-19');
  });

  it("may be empty", () => {
    expect(elements(" [ ] ")).toBe("");
    expect(parser.state).toBe(BodyState.Ended);
  });

  it("ends an object at once, before its comma comes", () => {
    const body = String.UTF8.encode('[{"a":1}');
    parser.reset();
    sink.documents = [];
    parser.feed(changetype<usize>(body), body.byteLength);
    expect(sink.documents.join()).toBe('|{"a":1}|1-8');
  });

  it("may be cut off inside an element", () => {
    expect(elements('[{"a":1},{"b":')).toBe('|{"a":1}|1-8\n|{"b":|9-14!');
  });

  it("is refused with something behind it", () => {
    expect(elements("[1] x")).toBe("|1|1-2");
    expect(parser.state).toBe(BodyState.Invalid);
    expect(parser.faultOffset).toBe(4);
  });

  it("is refused when brackets close that never opened", () => {
    expect(elements("[}")).toBe("");
    expect(parser.state).toBe(BodyState.Invalid);
  });

  it("may follow a byte order mark", () => {
    expect(elements("\ufeff[1]")).toBe("|1|4-5");
  });
});

describe("a root that is no array", () => {
  it("is one document", () => {
    expect(elements(' {"a":[1]} ')).toBe('|{"a":[1]}|1-10');
    expect(parser.state).toBe(BodyState.Ended);
  });

  it("may be a number", () => {
    expect(elements("12")).toBe("|12|0-2");
  });
});

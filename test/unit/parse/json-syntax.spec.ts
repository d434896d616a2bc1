import { JsonFault, JsonScanner, JsonState } from "../../../runtime/parse/json";
import { CHECKED_DEPTH } from "../../../runtime/parse/json-state";
import { PathTable } from "../../../runtime/parse/paths";
import { scan, scanInPieces, stateOf } from "./scan";

const valid: Array<string> = [
  "{}",
  "[]",
  "0",
  "-0",
  "1",
  "-1",
  "10",
  "1.5",
  "1e1",
  "1E+10",
  "1.0e-5",
  "0.1",
  "0e0",
  "-0.0",
  '""',
  '"a"',
  "true",
  "false",
  "null",
  " \t\r\n{}\n",
  "[1]",
  "[1,2]",
  "[ ]",
  "{ }",
  "[[]]",
  "[{}]",
  '{"a":1}',
  '{"a":{}}',
  '{"":0}',
  '{"a":1,"a":2}',
  "[null,true,false]",
  '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
  '"\\u0000\\uFFFF\\uabcd"',
  '"\\ud800"',
  '"é漢😀\u007f"',
  "[1 , 2]",
  '{"a" : 1 , "b" : 2}',
  "123456789012345678901234567890",
  "1e999999999999999999999",
  "\ufeff{}",
  "\ufeff 1",
];

const invalid: Array<string> = [
  "}",
  "]",
  ",",
  ":",
  "{]",
  "[}",
  "[1,]",
  "[,1]",
  "[,]",
  "[1,,2]",
  "[1 2]",
  "{,}",
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{"a" 1}',
  "{a:1}",
  "{1:1}",
  "{'a':1}",
  '{"a":1 "b":2}',
  '{"a":1:2}',
  "01",
  "-01",
  "+1",
  ".5",
  "1. ",
  "1.e1",
  "1e ",
  "1e+ ",
  "- ",
  "--1",
  "-a",
  "1.5.5",
  "0x1",
  "1_000",
  "Infinity",
  "NaN",
  "-Infinity",
  "True",
  "trux",
  "nul1",
  "fals3",
  "undefined",
  "'a'",
  '"\\x41"',
  '"\\u12G4"',
  '"\\u 123"',
  '"a\nb"',
  '"\t"',
  '"\u0000"',
  "{} {}",
  "[] 1",
  "1 1",
  '"a" "b"',
  "{}}",
  "[]]",
  "null null",
  "/* c */ {}",
  "{} // c",
  "\u00a0{}",
  "\u000b{}",
  "\ufeff\ufeff{}",
  '{"a":1]',
  "[1}",
  "#",
  "\\",
];

const unfinished: Array<string> = [
  "",
  " ",
  "{",
  "[",
  "[1",
  "[1,",
  '{"a',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '"',
  '"a',
  '"\\',
  '"\\u12',
  "-",
  "1.",
  "1e",
  "1e+",
  "t",
  "nul",
  "\ufeff",
  "[[]",
  '{"a":{}',
];

describe("the JSON grammar", () => {
  it("accepts all that is JSON", () => {
    for (let i = 0; i < valid.length; i++) expect(stateOf(valid[i])).toBe(JsonState.Complete, valid[i]);
  });

  it("refuses all that is not", () => {
    for (let i = 0; i < invalid.length; i++) expect(stateOf(invalid[i])).toBe(JsonState.Invalid, invalid[i]);
  });

  it("waits for the rest of what is cut off", () => {
    for (let i = 0; i < unfinished.length; i++)
      expect(stateOf(unfinished[i])).toBe(JsonState.Incomplete, unfinished[i]);
  });

  it("judges the same when fed byte by byte", () => {
    const scanner = new JsonScanner(new PathTable());
    for (let i = 0; i < valid.length; i++) {
      expect(scanInPieces(scanner, String.UTF8.encode(valid[i]), 1).state).toBe(JsonState.Complete, valid[i]);
    }
    for (let i = 0; i < invalid.length; i++) {
      expect(scanInPieces(scanner, String.UTF8.encode(invalid[i]), 1).state).toBe(JsonState.Invalid, invalid[i]);
    }
  });

  it("is complete as soon as the root closes, before finish", () => {
    const scanner = new JsonScanner(new PathTable());
    const text = String.UTF8.encode('{"a":1}');
    expect(scanner.feed(changetype<usize>(text), 6)).toBe(JsonState.Incomplete);
    expect(scanner.feed(changetype<usize>(text) + 6, 1)).toBe(JsonState.Complete);
  });

  it("names the fault and its place", () => {
    const scanner = new JsonScanner(new PathTable());
    scan(scanner, '{"a":tru3}');
    expect(scanner.fault).toBe(JsonFault.BadLiteral);
    expect(scanner.faultOffset).toBe(8);
    expect(scan(scanner, '{"a":-x}').fault).toBe(JsonFault.BadNumber);
    expect(scan(scanner, '"\\q"').fault).toBe(JsonFault.BadEscape);
    expect(scan(scanner, '"\n"').fault).toBe(JsonFault.ControlByte);
    expect(scan(scanner, "{} x").fault).toBe(JsonFault.TrailingBytes);
    expect(scan(scanner, "{x").fault).toBe(JsonFault.UnexpectedByte);
    expect(scan(scanner, "{}").faultOffset).toBe(-1);
  });

  it("finds what ends a text at any distance", () => {
    const scanner = new JsonScanner(new PathTable());
    for (let length = 0; length < 200; length++) {
      const text = '{"k":"' + "~ !#[".repeat(40).substring(0, length);
      expect(scan(scanner, text + '"}' + " ".repeat(64)).state).toBe(JsonState.Complete, `quote after ${length}`);
      expect(scanner.textBytes).toBe(length);
      scan(scanner, text + "\u001f" + " ".repeat(64));
      expect(scanner.fault).toBe(JsonFault.ControlByte, `control byte after ${length}`);
      expect(scanner.faultOffset).toBe(length + 6);
      scan(scanner, text + "\\x" + " ".repeat(64));
      expect(scanner.fault).toBe(JsonFault.BadEscape, `backslash after ${length}`);
      expect(scanner.faultOffset).toBe(length + 7);
    }
  });

  it("refuses every byte that follows an invalid one", () => {
    const scanner = new JsonScanner(new PathTable());
    const text = String.UTF8.encode("}{}");
    scanner.feed(changetype<usize>(text), 1);
    expect(scanner.feed(changetype<usize>(text) + 1, 2)).toBe(JsonState.Invalid);
    expect(scanner.faultOffset).toBe(0);
  });

  it("checks brackets down to the checked depth", () => {
    expect(stateOf("[".repeat(CHECKED_DEPTH) + "]".repeat(CHECKED_DEPTH))).toBe(JsonState.Complete);
    expect(stateOf("[".repeat(CHECKED_DEPTH) + "}")).toBe(JsonState.Invalid);
  });

  it("counts brackets below the checked depth", () => {
    const levels = CHECKED_DEPTH + 100;
    expect(stateOf("[".repeat(levels) + '"]]"' + "]".repeat(levels))).toBe(JsonState.Complete);
    expect(stateOf("[".repeat(levels) + "]".repeat(levels - 1))).toBe(JsonState.Incomplete);
    expect(stateOf("[".repeat(levels) + "]".repeat(levels) + "]")).toBe(JsonState.Invalid);
  });

  it("survives a hundred thousand levels", () => {
    expect(stateOf('{"a":['.repeat(50000) + "]}".repeat(50000))).toBe(JsonState.Complete);
    expect(stateOf('{"a":['.repeat(50000))).toBe(JsonState.Incomplete);
  });
});

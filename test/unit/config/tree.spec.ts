import { canonicalNumber } from "../../../runtime/config/decimal";
import { JsonType } from "../../../runtime/config/json";
import { ParsedJson, parseJson } from "../../../runtime/config/tree";

function parse(text: string): ParsedJson {
  const bytes = String.UTF8.encode(text);
  return parseJson(changetype<usize>(bytes), bytes.byteLength);
}

function parseRaw(bytes: u8[]): ParsedJson {
  return parseJson(bytes.dataStart, bytes.length);
}

/** The text of the only element of a list. */
function first(text: string): string {
  const root = parse("[" + text + "]").root;
  return root === null ? "<fault>" : root.items[0].text;
}

function fault(text: string): string {
  return parse(text).fault;
}

function nested(depth: i32): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

describe("the configuration's tree", () => {
  it("takes an empty text as an empty object", () => {
    const root = parse("").root!;
    expect(root.type).toBe(JsonType.Object);
    expect(root.items.length).toBe(0);
  });

  it("keeps members in their order", () => {
    const root = parse(' {"b" : 1 ,\r\n\t"a":[true,false,null]} ').root!;
    expect(root.names).toStrictEqual(["b", "a"]);
    expect(root.items[1].items.length).toBe(3);
    expect(root.items[1].items[0].bool).toBe(true);
    expect(root.member("a")!.type).toBe(JsonType.Array);
    expect(root.member("c")).toBeNull();
  });

  it("keeps a number's text and, when it is whole, its integer", () => {
    const items = parse("[1e+06, 100000, -0, 2.50, 9223372036854775807, 1e19, 12.0e-1, 1.2e1]").root!.items;
    expect(items[0].text).toBe("1e+06");
    expect(items[0].integer).toBe(1000000);
    expect(items[1].integer).toBe(100000);
    expect(items[2].isInteger).toBe(true);
    expect(items[3].isInteger).toBe(false);
    expect(items[4].integer).toBe(i64.MAX_VALUE);
    expect(items[5].isInteger).toBe(false);
    expect(items[6].isInteger).toBe(false);
    expect(items[7].integer).toBe(12);
  });

  it("decodes every escape", () => {
    expect(first('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00é😀"')).toBe('"\\/\b\f\n\r\té😀é😀');
  });

  it("refuses half a surrogate pair and unknown escapes", () => {
    expect(first('"\\ud83d"')).toBe("<fault>");
    expect(first('"\\ud83d\\u0041"')).toBe("<fault>");
    expect(first('"\\ude00"')).toBe("<fault>");
    expect(first('"\\x41"')).toBe("<fault>");
    expect(first('"\\u12g4"')).toBe("<fault>");
    expect(first('"\\u12')).toBe("<fault>");
  });

  it("refuses what is not strict JSON", () => {
    const wrong = [
      "{",
      "[1,]",
      "{,}",
      '{"a"}',
      '{"a":}',
      "01",
      "1.",
      ".5",
      "+1",
      "1e",
      "-",
      "'a'",
      '"a',
      "nul",
      "truex",
    ];
    for (let i = 0; i < wrong.length; i++) expect(fault(wrong[i])).not.toBe("", wrong[i]);
    expect(fault("[1] 2")).toBe("unexpected text after the value");
    expect(fault('["\n"]')).toBe("a control character inside a string must be escaped");
    expect(fault("[1e999]")).toBe("a number too large for a double");
    expect(fault("[179769313486231580800000e285]")).toBe("a number too large for a double");
    expect(parse("[1.7976931348623157e308, 17976931348623158079e289, 0e999, 0.0001e312]").root).not.toBeNull();
    expect(fault(" ")).toBe("unexpected end");
  });

  it("refuses duplicate members, whatever way they are written", () => {
    expect(fault('{"a":1,"\\u0061":2}')).toBe('duplicate member "a"');
  });

  it("refuses text that is not UTF-8", () => {
    expect(parseRaw([0x22, 0xff, 0x22]).fault).toBe("the text is not valid UTF-8");
    expect(parseRaw([0x22, 0xc0, 0xaf, 0x22]).fault).toBe("the text is not valid UTF-8");
    expect(parseRaw([0x22, 0xed, 0xa0, 0x80, 0x22]).fault).toBe("the text is not valid UTF-8");
    expect(parseRaw([0x22, 0xe2, 0x82]).fault).toBe("the text is not valid UTF-8");
    expect(parseRaw([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]).fault).toBe("the text is not valid UTF-8");
  });

  it("bounds the depth", () => {
    expect(fault(nested(64))).toBe("");
    expect(fault(nested(65))).toBe("nested deeper than 64");
    expect(fault(nested(100000))).toBe("nested deeper than 64");
  });

  it("says where a fault is, in lines, characters and bytes", () => {
    const parsed = parse('{"é": 1,\n "ü": x}');
    expect(parsed.line).toBe(2);
    expect(parsed.column).toBe(7);
    expect(parsed.offset).toBe(17);
  });
});

describe("canonicalNumber", () => {
  it("spells numbers of the same value alike", () => {
    expect(canonicalNumber("0.05")).toBe("5e-2");
    expect(canonicalNumber("5.00E-02")).toBe("5e-2");
    expect(canonicalNumber("1e+06")).toBe("1e6");
    expect(canonicalNumber("1000000.0")).toBe("1e6");
    expect(canonicalNumber("-12.50")).toBe("-125e-1");
    expect(canonicalNumber("10203")).toBe("10203e0");
    expect(canonicalNumber("-0.00e7")).toBe("0");
  });
});

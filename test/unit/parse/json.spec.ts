import { JsonScanner, JsonState } from "../../../runtime/parse/json";
import { JsonType } from "../../../runtime/parse/json-value";
import { PathMode, PathTable } from "../../../runtime/parse/paths";
import { differingCut, scan, scannerFor, textOf } from "./scan";

function only(path: string, mode: PathMode): JsonScanner {
  const table = new PathTable();
  table.add(path, mode, 16);
  return new JsonScanner(table);
}

describe("a captured value", () => {
  it("is found at the top level", () => {
    expect(textOf("model", '{"messages":[],"model":"gpt-4o"}')).toBe("gpt-4o");
  });

  it("is not found inside something else", () => {
    expect(textOf("model", '{"messages":[{"model":"no"}],"metadata":{"model":"no"}}')).toBe("(none)");
    expect(textOf("model", '[{"model":"no"}]')).toBe("(none)");
    expect(textOf("model", '{"a":"\\"model\\":\\"no\\""}')).toBe("(none)");
  });

  it("is found below other keys", () => {
    expect(
      textOf("usage.prompt_tokens_details.cached_tokens", '{"usage":{"prompt_tokens_details":{"cached_tokens":7}}}'),
    ).toBe("7");
  });

  it("is found under a key that is written with escapes", () => {
    expect(textOf("model", '{"\\u006do\\u0064el":"yes"}')).toBe("yes");
  });

  it("is found under a key with other letters than ASCII", () => {
    expect(textOf("größe", '{"gr\\u00f6ße":"yes"}')).toBe("yes");
  });

  it("is not taken from a key that only begins like the wanted one", () => {
    expect(textOf("model", '{"models":"no","mode":"no","model ":"no","Model":"no"}')).toBe("(none)");
  });

  it("is decoded", () => {
    expect(textOf("a", '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u6f22\\ud83d\\ude00"}')).toBe('"\\/\b\f\n\r\té漢😀');
  });

  it("has U+FFFD for each lone surrogate", () => {
    expect(textOf("a", '{"a":"\\ud800"}')).toBe("\ufffd");
    expect(textOf("a", '{"a":"\\udc00x"}')).toBe("\ufffdx");
    expect(textOf("a", '{"a":"\\ud800\\ud83d\\ude00"}')).toBe("\ufffd😀");
    expect(textOf("a", '{"a":"\\ud800\\n\\ud800\\u0041"}')).toBe("\ufffd\n\ufffdA");
  });

  it("is cut at its bound and says so", () => {
    const value = scan(only("a", PathMode.Capture), '{"a":"0123456789abcdefghij"}').value(0);
    expect(value.text.toText()).toBe("0123456789abcdef");
    expect(value.isTruncated).toBe(true);
    expect(value.size).toBe(20);
    expect(scan(only("a", PathMode.Capture), '{"a":"0123456789abcdef"}').value(0).isTruncated).toBe(false);
  });

  it("has the type of whatever is there", () => {
    const scanner = scannerFor(["s", "n", "t", "f", "z", "o", "a", "x"]);
    scan(scanner, '{"s":"","n":0,"t":true,"f":false,"z":null,"o":{},"a":[]}');
    expect(scanner.value(0).type).toBe(JsonType.String);
    expect(scanner.value(1).type).toBe(JsonType.Number);
    expect(scanner.value(2).type).toBe(JsonType.True);
    expect(scanner.value(3).type).toBe(JsonType.False);
    expect(scanner.value(4).type).toBe(JsonType.Null);
    expect(scanner.value(5).type).toBe(JsonType.Object);
    expect(scanner.value(6).type).toBe(JsonType.Array);
    expect(scanner.value(7).type).toBe(JsonType.None);
  });

  it("has the offsets of its first byte and after its last", () => {
    const scanner = scan(scannerFor(["a", "b", "c"]), '{"a" : "xé" , "b":-1.5,"c":[1, 2] }');
    expect(scanner.value(0).start).toBe(7);
    expect(scanner.value(0).end).toBe(12);
    expect(scanner.value(1).start).toBe(19);
    expect(scanner.value(1).end).toBe(23);
    expect(scanner.value(2).start).toBe(28);
    expect(scanner.value(2).end).toBe(34);
  });

  it("stays when the document turns out to be broken", () => {
    const scanner = scan(scannerFor(["model"]), '{"model":"gpt-4o",}');
    expect(scanner.state).toBe(JsonState.Invalid);
    expect(scanner.value(0).text.toText()).toBe("gpt-4o");
  });

  it("is not there while its string is open", () => {
    const scanner = scan(scannerFor(["model"]), '{"model":"gpt');
    expect(scanner.done(1)).toBe(false);
    expect(scanner.value(0).isPresent).toBe(false);
  });

  it("is forgotten by a reset", () => {
    const scanner = scan(scannerFor(["model"]), '{"model":"gpt-4o"}');
    scan(scanner, "{}");
    expect(scanner.value(0).isPresent).toBe(false);
    expect(scanner.value(0).text.isPresent).toBe(false);
    expect(scanner.value(0).seen).toBe(0);
  });
});

describe("done", () => {
  it("is told when all wanted values are known", () => {
    const scanner = scannerFor(["model", "stream"]);
    scan(scanner, '{"model":"a","x":');
    expect(scanner.done(1)).toBe(true);
    expect(scanner.done(3)).toBe(false);
    scan(scanner, '{"model":"a","stream":true');
    expect(scanner.done(3)).toBe(true);
  });

  it("is told of an object or array as soon as its emptiness is known", () => {
    const scanner = only("choices", PathMode.Presence);
    expect(scan(scanner, '{"choices":[').done(1)).toBe(false);
    expect(scan(scanner, '{"choices":[ 1').done(1)).toBe(true);
    expect(scan(scanner, '{"choices":[]').done(1)).toBe(true);
  });
});

describe("a repeated key", () => {
  it("counts with its last value", () => {
    const value = scan(scannerFor(["model"]), '{"model":"a","model":"b"}').value(0);
    expect(value.text.toText()).toBe("b");
    expect(value.seen).toBe(2);
    expect(value.differs).toBe(true);
  });

  it("does not differ when both values are equal", () => {
    expect(scan(scannerFor(["model"]), '{"model":"ab","model":"\\u0061b"}').value(0).differs).toBe(false);
    expect(scan(scannerFor(["n"]), '{"n":10,"n":1e1}').value(0).differs).toBe(false);
    expect(scan(scannerFor(["n"]), '{"n":null,"n":null}').value(0).differs).toBe(false);
  });

  it("differs when types do", () => {
    expect(scan(scannerFor(["n"]), '{"n":"1","n":1}').value(0).differs).toBe(true);
    expect(scan(scannerFor(["n"]), '{"n":true,"n":false}').value(0).differs).toBe(true);
  });

  it("differs when the values are too long to tell", () => {
    const long = "x".repeat(20);
    expect(scan(only("a", PathMode.Capture), `{"a":"${long}","a":"${long}"}`).value(0).differs).toBe(true);
  });

  it("stays different when a third value equals the second", () => {
    expect(scan(scannerFor(["n"]), '{"n":1,"n":2,"n":2}').value(0).differs).toBe(true);
  });

  it("takes back what was found inside its first value", () => {
    const value = scan(scannerFor(["usage.total"]), '{"usage":{"total":5},"usage":null}').value(0);
    expect(value.type).toBe(JsonType.None);
    expect(value.text.isPresent).toBe(false);
    expect(value.seen).toBe(1);
  });

  it("differs across two parents", () => {
    expect(scan(scannerFor(["u.t"]), '{"u":{"t":5},"u":{"t":6}}').value(0).differs).toBe(true);
    expect(scan(scannerFor(["u.t"]), '{"u":{"t":5},"u":{"t":5}}').value(0).differs).toBe(false);
  });
});

describe("a measured path", () => {
  it("sums the decoded lengths of its strings", () => {
    const value = scan(
      only("choices[].delta.content", PathMode.Measure),
      '{"choices":[{"delta":{"content":"ab"}},{"delta":{"content":"\\u00e9\\n"}},{"delta":{"content":null}},{"delta":{}}]}',
    ).value(0);
    expect(value.strings).toBe(2);
    expect(value.bytes).toBe(5);
  });

  it("measures strings that are longer than any buffer", () => {
    const value = scan(only("a", PathMode.Measure), `{"a":"${"x".repeat(100000)}"}`).value(0);
    expect(value.bytes).toBe(100000);
  });
});

describe("presence", () => {
  it("tells an empty array from one that is not", () => {
    const scanner = only("choices", PathMode.Presence);
    expect(scan(scanner, '{"choices":[ ]}').value(0).isEmpty).toBe(true);
    expect(scan(scanner, '{"choices":[0]}').value(0).isEmpty).toBe(false);
  });

  it("tells an empty object from one that is not", () => {
    const scanner = only("usage", PathMode.Presence);
    expect(scan(scanner, '{"usage":{}}').value(0).isEmpty).toBe(true);
    expect(scan(scanner, '{"usage":{"a":{}}}').value(0).isEmpty).toBe(false);
  });

  it("leaves the end open until the bracket closes", () => {
    const scanner = only("a", PathMode.Presence);
    expect(scan(scanner, '{"a":[1').value(0).end).toBe(-1);
    expect(scan(scanner, '{"a":[1]').value(0).end).toBe(8);
  });
});

describe("the root", () => {
  it("has the offsets of its brackets", () => {
    const scanner = scan(scannerFor([]), ' {"a":{}} ');
    expect(scanner.rootType).toBe(JsonType.Object);
    expect(scanner.rootOpen).toBe(1);
    expect(scanner.rootClose).toBe(8);
    expect(scanner.isRootEmpty).toBe(false);
  });

  it("may be empty", () => {
    expect(scan(scannerFor([]), "{ }").isRootEmpty).toBe(true);
  });

  it("counts a byte order mark into the offsets", () => {
    expect(scan(scannerFor([]), "\ufeff{}").rootOpen).toBe(3);
  });

  it("may be a number that only the end of the body ends", () => {
    const scanner = scan(scannerFor([]), "12");
    expect(scanner.state).toBe(JsonState.Complete);
    expect(scanner.rootType).toBe(JsonType.Number);
  });
});

describe("the statistics of text", () => {
  it("sum the raw bytes of string values, not of keys", () => {
    const scanner = scan(scannerFor(["model"]), '{"model":"abc","messages":[{"content":"h\\n"},["x","é"]]}');
    expect(scanner.textBytes).toBe(9);
    expect(scanner.mediaItems).toBe(0);
  });

  it("count data URLs as media", () => {
    const scanner = scan(scannerFor([]), '{"image_url":{"url":"data:image/png;base64,AAAA"},"text":"hello"}');
    expect(scanner.mediaItems).toBe(1);
    expect(scanner.mediaBytes).toBe(26);
    expect(scanner.textBytes).toBe(5);
  });

  it("count long strings under data, bytes and b64_json as media", () => {
    const long = "A".repeat(257);
    const scanner = scan(
      scannerFor([]),
      `{"a":{"data":"${long}"},"bytes":"${long}","b64_json":"${long}","other":"${long}"}`,
    );
    expect(scanner.mediaItems).toBe(3);
    expect(scanner.textBytes).toBe(257);
  });

  it("count short strings under these keys as text", () => {
    expect(scan(scannerFor([]), '{"data":"short"}').textBytes).toBe(5);
  });

  it("count strings in an array under these keys as text", () => {
    expect(scan(scannerFor([]), `{"data":["${"A".repeat(300)}"]}`).textBytes).toBe(300);
  });
});

describe("a document in pieces", () => {
  it("gives the same answer wherever it is cut", () => {
    const table = new PathTable();
    table.add("model");
    table.add("usage.n");
    table.add("choices[].text", PathMode.Measure);
    table.add("choices", PathMode.Presence);
    table.add("long", PathMode.Capture, 5);
    const scanner = new JsonScanner(table);
    const text =
      '\ufeff {"\\u006dodel" :"a\\n\\u00e9\\ud83d\\ude00" , "usage":{"n":-12.50e2},"choices":[{"text":"é\\u0041"},{"text":"data:x"}],' +
      '"model":"😀","long":"0123456789","usage":{"n":7},"deep":[[[{"model":[true,false,null]}]]]}';
    expect(scan(scanner, text).state).toBe(JsonState.Complete);
    expect(differingCut(scanner, 5, text)).toBe("");
  });

  it("breaks at the same byte wherever it is cut", () => {
    const broken = ['{"a":"x\\u12x4"}', '{"a":nulx}', '{"a":1.e5}', '{"a":"b\nc"}', '{"a":[1,2,]}', "\ufeff\ufeff"];
    for (let i = 0; i < broken.length; i++) expect(differingCut(scannerFor(["a"]), 1, broken[i])).toBe("");
  });
});

import { MAX_PATHS, MAX_SEGMENTS, PathMode, PathTable } from "../../../runtime/parse/paths";
import { JsonType } from "../../../runtime/parse/json-value";
import { scan, scannerFor, textOf } from "./scan";

describe("a path table", () => {
  it("answers the index of a path that is added again", () => {
    const table = new PathTable();
    expect(table.add("model")).toBe(0);
    expect(table.add("usage.prompt_tokens")).toBe(1);
    expect(table.add("model")).toBe(0);
  });

  it("keeps one path per mode", () => {
    const table = new PathTable();
    expect(table.add("choices", PathMode.Capture)).toBe(0);
    expect(table.add("choices", PathMode.Presence)).toBe(1);
  });

  it("keeps the larger of two bounds", () => {
    const table = new PathTable();
    table.add("model", PathMode.Capture, 10);
    table.add("model", PathMode.Capture, 300);
    table.add("model", PathMode.Capture, 20);
    expect(table.valueBytesAt(0)).toBe(300);
  });

  it("takes 64 paths and refuses the next", () => {
    const table = new PathTable();
    for (let i = 0; i < MAX_PATHS; i++) expect(table.add("path" + i.toString())).toBe(i);
    expect(table.add("one_more")).toBe(-1);
  });

  it("refuses what is no path", () => {
    const wrong = ["", ".", "a.", ".a", "a..b", "a[", "a[0]", "a[]b", "a]["];
    for (let i = 0; i < wrong.length; i++) expect(new PathTable().add(wrong[i])).toBe(-1, wrong[i]);
  });

  it("refuses a path that is too deep", () => {
    let path = "a";
    for (let i = 1; i < MAX_SEGMENTS; i++) path += ".a";
    expect(new PathTable().add(path)).toBe(0);
    expect(new PathTable().add(path + ".a")).toBe(-1);
  });

  it("finds its deepest path", () => {
    let path = "a";
    let text = "7";
    for (let i = 1; i < MAX_SEGMENTS; i++) path += ".a";
    for (let i = 0; i < MAX_SEGMENTS; i++) text = `{"a":${text}}`;
    expect(textOf(path, text)).toBe("7");
    expect(textOf(path, `{"a":${text}}`)).toBe("(none)");
  });

  it("takes a dot behind a backslash as a part of the key", () => {
    expect(textOf("a\\.b.c", '{"a":{"b":{"c":"no"}},"a.b":{"c":"yes"}}')).toBe("yes");
  });

  it("tells keys apart that share length, first and last bytes", () => {
    expect(textOf("abcdXefgh", '{"abcdYefgh":"no"}')).toBe("(none)");
    expect(textOf("abcdXefgh", '{"abcdYefgh":"no","abcdXefgh":"yes"}')).toBe("yes");
  });

  it("finds a key by all of its bytes, whatever its length", () => {
    const letters = "abcdefghijklmnopqrst";
    for (let length = 1; length <= letters.length; length++) {
      const key = letters.substring(0, length);
      const scanner = scannerFor([key]);
      expect(scan(scanner, `{"${key}":1}`).value(0).integer).toBe(1, key);
      for (let at = 0; at < length; at++) {
        const other = key.substring(0, at) + "Z" + key.substring(at + 1);
        expect(scan(scanner, `{"${other}":1}`).value(0).isPresent).toBe(false, other);
      }
    }
  });

  it("finds keys of one, two and three bytes", () => {
    const scanner = scan(scannerFor(["n", "id", "top"]), '{"n":1,"id":2,"top":3,"m":4,"di":5,"pot":6}');
    expect(scanner.value(0).integer).toBe(1);
    expect(scanner.value(1).integer).toBe(2);
    expect(scanner.value(2).integer).toBe(3);
  });

  it("takes [] for the elements of an array only", () => {
    expect(textOf("a[].b", '{"a":{"b":"no"}}')).toBe("(none)");
    expect(textOf("a[].b", '{"a":[{"b":"yes"}]}')).toBe("yes");
    expect(textOf("a.b", '{"a":[{"b":"no"}]}')).toBe("(none)");
    expect(textOf("[].b", '[{"b":"yes"}]')).toBe("yes");
    expect(textOf("a[][]", '{"a":[["yes"]]}')).toBe("yes");
  });

  it("answers an empty value for an index that is none", () => {
    const scanner = scan(scannerFor(["model"]), '{"model":"x"}');
    expect(scanner.value(1).type).toBe(JsonType.None);
    expect(scanner.value(-1).type).toBe(JsonType.None);
    expect(scanner.value(i32.MAX_VALUE).type).toBe(JsonType.None);
  });
});

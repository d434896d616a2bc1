import { JsonScanner } from "../../../runtime/parse/json";
import { JsonType } from "../../../runtime/parse/json-value";
import { PathMode, PathTable } from "../../../runtime/parse/paths";
import { scan, scannerFor } from "./scan";

const scanner = scannerFor(["n"]);

function integer(number: string): i64 {
  const value = scan(scanner, `{"n":${number}}`).value(0);
  return value.isExact ? value.integer : i64.MIN_VALUE + 1;
}

function isWhole(number: string): bool {
  return scan(scanner, `{"n":${number}}`).value(0).isInteger;
}

function overflows(number: string): bool {
  return scan(scanner, `{"n":${number}}`).value(0).overflows;
}

describe("a JSON number", () => {
  it("is read exactly over the whole range of i64", () => {
    expect(integer("0")).toBe(0);
    expect(integer("9007199254740993")).toBe(9007199254740993);
    expect(integer("9223372036854775807")).toBe(i64.MAX_VALUE);
    expect(integer("-9223372036854775808")).toBe(i64.MIN_VALUE);
  });

  it("is whole however it is written", () => {
    expect(integer("12.0")).toBe(12);
    expect(integer("12.000")).toBe(12);
    expect(integer("1e3")).toBe(1000);
    expect(integer("1.25e2")).toBe(125);
    expect(integer("1200e-2")).toBe(12);
    expect(integer("-5E+0")).toBe(-5);
    expect(integer("1000000000000000000000e-20")).toBe(10);
    expect(integer("0.00000000000000000001e20")).toBe(1);
  });

  it("is zero with any exponent", () => {
    expect(integer("0e999999999999")).toBe(0);
    expect(integer("-0.0e-5")).toBe(0);
  });

  it("is not whole with a fraction", () => {
    expect(isWhole("1.5")).toBe(false);
    expect(isWhole("1e-1")).toBe(false);
    expect(isWhole("125e-2")).toBe(false);
    expect(isWhole("0.1234567890123456789012345678901")).toBe(false);
    expect(isWhole("1e-999999999999999999999999")).toBe(false);
  });

  it("overflows beyond i64 and stops at the nearest", () => {
    expect(overflows("9223372036854775808")).toBe(true);
    expect(overflows("-9223372036854775809")).toBe(true);
    expect(overflows("18446744073709551616")).toBe(true);
    expect(overflows("1e19")).toBe(true);
    expect(overflows("1e99999999999999999999")).toBe(true);
    expect(scan(scanner, '{"n":1e40}').value(0).integer).toBe(i64.MAX_VALUE);
    expect(scan(scanner, '{"n":-1e40}').value(0).integer).toBe(i64.MIN_VALUE);
  });

  it("knows its sign", () => {
    expect(scan(scanner, '{"n":-3}').value(0).isNegative).toBe(true);
    expect(scan(scanner, '{"n":-0}').value(0).isNegative).toBe(false);
    expect(scan(scanner, '{"n":3}').value(0).isNegative).toBe(false);
  });

  it("keeps its text, for decimals", () => {
    expect(scan(scanner, '{"n":0.0125}').value(0).text.toText()).toBe("0.0125");
    expect(scan(scanner, '{"n":1.50E-2 }').value(0).text.toText()).toBe("1.50E-2");
  });

  it("is exact even when its text is cut", () => {
    const table = new PathTable();
    table.add("n", PathMode.Capture, 4);
    const value = scan(new JsonScanner(table), '{"n":1234567}').value(0);
    expect(value.text.toText()).toBe("1234");
    expect(value.isTruncated).toBe(true);
    expect(value.integer).toBe(1234567);
  });

  it("has no value where only its presence is wanted", () => {
    const table = new PathTable();
    table.add("n", PathMode.Presence);
    const value = scan(new JsonScanner(table), '{"n":1234567}').value(0);
    expect(value.type).toBe(JsonType.Number);
    expect(value.isInteger).toBe(false);
    expect(value.start).toBe(5);
    expect(value.end).toBe(12);
  });
});

import { parseNano } from "../../../filters/retry-guard/amount";
import { Bytes } from "../../../runtime/bytes/bytes";

describe("a cost in filter state", () => {
  it("is read exactly, in units of 1e-9", () => {
    expect(parseNano(Bytes.constant("0"))).toBe(0);
    expect(parseNano(Bytes.constant("12.5"))).toBe(12_500_000_000);
    expect(parseNano(Bytes.constant("0.000000001"))).toBe(1);
    expect(parseNano(Bytes.constant("0.0000000019"))).toBe(1);
    expect(parseNano(Bytes.constant("3"))).toBe(3_000_000_000);
  });

  it("is nothing where it is no amount, or too much", () => {
    const texts = ["", "-1", ".5", "1.2.3", "1e3", "x", "99999999999", "9".repeat(41)];
    for (let i = 0; i < texts.length; i++) expect(parseNano(Bytes.constant(texts[i]))).toBe(0, texts[i]);
    expect(parseNano(Bytes.absent())).toBe(0);
  });
});

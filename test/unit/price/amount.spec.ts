import { ByteBuffer } from "../../../runtime/bytes/buffer";
import { addAmounts, appendAmount } from "../../../runtime/price/amount";
import { civilDay, daysOf, NO_DATE, parseDate } from "../../../runtime/price/date";
import { WideSum } from "../../../runtime/price/wide";

function written(amount: i64): string {
  return appendAmount(new ByteBuffer(16), amount).view().toText();
}

describe("amounts", () => {
  it("are plain decimals without needless zeros", () => {
    expect(written(0)).toBe("0");
    expect(written(1)).toBe("0.000000000001");
    expect(written(10)).toBe("0.00000000001");
    expect(written(1_000_000_000_000)).toBe("1");
    expect(written(1_500_000_000_000)).toBe("1.5");
    expect(written(12_000_340_000_000)).toBe("12.00034");
    expect(written(-2_500_000_000_000)).toBe("-2.5");
    expect(written(i64.MAX_VALUE)).toBe("9223372.036854775807");
    expect(written(i64.MIN_VALUE)).toBe("-9223372.036854775808");
  });

  it("stop at the ends of the numbers", () => {
    expect(addAmounts(1, 2)).toBe(3);
    expect(addAmounts(i64.MAX_VALUE, 1)).toBe(i64.MAX_VALUE);
    expect(addAmounts(i64.MIN_VALUE, -1)).toBe(i64.MIN_VALUE);
    expect(addAmounts(i64.MAX_VALUE, i64.MIN_VALUE)).toBe(-1);
  });
});

describe("wide sums", () => {
  it("hold products that are longer than 64 bits", () => {
    const sum = new WideSum().addProduct(u64.MAX_VALUE, 1_000_000);
    expect(sum.dividedBy(1_000_000)).toBe(u64.MAX_VALUE);
    expect(sum.isOverflow).toBe(false);
  });

  it("round half up", () => {
    expect(new WideSum().addProduct(5, 1).dividedBy(10)).toBe(1);
    expect(new WideSum().addProduct(4, 1).dividedBy(10)).toBe(0);
    expect(new WideSum().addProduct(1, 1).dividedBy(3)).toBe(0);
    expect(new WideSum().addProduct(2, 1).dividedBy(3)).toBe(1);
    expect(new WideSum().addProduct(7, 1).dividedBy(1)).toBe(7);
  });

  it("say when they overflow", () => {
    const sum = new WideSum().addProduct(u64.MAX_VALUE, 2);
    expect(sum.dividedBy(1)).toBe(u64.MAX_VALUE);
    expect(sum.isOverflow).toBe(true);
    sum.clear();
    for (let i = 0; i < 3; i++) sum.addProduct(u64.MAX_VALUE, u64.MAX_VALUE);
    expect(sum.isOverflow).toBe(true);
    const rounded = new WideSum().addProduct(u64.MAX_VALUE, 10).addProduct(5, 1);
    expect(rounded.dividedBy(10)).toBe(u64.MAX_VALUE);
    expect(rounded.isOverflow).toBe(true);
  });
});

describe("dates", () => {
  it("are days since 1970", () => {
    expect(parseDate("1970-01-01")).toBe(0);
    expect(parseDate("2024-02-29")).toBe(19782);
    expect(parseDate("2026-11-01")).toBe(20758);
    expect(parseDate("2026-02-29")).toBe(parseDate("2026-03-01"));
    expect(parseDate("2026-02-30")).toBe(NO_DATE);
    expect(parseDate("2026-13-01")).toBe(NO_DATE);
    expect(parseDate("2026-1-01")).toBe(NO_DATE);
  });

  it("go back and forth", () => {
    for (let day = -1_000_000; day < 1_000_000; day += 97) {
      civilDay.set(day);
      if (daysOf(civilDay.year, civilDay.month, civilDay.day) != day) expect(day).toBe(0);
    }
    civilDay.set(20758);
    expect(civilDay.year * 10000 + civilDay.month * 100 + civilDay.day).toBe(20261101);
  });
});

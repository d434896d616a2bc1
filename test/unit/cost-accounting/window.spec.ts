import { ByteBuffer } from "../../../runtime/bytes/buffer";
import { appendTime } from "../../../filters/cost-accounting/period";
import { NO_OFFSET, parseOffset, Window, WindowKind } from "../../../filters/cost-accounting/window";
import { parseDate } from "../../../runtime/price/date";

const DAY: i64 = 86_400;
const HOUR: i64 = 3600;

function at(date: string, hours: i64 = 0): i64 {
  return <i64>parseDate(date) * DAY + hours * HOUR;
}

function shown(seconds: i64, offset: i32 = 0): string {
  const text = new ByteBuffer(32);
  appendTime(text, seconds, offset);
  return text.view().toText();
}

function period(kind: WindowKind, offset: string, now: i64): string {
  const seconds = parseOffset(offset);
  const window = new Window(kind, seconds);
  const start = window.startOf(now, 0);
  return shown(start, seconds) + " " + shown(window.endOf(start), seconds);
}

describe("windows", () => {
  it("are days from midnight", () => {
    expect(period(WindowKind.Day, "Z", at("2026-11-21", 23))).toBe("2026-11-21T00:00:00Z 2026-11-22T00:00:00Z");
    expect(period(WindowKind.Day, "Z", at("2026-11-21"))).toBe("2026-11-21T00:00:00Z 2026-11-22T00:00:00Z");
    expect(period(WindowKind.Day, "Z", at("2026-11-21") - 1)).toBe("2026-11-20T00:00:00Z 2026-11-21T00:00:00Z");
  });

  it("are weeks from Monday", () => {
    expect(period(WindowKind.Week, "Z", at("2026-11-21", 5))).toBe("2026-11-16T00:00:00Z 2026-11-23T00:00:00Z");
    expect(period(WindowKind.Week, "Z", at("2026-11-16"))).toBe("2026-11-16T00:00:00Z 2026-11-23T00:00:00Z");
    expect(period(WindowKind.Week, "Z", at("2026-11-16") - 1)).toBe("2026-11-09T00:00:00Z 2026-11-16T00:00:00Z");
    expect(period(WindowKind.Week, "Z", at("1969-12-30"))).toBe("1969-12-29T00:00:00Z 1970-01-05T00:00:00Z");
  });

  it("are months, whatever their length", () => {
    expect(period(WindowKind.Month, "Z", at("2026-02-28", 23))).toBe("2026-02-01T00:00:00Z 2026-03-01T00:00:00Z");
    expect(period(WindowKind.Month, "Z", at("2028-02-29", 23))).toBe("2028-02-01T00:00:00Z 2028-03-01T00:00:00Z");
    expect(period(WindowKind.Month, "Z", at("2100-02-28", 23))).toBe("2100-02-01T00:00:00Z 2100-03-01T00:00:00Z");
    expect(period(WindowKind.Month, "Z", at("2026-12-31", 23))).toBe("2026-12-01T00:00:00Z 2027-01-01T00:00:00Z");
    expect(period(WindowKind.Month, "Z", at("2026-04-30", 23))).toBe("2026-04-01T00:00:00Z 2026-05-01T00:00:00Z");
  });

  it("begin at the offset's midnight", () => {
    const evening = at("2026-10-31", 17); // the 1st of November, 01:00, at +08:00
    const east = "2026-11-01T00:00:00+08:00 2026-12-01T00:00:00+08:00";
    expect(period(WindowKind.Month, "+08:00", evening)).toBe(east);
    expect(period(WindowKind.Month, "-03:30", evening)).toBe("2026-10-01T00:00:00-03:30 2026-11-01T00:00:00-03:30");
    expect(period(WindowKind.Day, "+14:00", at("2026-11-21", 10))).toBe(
      "2026-11-22T00:00:00+14:00 2026-11-23T00:00:00+14:00",
    );
    expect(period(WindowKind.Week, "-12:00", at("2026-11-16", 11))).toBe(
      "2026-11-09T00:00:00-12:00 2026-11-16T00:00:00-12:00",
    );
  });

  it("are 30 days from the first call", () => {
    const window = new Window(WindowKind.ThirtyDays, 0);
    const start = at("2026-11-21", 5);
    expect(window.startOf(start, 0)).toBe(start);
    expect(window.startOf(start + 30 * DAY - 1, start)).toBe(start);
    expect(window.startOf(start + 30 * DAY, start)).toBe(start + 30 * DAY);
    expect(window.startOf(start - 5, start)).toBe(start);
    expect(window.startOf(start - 2 * DAY, start)).toBe(start - 2 * DAY);
    expect(window.endOf(start)).toBe(start + 30 * DAY);
  });

  it("touch each other without a gap", () => {
    for (let kind = 0; kind < 3; kind++) {
      const window = new Window(<WindowKind>kind, 8 * 3600);
      let start = window.startOf(at("1999-12-01"), 0);
      for (let i = 0; i < 2000; i++) {
        const end = window.endOf(start);
        if (window.startOf(end - 1, 0) != start || window.startOf(end, 0) != end) expect(end).toBe(start);
        start = end;
      }
    }
  });
});

describe("offsets", () => {
  it("are hours and minutes", () => {
    expect(parseOffset("Z")).toBe(0);
    expect(parseOffset("+08:00")).toBe(28_800);
    expect(parseOffset("-03:30")).toBe(-12_600);
    expect(parseOffset("+14:59")).toBe(53_940);
    expect(parseOffset("+15:00")).toBe(NO_OFFSET);
    expect(parseOffset("+8:00")).toBe(NO_OFFSET);
    expect(parseOffset("08:00")).toBe(NO_OFFSET);
    expect(parseOffset("+08:60")).toBe(NO_OFFSET);
    expect(parseOffset("")).toBe(NO_OFFSET);
  });
});

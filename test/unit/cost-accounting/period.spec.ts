import { ByteBuffer } from "../../../runtime/bytes/buffer";
import { appendPeriod } from "../../../filters/cost-accounting/period";
import { Window, WindowKind } from "../../../filters/cost-accounting/window";
import { daysOf } from "../../../runtime/price/date";

const DAY: i64 = 86_400;
const out = new ByteBuffer(64);

function name(kind: WindowKind, offset: i32, now: i64): string {
  const window = new Window(kind, offset);
  appendPeriod(out.clear(), window, window.firstDay(now));
  return String.UTF8.decodeUnsafe(out.ptr, out.length);
}

function at(year: i32, month: i32, day: i32): i64 {
  return <i64>daysOf(year, month, day) * DAY;
}

describe("the name of a period", () => {
  it("is the month, in its own time zone", () => {
    expect(name(WindowKind.Month, 8 * 3600, at(2026, 11, 30) + 15 * 3600)).toBe("2026-11+08:00");
    expect(name(WindowKind.Month, 8 * 3600, at(2026, 11, 30) + 16 * 3600)).toBe("2026-12+08:00");
    expect(name(WindowKind.Month, -(3 * 3600 + 1800), at(2027, 1, 1))).toBe("2026-12-03:30");
    expect(name(WindowKind.Month, 0, at(2028, 2, 29))).toBe("2028-02Z");
  });

  it("is the week of ISO 8601, whose year is that of its Thursday", () => {
    expect(name(WindowKind.Week, 0, at(2026, 11, 21))).toBe("2026-W47Z");
    expect(name(WindowKind.Week, 0, at(2027, 1, 3))).toBe("2026-W53Z");
    expect(name(WindowKind.Week, 0, at(2027, 1, 4))).toBe("2027-W01Z");
    expect(name(WindowKind.Week, 0, at(2025, 12, 29))).toBe("2026-W01Z");
    expect(name(WindowKind.Week, 3600, at(2025, 12, 28) + 23 * 3600)).toBe("2026-W01+01:00");
  });

  it("is the day", () => {
    expect(name(WindowKind.Day, 0, at(2026, 3, 1) - 1)).toBe("2026-02-28Z");
    expect(name(WindowKind.Day, 14 * 3600, at(2026, 3, 1) - 1)).toBe("2026-03-01+14:00");
  });

  it("changes exactly where the period ends", () => {
    const kinds: WindowKind[] = [WindowKind.Day, WindowKind.Week, WindowKind.Month];
    for (let k = 0; k < kinds.length; k++) {
      const window = new Window(kinds[k], 5 * 3600 + 45 * 60);
      let start = window.startOf(at(2023, 12, 20), 0);
      for (let i = 0; i < 120; i++) {
        const end = window.endOf(start);
        const own = name(kinds[k], window.offsetSeconds, start);
        expect(name(kinds[k], window.offsetSeconds, end - 1)).toBe(own);
        expect(name(kinds[k], window.offsetSeconds, end)).not.toBe(own);
        start = end;
      }
    }
  });
});

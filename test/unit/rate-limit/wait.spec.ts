import { ByteBuffer } from "../../../runtime/bytes/buffer";
import { appendDuration, appendMoment, millisUp, secondsUp } from "../../../filters/rate-limit/wait";

const out = new ByteBuffer(64);
const milli: i64 = 1_000_000;
const second: i64 = 1_000_000_000;

function duration(nanos: i64): string {
  return appendDuration(out.clear(), nanos).view().toText();
}

function moment(nanos: i64): string {
  return appendMoment(out.clear(), nanos).view().toText();
}

describe("times in headers", () => {
  it("are rounded up, so that who waits them has waited long enough", () => {
    expect(secondsUp(0)).toBe(0);
    expect(secondsUp(-5)).toBe(0);
    expect(secondsUp(1)).toBe(1);
    expect(secondsUp(second)).toBe(1);
    expect(secondsUp(second + 1)).toBe(2);
    expect(millisUp(milli)).toBe(1);
    expect(millisUp(milli + 1)).toBe(2);
  });

  it("are durations as OpenAI writes them", () => {
    expect(duration(0)).toBe("0ms");
    expect(duration(1)).toBe("1ms");
    expect(duration(20 * milli)).toBe("20ms");
    expect(duration(second)).toBe("1s");
    expect(duration(7660 * milli)).toBe("7.66s");
    expect(duration(60 * second)).toBe("1m0s");
    expect(duration(86400 * milli)).toBe("1m26.4s");
    expect(duration(3723 * second)).toBe("1h2m3s");
    expect(duration(3600 * second + 5 * milli)).toBe("1h0m0.005s");
  });

  it("are moments as RFC 3339 writes them", () => {
    expect(moment(0)).toBe("1970-01-01T00:00:00Z");
    expect(moment(1_793_707_200 * second)).toBe("2026-11-03T12:00:00Z");
    expect(moment(1_793_707_200 * second + 1)).toBe("2026-11-03T12:00:01Z");
    expect(moment(951_827_696 * second)).toBe("2000-02-29T12:34:56Z");
  });
});

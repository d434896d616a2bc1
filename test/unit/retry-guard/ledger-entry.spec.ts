import {
  begin,
  costNanoOf,
  End,
  ENTRY_BYTES,
  evictionScore,
  finish,
  hasOtherBody,
  isExpired,
  join,
  Original,
  originalIn,
  requestIdOf,
  setBody,
} from "../../../filters/retry-guard/ledger-entry";
import { Bytes } from "../../../runtime/bytes/bytes";

const WINDOW: i64 = 600_000;
const NOW: i64 = 1_700_000_000_000;
const ID = Bytes.constant("7c5b1d3e-0000-4000-8000-000000000001");
const entry: usize = memory.data(80, 8);

function fresh(): void {
  begin(entry, NOW, ID.ptr, ID.length);
}

describe("an entry", () => {
  it("tells how its call stands", () => {
    expect(ENTRY_BYTES).toBe(80);
    fresh();
    expect(originalIn(entry)).toBe(Original.Running);
    finish(entry, NOW, End.Completed, 42);
    expect(originalIn(entry)).toBe(Original.Completed);
    expect(costNanoOf(entry)).toBe(42);
    expect(requestIdOf(entry).toText()).toBe("7c5b1d3e-0000-4000-8000-000000000001");
  });

  it("tells each way of ending", () => {
    fresh();
    finish(entry, NOW, End.Free, 0);
    expect(originalIn(entry)).toBe(Original.Free);
    fresh();
    finish(entry, NOW, End.Failed, 0);
    expect(originalIn(entry)).toBe(Original.Failed);
    fresh();
    finish(entry, NOW, End.Unfinished, 0);
    expect(originalIn(entry)).toBe(Original.Unfinished);
    fresh();
    finish(entry, NOW, End.None, 0);
    expect(originalIn(entry)).toBe(Original.Missing);
  });

  it("runs as long as one of its calls does, and keeps the end that cost most", () => {
    fresh();
    finish(entry, NOW, End.Failed, 0);
    join(entry, NOW, true);
    expect(originalIn(entry)).toBe(Original.Running);
    join(entry, NOW, true);
    finish(entry, NOW, End.Completed, 7);
    expect(originalIn(entry)).toBe(Original.Running);
    finish(entry, NOW, End.Free, 0);
    expect(originalIn(entry)).toBe(Original.Completed);
    expect(costNanoOf(entry)).toBe(7);
  });

  it("is not changed by a repeat that was stopped", () => {
    fresh();
    finish(entry, NOW, End.Unfinished, 0);
    join(entry, NOW, true);
    finish(entry, NOW, End.None, 0);
    expect(originalIn(entry)).toBe(Original.Unfinished);
  });

  it("is ambiguous once two calls are equal", () => {
    fresh();
    join(entry, NOW, false);
    finish(entry, NOW, End.Completed, 0);
    finish(entry, NOW, End.Completed, 0);
    expect(originalIn(entry)).toBe(Original.Ambiguous);
  });

  it("never counts below nothing, or over", () => {
    fresh();
    finish(entry, NOW, End.Free, 0);
    finish(entry, NOW, End.Free, 0);
    expect(originalIn(entry)).toBe(Original.Free);
    for (let i = 0; i < 70_000; i++) join(entry, NOW, true);
    for (let i = 0; i < 65_535; i++) finish(entry, NOW, End.Free, 0);
    expect(originalIn(entry)).toBe(Original.Free);
  });

  it("expires by age, and by a clock that was set back", () => {
    fresh();
    expect(isExpired(entry, NOW, WINDOW)).toBe(false);
    expect(isExpired(entry, NOW + WINDOW, WINDOW)).toBe(false);
    expect(isExpired(entry, NOW + WINDOW + 1, WINDOW)).toBe(true);
    expect(isExpired(entry, NOW - 1000, WINDOW)).toBe(false);
    expect(isExpired(entry, NOW - WINDOW - 1, WINDOW)).toBe(true);
    expect(isExpired(entry, NOW + 1, 0)).toBe(true);
  });

  it("is not made older by a clock that steps back", () => {
    fresh();
    join(entry, NOW - 5000, true);
    finish(entry, NOW - 5000, End.Completed, 0);
    expect(isExpired(entry, NOW + WINDOW, WINDOW)).toBe(false);
  });

  it("compares bodies where both are known", () => {
    fresh();
    expect(hasOtherBody(entry, 1, 2)).toBe(false);
    setBody(entry, 1, 2);
    expect(hasOtherBody(entry, 1, 2)).toBe(false);
    expect(hasOtherBody(entry, 1, 3)).toBe(true);
    expect(hasOtherBody(entry, 2, 2)).toBe(true);
  });

  it("cuts long ids", () => {
    const long = Bytes.constant("x".repeat(200));
    begin(entry, NOW, long.ptr, long.length);
    expect(requestIdOf(entry).length).toBe(39);
    expect(originalIn(entry)).toBe(Original.Running);
  });

  it("goes when it is the oldest, and running ones last", () => {
    fresh();
    const running = evictionScore(entry);
    finish(entry, NOW, End.Completed, 0);
    const done = evictionScore(entry);
    begin(entry, NOW - 1, ID.ptr, ID.length);
    finish(entry, NOW - 1, End.Completed, 0);
    const older = evictionScore(entry);
    expect(running).toBeGreaterThan(-1);
    expect(done).toBeGreaterThan(running);
    expect(older).toBeGreaterThan(done);
    store<i64>(entry, i64.MAX_VALUE);
    expect(evictionScore(entry)).toBeGreaterThan(-1);
    store<i64>(entry, i64.MIN_VALUE);
    expect(evictionScore(entry)).toBeGreaterThan(-1);
  });
});

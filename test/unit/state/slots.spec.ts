import { Bytes } from "../../../runtime/bytes/bytes";
import { HASH_BYTES, HEADER_BYTES, SlotLayout } from "../../../runtime/state/slots";

const layout = new SlotLayout(3, 24);
const memoryOf: usize = memory.data(4096, 8);

function group(count: i32): Bytes {
  for (let i = 0; i < count; i++) layout.reset(memoryOf, i, <u64>i, <u64>i + 100);
  layout.setCount(memoryOf, count);
  return Bytes.view(memoryOf, layout.groupBytes(count));
}

describe("a group of slots", () => {
  test("tells how many slots it has", () => {
    expect(layout.countIn(group(0))).toBe(0);
    expect(layout.countIn(group(7))).toBe(7);
  });

  test("is not misread when cut, longer, of another version or of another size", () => {
    const bytes = group(7);
    for (let length = 0; length < bytes.length; length++) expect(layout.countIn(bytes.slice(0, length))).toBe(-1);
    expect(layout.countIn(Bytes.view(memoryOf, bytes.length + 1))).toBe(-1);
    expect(layout.countIn(Bytes.view(memoryOf, layout.groupBytes(8)))).toBe(-1);
    expect(new SlotLayout(4, 24).countIn(bytes)).toBe(-1);
    expect(new SlotLayout(3, 32).countIn(bytes)).toBe(-1);
    store<u32>(memoryOf, 0xffffffff, 4);
    expect(layout.countIn(bytes)).toBe(-1);
    expect(layout.countIn(Bytes.absent())).toBe(-1);
  });

  test("finds a key by both words of its hash", () => {
    group(7);
    expect(layout.find(memoryOf, 7, 4, 104)).toBe(4);
    expect(layout.find(memoryOf, 7, 4, 105)).toBe(-1);
    expect(layout.find(memoryOf, 7, 5, 104)).toBe(-1);
    expect(layout.find(memoryOf, 4, 4, 104)).toBe(-1);
  });

  test("starts a slot with zeros and leaves its neighbours alone", () => {
    group(3);
    for (let i = 0; i < 3; i++) store<u64>(layout.payload(memoryOf, i), 0xffffffffffffffff, 16);
    layout.reset(memoryOf, 1, 9, 9);
    expect(load<u64>(layout.payload(memoryOf, 0), 16)).toBe(u64.MAX_VALUE);
    expect(load<u64>(layout.payload(memoryOf, 1), 16)).toBe(0);
    expect(load<u64>(layout.payload(memoryOf, 2), 16)).toBe(u64.MAX_VALUE);
    expect(layout.find(memoryOf, 3, 9, 9)).toBe(1);
  });

  test("copies a slot with its hash", () => {
    group(3);
    store<u64>(layout.payload(memoryOf, 2), 77, 8);
    layout.copy(memoryOf, 0, 2);
    expect(layout.find(memoryOf, 3, 2, 102)).toBe(0);
    expect(load<u64>(layout.payload(memoryOf, 0), 8)).toBe(77);
    expect(<i32>(layout.payload(memoryOf, 0) - memoryOf)).toBe(HEADER_BYTES + HASH_BYTES);
  });
});

import { areSame } from "../../../runtime/bytes/same";

const a = new StaticArray<u8>(64);
const b = new StaticArray<u8>(64);

describe("sameness of bytes", () => {
  it("counts each byte, at any place, and none behind", () => {
    for (let from = 0; from < 3; from++) {
      for (let length = 0; length < 40; length++) {
        for (let i = 0; i < 64; i++) a[i] = b[i] = <u8>(i * 7);
        const x = changetype<usize>(a) + <usize>from;
        const y = changetype<usize>(b) + <usize>from;
        expect(areSame(x, y, length)).toBe(true);
        b[from + length] ^= 1;
        expect(areSame(x, y, length)).toBe(true);
        b[from + length] ^= 1;
        for (let i = 0; i < length; i++) {
          b[from + i] ^= 0x80;
          expect(areSame(x, y, length)).toBe(false);
          b[from + i] ^= 0x80;
        }
      }
    }
  });

  it("of nothing is always so", () => {
    expect(areSame(0, changetype<usize>(a), 0)).toBe(true);
  });
});

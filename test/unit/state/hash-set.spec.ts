import { HashSet } from "../../../runtime/state/hash-set";

describe("a set of hashes", () => {
  test("has what was added, and nothing else", () => {
    const set = new HashSet();
    for (let i: u64 = 0; i < 1000; i++) expect(set.add(i * 7, i << 12)).toBe(true);
    expect(set.count).toBe(1000);
    for (let i: u64 = 0; i < 1000; i++) {
      expect(set.has(i * 7, i << 12)).toBe(true);
      expect(set.has(i * 7 + 1, i << 12)).toBe(false);
    }
  });

  test("takes the hash of zeros", () => {
    const set = new HashSet();
    expect(set.has(0, 0)).toBe(false);
    expect(set.add(0, 0)).toBe(true);
    expect(set.has(0, 0)).toBe(true);
  });

  test("counts a hash once", () => {
    const set = new HashSet();
    expect(set.add(1, 2)).toBe(true);
    expect(set.add(1, 2)).toBe(false);
    expect(set.count).toBe(1);
  });
});

import { Bytes } from "../../../runtime/bytes/bytes";
import { HeaderNames } from "../../../runtime/host/header-names";

function namesOf(texts: string[]): HeaderNames {
  const names = new StaticArray<Bytes>(texts.length);
  for (let i = 0; i < texts.length; i++) names[i] = Bytes.constant(texts[i]);
  return new HeaderNames(names);
}

describe("names of headers", () => {
  it("are found by all of their bytes", () => {
    const texts = ["te", ":path", "accept", "content-type", "x-a", "x-b", "content-typf"];
    const names = namesOf(texts);
    for (let i = 0; i < texts.length; i++) expect(names.find(Bytes.constant(texts[i]))).toBe(i, texts[i]);
    const others = ["", "t", ":pati", "accept-", "Accept", "content-typ", "content-tzpe", "x-c"];
    for (let i = 0; i < others.length; i++) expect(names.find(Bytes.constant(others[i]))).toBe(-1, others[i]);
    expect(names.find(Bytes.absent())).toBe(-1);
  });

  it("may share a place", () => {
    const texts: string[] = [];
    for (let i = 0; i < 100; i++) texts.push("x-" + (1000 + i).toString() + "-y"); // two bytes of each count
    const names = namesOf(texts);
    for (let i = 0; i < texts.length; i++) expect(names.find(Bytes.constant(texts[i]))).toBe(i, texts[i]);
    expect(names.find(Bytes.constant("x-1100-y"))).toBe(-1);
  });

  it("given twice are found once", () => {
    const names = namesOf(["x-a", "x-a", "x-b"]);
    expect(names.find(Bytes.constant("x-a"))).toBe(0);
    expect(names.find(Bytes.constant("x-b"))).toBe(2);
  });

  it("that are none, or too many, hurt nobody", () => {
    expect(namesOf([]).find(Bytes.constant("x"))).toBe(-1);
    const texts: string[] = [];
    for (let i = 0; i < 300; i++) texts.push(i.toString());
    expect(namesOf(texts).find(Bytes.constant("x"))).toBe(-1);
    expect(namesOf(texts).find(Bytes.constant("7"))).toBe(7);
  });
});

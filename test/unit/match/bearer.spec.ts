// The hash of a credential is the same whether it is remembered or made anew, and no caller is taken for another.
import { BearerHash } from "../../../runtime/match/bearer";
import { FakeFacts } from "./fake";

function caller(number: i32): FakeFacts {
  return new FakeFacts().set("header:authorization", "Bearer sk-" + number.toString());
}

describe("The hash of a credential", () => {
  test("is the same for a caller that was forgotten, remembered, or never met", () => {
    const hash = new BearerHash("sluice");
    const first: string[] = [];
    for (let i = 0; i < 500; i++) first.push(hash.of(caller(i)).toText());
    for (let i = 0; i < 500; i++) {
      expect(hash.of(caller(i)).toText()).toBe(first[i]);
      expect(hash.of(caller(i)).toText()).toBe(first[i]);
      expect(caller(i).bearer().toText()).toBe(first[i]);
      expect(first.indexOf(first[i])).toBe(i);
    }
  });

  test("stays what it was when another caller's follows in the same callback", () => {
    const hash = new BearerHash("sluice");
    const views = [hash.of(caller(0))];
    const text = views[0].toText();
    for (let i = 1; i < 500; i++) hash.of(caller(i));
    expect(views[0].toText()).toBe(text);
  });
});

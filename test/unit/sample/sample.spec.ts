class Span {
  constructor(
    public start: i32,
    public end: i32,
  ) {}
}

describe("a sample", () => {
  it("adds", () => {
    expect<i32>(1 + 2).toBe(3);
  });

  it("compares two objects member by member", () => {
    expect<Span>(new Span(1, 2)).toStrictEqual(new Span(1, 2));
  });
});

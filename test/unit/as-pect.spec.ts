// as-pect itself: it compares objects only where its load hook has given it this compiler's numbers.

class Span {
  constructor(
    public start: i32,
    public end: i32,
  ) {}
}

describe("as-pect with its load hook", () => {
  it("finds two objects with the same members equal", () => {
    expect<Span>(new Span(1, 2)).toStrictEqual(new Span(1, 2));
  });

  it("finds two objects with different members different", () => {
    expect<Span>(new Span(1, 2)).not.toStrictEqual(new Span(1, 3));
  });
});

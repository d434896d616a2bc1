// Wrong and odd variations of a configuration: every place in turn gets every odd value of its kind.

/** One variation. */
export interface Mutation {
  /** Where something was changed: `split[0].variants[1].percent`. */
  path: string;
  value: unknown;
}

const OTHER_TYPES: unknown[] = [
  null,
  true,
  false,
  0,
  1.5,
  -1,
  "",
  "x",
  [],
  {},
  [null],
  [""],
  [{}],
  { x: 1 },
  { x: "y" },
];

const NUMBERS = [
  ...[0, -1, 1, 1.5, 1e300, -1e300, 1e6, 9007199254740991, 1023, 1024, 67108864, 67108865, 1073741824, 1073741825],
  ...[100, 101, 100.00001, 100.0000001, 99.99999999, 1e-9, -1e-9, 100000, 100001, 1000000, 1000001, 5e-324],
];

const STRINGS = [
  ...["*", "**", "***", "a*b", "*a*b", "A b", "é", "😀", "\n", "a\u0000b", "\u0085", " x", "x ", "~", "\u007f", "…"],
  ...[
    "60",
    "60s",
    "0s",
    "0ms",
    "1ms",
    "01s",
    "1.5s",
    "1e3s",
    "-1s",
    "60S",
    "10m",
    "11m",
    "9s",
    "10s",
    "1d",
    "2d",
    "25h",
  ],
  ...["106751d", "106752d", "9223372036855ms", "99999999999999999999999d", "1ns", "1us", "s", "5m "],
  ...["0", "1", "1.0", "1.", ".5", "0.5", "1.1", "-1", "-0", "+1", "1e3", "00", "0.123456789", "0.1234567891"],
  ...["0.05000000000000", "18446744.073709551615", "18446744.0737095516151", "18446745", "0.0000000000001", "1_000"],
  ...["x".repeat(64), "x".repeat(65), "x".repeat(128), "x".repeat(129), "😀".repeat(128), "😀".repeat(129)],
  ...["host", "Host", "X-AI-Model", "x-ai-tier", "x-ai-model", "authorization", ":path", "a b", "a/b", "a:b"],
  ...[
    "header:",
    "header:x y",
    "header:X-A",
    `header:${"x".repeat(129)}`,
    "jwt:",
    "jwt:a b",
    "model:x",
    "cel:",
    "cel:\n",
  ],
  ...["const:", "const:*", "property:a.b", "Consumer", "consumer ", "ip", "query:é", "cookie"],
  ...["0f".repeat(16), "0F".repeat(16), "0f".repeat(32), "0f".repeat(20), "POST", "post", "M-SEARCH", "-A", "A1"],
  ...["pass", "Pass", "reject", "chat", "openai-chat", "outer", "edge", "true", "null", "stable", "canary", "cost"],
];

/** Every variation of `value`, place by place. `value` itself is not changed. */
export function* mutationsOf(value: unknown, path = ""): Generator<Mutation> {
  for (const other of OTHER_TYPES) yield { path, value: other };
  if (typeof value === "number") for (const number of NUMBERS) yield { path, value: number };
  if (typeof value === "string") for (const text of STRINGS) yield { path, value: text };
  if (Array.isArray(value)) yield* listMutations(value, path);
  else if (typeof value === "object" && value !== null) yield* objectMutations(value as Record<string, unknown>, path);
}

function* listMutations(list: unknown[], path: string): Generator<Mutation> {
  for (const times of [2, 8, 9, 16, 17]) yield { path, value: Array.from({ length: times }, () => list[0]) };
  for (const [index, item] of list.entries()) {
    yield { path, value: list.toSpliced(index, 1) };
    for (const inner of mutationsOf(item, `${path}[${index}]`)) {
      yield { path: inner.path, value: list.with(index, inner.value) };
    }
  }
}

function* objectMutations(object: Record<string, unknown>, path: string): Generator<Mutation> {
  for (const name of ["unknownField", "", "a b", "X-Any", "constructor"]) {
    for (const value of ["x", 1, null]) yield { path, value: { ...object, [name]: value } };
  }
  for (const [name, member] of Object.entries(object)) {
    const { [name]: _, ...others } = object;
    const place = path === "" ? name : `${path}.${name}`;
    yield { path: place, value: others };
    yield { path, value: { ...others, [`${name}s`]: member } };
    for (const inner of mutationsOf(member, place))
      yield { path: inner.path, value: { ...object, [name]: inner.value } };
  }
}

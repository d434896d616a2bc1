// What is read out of access logs: the bill, and why a call was treated so.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { formatAmount, parseAmount } from "../../harness/cli/log/money.ts";
import { offsetMinutes, periodOf } from "../../harness/cli/log/period.ts";
import { sluice } from "./fixtures/in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-log-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Line {
  start?: string;
  request_id?: string;
  status?: number;
  flags?: string;
  details?: string;
  cluster?: string | null;
  state?: Record<string, string>;
}

let names = 0;

function log(lines: Line[], prefix = "state:sluice."): string {
  const path = join(folder, `${names++}.log`);
  const text = lines.map(({ state = {}, ...line }) => {
    const named = Object.entries(state).map(([name, value]) => [`${prefix}${name}`, value]);
    return JSON.stringify({
      start: "2026-11-20T10:00:00.000Z",
      method: "POST",
      path: "/v1/chat/completions",
      status: 200,
      cluster: "openai",
      duration_ms: 1200,
      ...line,
      ...Object.fromEntries(named),
    });
  });
  writeFileSync(path, `${text.join("\n")}\n`);
  return path;
}

const call = (id: string, cost: string, more: Record<string, string> = {}): Line => ({
  request_id: id,
  state: {
    model: "gpt-4o",
    team: "red",
    input_tokens: "100",
    output_tokens: "20",
    usage_status: "complete",
    cost,
    currency: "USD",
    ...more,
  },
});

test("amounts are exact to the last of twelve places", () => {
  for (const text of ["0", "0.000000000001", "12345678901234567890.123456789012", "-3.5"]) {
    assert.equal(formatAmount(parseAmount(text) ?? 0n), text);
  }
  assert.equal(parseAmount("1e3"), undefined);
  assert.equal(parseAmount("0.0000000000001"), undefined);
  assert.equal(formatAmount(0n, 2), "0.00");
});

test("a month begins in its own time zone", () => {
  assert.deepEqual(periodOf("2026-11", "+08:00"), {
    startMs: Date.parse("2026-10-31T16:00:00Z"),
    endMs: Date.parse("2026-11-30T16:00:00Z"),
  });
  assert.deepEqual(periodOf("2026-12-31", "UTC"), {
    startMs: Date.parse("2026-12-31T00:00:00Z"),
    endMs: Date.parse("2027-01-01T00:00:00Z"),
  });
  assert.equal(offsetMinutes("-05:30"), -330);
  for (const bad of ["8", "+15:00", "Berlin"]) assert.throws(() => offsetMinutes(bad), { code: "usage" });
  assert.throws(() => periodOf("2026-13", "UTC"), { code: "usage" });
});

test("the rows of a bill add up to its total, to the last digit", async () => {
  const lines = Array.from({ length: 300 }, (_, at) =>
    call(`id-${at}`, `0.${String(at * 7919 + 1).padStart(12, "0")}`, { team: ["red", "blue", "green"][at % 3] ?? "" }),
  );
  const { out } = await sluice("bill", log(lines), "--by", "team", "--json");
  const { rows, total } = JSON.parse(out) as Record<"rows" | "total", { cost: string; calls: number }[]>;
  const sum = (list: { cost: string }[]) => list.reduce((all, { cost }) => all + (parseAmount(cost) ?? 0n), 0n);
  assert.equal(rows.length, 3);
  assert.equal(sum(rows), sum(total));
  const expected = lines.reduce((all, { state }) => all + (parseAmount(state?.["cost"] ?? "") ?? 0n), 0n);
  assert.equal(sum(total), expected);
});

test("a call that several lines tell of counts once; estimates and unpriced calls stand apart", async () => {
  const { request_id: _, state } = call("", "1");
  const unpriced = { ...state };
  delete unpriced["cost"];
  const path = log([
    call("a", "0.5"),
    call("a", "0.5"),
    { ...call("a", "0.5"), start: "2026-11-20T11:00:00.000Z" },
    call("b", "0.25", { usage_status: "estimated" }),
    { request_id: "c", state: unpriced },
    { request_id: "not-an-ai-call" },
  ]);
  const { out, err } = await sluice("bill", path, "--by", "team,model", "--csv");
  assert.equal(
    out,
    "team,model,currency,calls,input_tokens,cached_input_tokens,output_tokens,cost,of_that_estimated,unpriced_calls\r\n" +
      "red,gpt-4o,USD,3,300,0,60,0.75,0.25,1",
  );
  assert.match(err, /2 lines told of a call again/);
  assert.match(err, /1 of them began at another time/);
});

test("only the month's calls count, by the zone's clock", async () => {
  const path = log([
    { ...call("a", "1"), start: "2026-10-31T15:59:59.999Z" },
    { ...call("b", "2"), start: "2026-10-31T16:00:00.000Z" },
    { ...call("c", "4"), start: "2026-11-30T15:59:59.999Z" },
    { ...call("d", "8"), start: "2026-11-30T16:00:00.000Z" },
  ]);
  const { out } = await sluice("bill", path, "--month", "2026-11", "--time-zone", "+08:00", "--json");
  const { total, outside } = JSON.parse(out) as { total: { cost: string }[]; outside: number };
  assert.deepEqual([total[0]?.cost, outside], ["6", 2]);
});

test("logs of other writers are read: names with dots, underscores, and words before the object", async () => {
  for (const prefix of ["wasm.sluice.", "sluice.", "sluice_"]) {
    const { out } = await sluice("bill", log([call("a", "1")], prefix), "--by", "team", "--json");
    assert.equal((JSON.parse(out) as { rows: { team: string }[] }).rows[0]?.team, "red", prefix);
  }
  const path = join(folder, "kubectl.log");
  writeFileSync(
    path,
    '[pod/gateway-1] {"response_code":200,"x_request_id":"z","start_time":"2026-11-20T10:00:00Z","sluice_model":"m","sluice_cost":"1"}\n',
  );
  assert.match((await sluice("bill", path, "--by", "model", "--csv")).out, /^m,/m);
});

test("a spreadsheet takes no team's name for a formula", async () => {
  const { out } = await sluice("bill", log([call("a", "1", { team: '=cmd|"x"' })]), "--by", "team", "--csv");
  assert.match(out, /\n"'=cmd\|""x""",USD/);
});

test("the bill is compared with the gateway's counters", async () => {
  const server = createServer((_request, answer) => {
    answer.end('sluice_cost_nano{currency="USD",model="gpt-4o",consumer="a"} 750000000\n');
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address() as { port: number };
  try {
    const same = await sluice("bill", log([call("a", "0.5"), call("b", "0.25")]), "--compare", `127.0.0.1:${port}`);
    assert.deepEqual([same.code, /the same/.test(same.err)], [0, true]);
    const other = await sluice("bill", log([call("a", "0.5")]), "--compare", `127.0.0.1:${port}`);
    assert.deepEqual([other.code, /they differ by -0\.25/.test(other.err)], [1, true]);
  } finally {
    server.close();
  }
});

const stories: [what: string, line: Line, said: RegExp[]][] = [
  [
    "a call that passed",
    call("x", "0.00045", {
      price_id: "openai-4o",
      request_type: "chat",
      api: "openai-chat",
      model_source: "json",
      consumer: "ann",
      variant: "canary",
      tier: "vip",
    }),
    [
      /by ann \(team red\) was answered 200 after 1\.20 s\. It went to openai\./,
      /tagged gpt-4o, found in the body's top-level `model`/,
      /tier is vip/,
      /variant canary/,
      /100 input tokens and 20 output tokens, as the upstream told it/,
      /cost 0\.00045 USD by price openai-4o/,
    ],
  ],
  [
    "a call that a limit refused",
    {
      request_id: "x",
      status: 429,
      cluster: null,
      details: "sluice_rate_limited",
      state: { model: "gpt-4o", ratelimit: "throttled", ratelimit_rule: "team-tokens", ratelimit_wait_ms: "12400" },
    },
    [/reached no upstream/, /refused by a rate limit/, /Rule team-tokens was the one.*12\.4 s later/],
  ],
  [
    "a call that a budget refused",
    {
      request_id: "x",
      status: 429,
      details: "sluice_budget_exceeded",
      state: { model: "m", budget: "exceeded", budget_name: "team-month" },
    },
    [/a budget is spent/, /Budget team-month is spent/],
  ],
  [
    "a model that is not on the list",
    { request_id: "x", status: 404, details: "sluice_model_not_allowed", state: { model: "m" } },
    [/the model is not on the list/],
  ],
  [
    "a shadow rule",
    { request_id: "x", state: { model: "m", ratelimit: "would-throttle", ratelimit_rule: "r" } },
    [/would have refused it, but is in shadow mode/],
  ],
  [
    "a failure that must not be repeated",
    {
      request_id: "x",
      status: 504,
      flags: "UT",
      state: { model: "m", retry_verdict: "unsafe", retry_reason: "timeout", attempts: "2" },
    },
    [/did not answer in time/, /sent it 2 times/, /not safe, it may be billed twice: the provider had the request/],
  ],
  [
    "a failure that may be repeated",
    {
      request_id: "x",
      status: 503,
      flags: "UF",
      state: { model: "m", retry_verdict: "safe", retry_reason: "never_sent" },
    },
    [/could not be connected to: nothing was sent/, /repeat it is safe: nothing had left/],
  ],
  [
    "an estimate",
    { request_id: "x", status: 0, flags: "DC", state: { model: "m", usage_status: "estimated", output_tokens: "7" } },
    [/the caller left/, /estimated from what went through/, /No price applies/],
  ],
  [
    "an answer of the upstream's own",
    { request_id: "x", status: 401, state: { model: "m" } },
    [/The answer 401 is the upstream's own/],
  ],
  ["no AI call", { request_id: "x" }, [/no AI call to sluice/]],
  [
    "a model that was not found",
    { request_id: "x", state: { model: "unknown", model_source: "limit" } },
    [/tagged unknown: the model was found nowhere within the bytes that are held/],
  ],
  [
    "a replayed answer",
    { request_id: "x", details: "sluice_replayed", state: { model: "m", replayed: "true", original_request_id: "y" } },
    [/stored answer of the first call/, /repeats call y/],
  ],
];

for (const [what, line, said] of stories) {
  test(`why tells of ${what}`, async () => {
    const { code, out } = await sluice("why", "x", log([{ request_id: "other" }, line]));
    assert.equal(code, 0);
    for (const pattern of said) assert.match(out, pattern);
    assert.doesNotMatch(out, /undefined|NaN/);
  });
}

test("a call that is not in the log is said to be not there", async () => {
  const { code, err } = await sluice("why", "nobody", log([call("a", "1")]));
  assert.deepEqual([code, /no call with the id nobody/.test(err)], [1, true]);
});

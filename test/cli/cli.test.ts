// The command itself: help, errors with cures, exit codes, options, completion.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { commands } from "../../harness/cli/commands.ts";
import { exampleMesh } from "../deploy/fixtures/mesh.ts";
import { cli } from "./fixtures/cli.ts";
import { sluice } from "./fixtures/in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("the help lists every command in a line that fits a terminal", async () => {
  const { code, out } = await sluice("--help");
  assert.equal(code, 0);
  for (const { name, summary } of commands) assert.ok(out.includes(summary), name);
  for (const line of out.split("\n")) assert.ok(line.length <= 110, line);
});

for (const command of commands) {
  test(`the help of ${command.name} shows its options and an example`, async () => {
    const { code, out } = await sluice(command.name, "--help");
    assert.equal(code, 0);
    for (const option of Object.keys(command.options)) assert.match(out, new RegExp(`--${option}\\b`));
    assert.match(out, /Examples\n {2}# .+\n {2}.*sluice/);
  });
}

test("a wrong call ends with 2 and says what to do", async () => {
  const cases: [string[], RegExp][] = [
    [["validat"], /there is no command "validat"; did you mean "validate"\?\nSee: sluice --help/],
    [["validate", "--jsno"], /has no option --jsno; did you mean --json\?\nSee: sluice validate --help/],
    [["render"], /render what\? One of istio, gateway, envoy, ratelimit/],
    [["render", "istio", "--config"], /--config wants a value: FILE/],
    [["bill"], /which log\?/],
    [["why", "abc"], /which call, in which log\?/],
    [["suggest", "x", "--by", "moon"], /Expected one of: team/],
    [["prices", "gpt-4o"], /where are the prices\? --from FILE/],
    [["completion", "tcsh"], /One of bash, zsh, fish/],
    [["stats", "--interval", "soon"], /--interval takes seconds/],
  ];
  for (const [args, expected] of cases) {
    const { code, err } = await sluice(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, expected);
  }
  assert.equal((await sluice()).code, 2);
});

test("what cannot be done ends with 1 and says why", async () => {
  const cases: [string[], RegExp][] = [
    [["validate", join(folder, "nowhere.yaml")], /nowhere\.yaml: there is no such file/],
    [["run", "-c", join(folder, "nowhere.yaml")], /there is no such file/],
    [
      ["stats", "--admin", "127.0.0.1:1"],
      /no Envoy's admin interface at 127\.0\.0\.1:1 \(.*\): --admin says where it is/,
    ],
    [
      ["render", "istio", "-c", file("bad.yaml", "upstreams: {}")],
      /bad\.yaml cannot be used:\n.*bad\.yaml:1:12: error: upstreams/,
    ],
    [["bill", file("empty.log", "no json\n")], /empty\.log has no line that is a JSON object/],
    [["replay", file("no-trace.jsonl", "1\n"), "-c", file("mesh.yaml", exampleMesh)], /no-trace\.jsonl has no call/],
  ];
  for (const [args, expected] of cases) {
    const { code, err } = await sluice(...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(err, expected);
    assert.doesNotMatch(err, /fault of sluice's own/);
  }
});

test("findings are JSON for programs, and end with 1", async () => {
  const { code, out } = await sluice("validate", "--json", file("typo.yaml", "upstream: {}\n"));
  const answer = JSON.parse(out) as { ok: boolean; findings: { line: number; cure?: string }[] };
  assert.equal(code, 1);
  assert.equal(answer.ok, false);
  assert.deepEqual(
    answer.findings.map(({ line }) => line),
    [1, 1],
  );
});

test("warnings are errors where they are asked to be", async () => {
  const path = file("warned.yaml", "upstreams: {a: {provider: openai}}\n");
  assert.equal((await sluice("validate", path)).code, 0);
  assert.equal((await sluice("validate", "--strict", path)).code, 1);
});

test("a file is written once, and not over another", async () => {
  const path = join(folder, "new.yaml");
  assert.equal((await sluice("init", path)).code, 0);
  assert.equal((await sluice("validate", "--strict", path)).code, 0);
  const again = await sluice("init", path);
  assert.equal(again.code, 1);
  assert.match(again.err, /is there already; --force writes over it/);
});

test("what is rendered to a folder is what is rendered to the terminal, with a kustomization", async () => {
  const config = file("mesh.yaml", exampleMesh);
  const target = join(folder, "out");
  assert.equal((await sluice("render", "istio", "-c", config, "-o", target, "--tag")).code, 0);
  const kustomization = readFileSync(join(target, "kustomization.yaml"), "utf8");
  assert.match(kustomization, /resources:\n {2}- service-entries\.yaml\n {2}- wasm-plugins\.yaml/);
  assert.match(kustomization, /patches:\n {2}- path: stat-tags-patch\.yaml/);
  const { out } = await sluice("render", "istio", "-c", config, "--tag");
  const plugins = readFileSync(join(target, "wasm-plugins.yaml"), "utf8").split("\n").slice(2).join("\n").trimEnd();
  assert.ok(out.includes(plugins));
  assert.equal((await sluice("validate", "--strict", target)).code, 0);
});

test("the rules are rendered for the rate limit service; what it cannot say is told", async () => {
  const config = (interval: string) =>
    `upstreams: {a: {provider: openai}}\nfilters: {rateLimit: {rules: [{name: r, mode: enforce, key: [team], limit: {capacity: 5, refill: 5, interval: ${interval}}}]}}\n`;
  const { code, out } = await sluice("render", "ratelimit", "-c", file("rules.yaml", config("60s")));
  assert.deepEqual([code, /value: r\n[\s\S]*requests_per_unit: 5/.test(out)], [0, true], out);
  const bad = await sluice("render", "ratelimit", "-c", file("odd.yaml", config("7s")));
  assert.deepEqual([bad.code, /the interval must be/.test(bad.err)], [1, true]);
});

test("budgets are rendered for it as well, into a file of their own", async () => {
  const path = file(
    "budgets.yaml",
    "upstreams: {a: {provider: openai}, rls: {url: 'http://rls:8081', protocol: grpc}}\nfilters: {costAccounting: {global: {cluster: rls}, budgets: [{name: b, mode: enforce, key: [team], amount: '500', window: month}]}}\n",
  );
  const target = join(folder, "limits");
  const { code, out, err } = await sluice("render", "ratelimit", "-c", path);
  assert.deepEqual([code, /domain: sluice-budgets\n[\s\S]*value: spent\/4\n/.test(out)], [0, true], out + err);
  assert.equal((await sluice("render", "ratelimit", "-c", path, "-o", target)).code, 0);
  assert.equal(readFileSync(join(target, "sluice.yaml"), "utf8").trimEnd(), out.trimEnd());
});

test("lint finds a retry that bills twice", async () => {
  const path = file(
    "service.yaml",
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: [x]\n  http:\n    - match: [{uri: {prefix: /v1/chat/completions}}]\n      route: [{destination: {host: y}}]\n      retries: {attempts: 2, retryOn: gateway-error}\n",
  );
  const { code, out } = await sluice("lint", path);
  assert.deepEqual([code, /service\.yaml:9:\d+: error: .*retry|retries/.test(out)], [1, true], out);
});

for (const shell of ["bash", "zsh", "fish"]) {
  test(`the completion for ${shell} knows every command and option`, async (t) => {
    const { out } = await sluice("completion", shell);
    for (const { name, options } of commands) {
      assert.ok(out.includes(name));
      for (const option of Object.keys(options)) assert.ok(out.includes(option), `${name} ${option}`);
    }
    const checked = spawnSync(shell, ["-n"], { input: out, encoding: "utf8" });
    if (checked.error !== undefined) t.diagnostic(`its grammar is not checked: ${shell} is not here`);
    else assert.equal(checked.stderr, "");
  });
}

test("bash completes commands, options and words", async () => {
  const { out } = await sluice("completion", "bash");
  const complete = (...typed: string[]) =>
    spawnSync(
      "bash",
      [
        "-c",
        `${out}\nCOMP_WORDS=(${typed.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${typed.length - 1}; _sluice; echo "\${COMPREPLY[@]}"`,
      ],
      { encoding: "utf8" },
    ).stdout.trim();
  assert.equal(complete("sluice", "va"), "validate");
  assert.equal(complete("sluice", "render", "--cer"), "--certificates");
  assert.equal(complete("sluice", "render", "is"), "istio");
});

test("a reader that leaves ends the command quietly; nothing is coloured in a pipe", async () => {
  const { code, stdout, stderr } = await cli(["--help"], { cwd: folder });
  assert.equal(code, 0);
  assert.equal(stderr, "");
  assert.ok(!stdout.includes("\u001b"));
});

// The docker harness: Envoy in a container runs the scenarios as the local one does, and the whole compose file works.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findEnvoy, versionOf } from "../../harness/envoy/binary.ts";
import { dockerFiles, writeDockerFiles } from "../../harness/envoy/docker/files.ts";
import { buildScratchImage } from "../../harness/envoy/docker/image.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import { runScenario } from "../../harness/envoy/scenario/run.ts";
import { runInHost } from "../../harness/host/run-scenario.ts";
import { checkResult } from "../../harness/scenario/check.ts";
import { compareResults } from "../../harness/scenario/compare.ts";
import { LocalGateway } from "../../harness/cli/run/local-gateway.ts";
import { renderEnvoy } from "../../harness/deploy/render/envoy.ts";
import { yamlText } from "../../harness/deploy/yaml.ts";
import { startModelServer } from "../../harness/providers/server.ts";
import { formatFault } from "../../harness/sluice-yaml/fault.ts";
import { readSluiceYaml } from "../../harness/sluice-yaml/read.ts";
import { installation } from "../../harness/sluice-yaml/filters.ts";
import { scenarios } from "../scenarios/all.ts";
import { lacksDocker, startDocker, type TestDocker } from "./fixtures/dockerd.ts";
import { freePort } from "./fixtures/registry.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const COMPOSE = join(ROOT, "harness/envoy/docker");
const ENVOY_IMAGE = "sluice-test/envoy";
/** Enough to see that a container is as good as a process; the rest runs in test/envoy. */
const SCENARIOS = 12;

test("the files that the containers read are up to date (else: node --import tsx harness/envoy/docker/main.ts)", () => {
  for (const [name, text] of dockerFiles(installation())) {
    assert.equal(readFileSync(join(COMPOSE, name), "utf8"), text, name);
  }
});

describe("with a docker daemon", { skip: lacksDocker() }, () => {
  let docker: TestDocker;
  let version = "";
  const host = process.env["DOCKER_HOST"];

  before(async () => {
    docker = await startDocker();
    process.env["DOCKER_HOST"] = docker.env["DOCKER_HOST"];
    const local = await findEnvoy();
    assert.equal(local.kind, "binary");
    if (local.kind !== "binary") return;
    version = await versionOf(local.path);
    buildScratchImage(ENVOY_IMAGE, local.path, "/usr/local/bin/envoy", docker.env);
  });
  after(async () => {
    await docker?.stop();
    if (host === undefined) delete process.env["DOCKER_HOST"];
    else process.env["DOCKER_HOST"] = host;
  });

  test("an image of nothing but Envoy and its libraries runs", () => {
    assert.match(
      docker.docker("run", "--rm", "--network", "host", "--entrypoint", "envoy", ENVOY_IMAGE, "--version"),
      new RegExp(version),
    );
  });

  describe("the scenarios in a container", () => {
    let envoy: Envoy;
    before(async () => {
      envoy = await startEnvoy(
        { listeners: [], clusters: [] },
        {
          envoy: { kind: "docker", image: ENVOY_IMAGE, version },
          allowFaults: true,
          drainSeconds: 0,
          readyTimeoutMs: 60_000,
        },
      );
    });
    after(() => envoy?.kill());
    const plain = scenarios.filter(({ only, gateway }) => only === undefined && gateway === undefined);
    const step = Math.max(1, Math.floor(plain.length / SCENARIOS));
    for (const [at, scenario] of plain
      .filter((_, index) => index % step === 0)
      .slice(0, SCENARIOS)
      .entries()) {
      test(scenario.name, async () => {
        const epochMs = Date.now();
        const result = await runScenario(envoy, scenario, `container-${at}`);
        assert.deepEqual(checkResult(scenario, result), []);
        const inProcess = runInHost(scenario, (path) => readFileSync(path), { epochMs });
        assert.deepEqual(compareResults(inProcess, result), []);
      });
    }
  });

  test("sluice run works with an Envoy in a container: module, credential and access log", async () => {
    const models = await startModelServer({ name: "models" });
    process.env["SLUICE_TEST_KEY"] = "sk-in-a-container";
    const text = `listen: 127.0.0.1:${await freePort()}
admin: 127.0.0.1:${await freePort()}
upstreams: {models: {url: "http://127.0.0.1:${models.port}", credentials: {env: SLUICE_TEST_KEY}}}
filters: {modelTag: {}}
`;
    const { config } = readSluiceYaml("run", text, installation());
    assert.ok(config);
    const gateway = await LocalGateway.start(config, installation(), () => undefined, {
      kind: "docker",
      image: ENVOY_IMAGE,
      version,
    });
    try {
      const answer = await fetch(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"model":"gpt-4o","messages":[]}',
      });
      await answer.arrayBuffer();
      assert.equal(models.calls.at(-1)?.header("authorization"), "Bearer sk-in-a-container");
      assert.equal(models.calls.at(-1)?.header("x-ai-model"), "gpt-4o");
      await until(
        () => Promise.resolve(readFileSync(gateway.logPath, "utf8").includes('"state:sluice.model":"gpt-4o"')),
        () => "",
      );
    } finally {
      delete process.env["SLUICE_TEST_KEY"];
      await gateway.stop();
      await models.stop();
    }
  });

  test("profile edge serves with a tenth of a processor and 128 MiB", async (t) => {
    const models = await startModelServer({ name: "models" });
    const [gateway, admin] = await Promise.all([freePort(), freePort()]);
    const folder = mkdtempSync(join(tmpdir(), "sluice-edge-"));
    const text = `listen: 127.0.0.1:${gateway}
admin: 127.0.0.1:${admin}
upstreams: {models: {url: "http://127.0.0.1:${models.port}"}}
filters:
  profile: edge
  modelTag: {}
  rateLimit: {rules: [{name: r, mode: enforce, key: [bearer], limit: {capacity: 1000000, refill: 1000000, interval: 60s, unit: tokens}}]}
  costAccounting: {prices: [{id: p, models: ["*"], input: "1", output: "2"}]}
  retryGuard: {}
`;
    const { config, faults } = readSluiceYaml("edge", text, installation());
    assert.ok(config, faults.map(formatFault).join("\n"));
    writeFileSync(
      join(folder, "envoy.yaml"),
      yamlText(renderEnvoy(config, installation(), { modules: "/etc/sluice" })),
    );
    let container = "";
    try {
      container = docker
        .docker(
          "run",
          "--detach",
          "--network",
          "host",
          "--memory",
          "128m",
          "--memory-swap",
          "128m",
          "--cpus",
          "0.1",
          "--volume",
          `${folder}:/etc/envoy:ro`,
          "--volume",
          `${ROOT}/build:/etc/sluice:ro`,
          "--entrypoint",
          "envoy",
          ENVOY_IMAGE,
          "--config-path",
          "/etc/envoy/envoy.yaml",
          "--concurrency",
          "1",
          "--disable-hot-restart",
        )
        .trim();
      const logs = () =>
        spawnSync("docker", ["logs", container], { env: docker.env, encoding: "utf8" }).stderr.slice(-4000);
      const body = (at: number) =>
        JSON.stringify({
          messages: [{ role: "user", content: "x".repeat((at % 10) * 10_000) }],
          model: `m${at % 40}`,
          stream: at % 3 === 0,
        });
      const ask = async (at: number) => {
        const answer = await fetch(`http://127.0.0.1:${gateway}/v1/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${at % 100}` },
          body: body(at),
        });
        await answer.arrayBuffer();
        return answer.status;
      };
      const startMs = performance.now();
      await until(async () => (await ask(0)) === 200, logs, 600);
      t.diagnostic(`served its first call ${((performance.now() - startMs) / 1000).toFixed(1)} s after its start`);
      const statuses = new Map<number, number>();
      for (let round = 0; round < 20; round++) {
        for (const status of await Promise.all(Array.from({ length: 10 }, (_, at) => ask(round * 10 + at)))) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }
      assert.deepEqual([...statuses], [[200, 200]]);
      assert.equal(
        docker.docker("inspect", "--format", "{{.State.OOMKilled}} {{.State.Running}}", container).trim(),
        "false true",
      );
      t.diagnostic(docker.docker("stats", "--no-stream", "--format", "memory {{.MemUsage}}", container).trim());
    } finally {
      if (container !== "") docker.docker("rm", "--force", container);
      await models.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  const ratelimit = join(ROOT, ".cache/ratelimit/service_cmd");
  const missing = ["docker-compose", "redis-server", "prometheus"].find(
    (program) => spawnSync(program, ["--version"]).error !== undefined,
  );
  const lack = missing ?? (existsSync(ratelimit) ? undefined : "ratelimit");

  test(
    "docker compose up: calls are routed, limited by the service, and seen by Prometheus",
    { skip: lack === undefined ? false : `because ${lack} is not installed (make setup-e2e)` },
    async () => {
      const which = (program: string) =>
        execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8", env: docker.env }).trim();
      for (const [tag, path, as] of [
        ["node", process.execPath, "/usr/local/bin/node"],
        ["redis", which("redis-server"), "/usr/local/bin/redis-server"],
        ["ratelimit", ratelimit, "/bin/ratelimit"],
        ["prometheus", which("prometheus"), "/bin/prometheus"],
      ] as const) {
        buildScratchImage(`sluice-test/${tag}`, path, as, docker.env);
      }
      const [gateway, admin, models, canary, redis, grpc, json, debug, prometheus] = await Promise.all(
        Array.from({ length: 9 }, freePort),
      );
      const folder = mkdtempSync(join(tmpdir(), "sluice-compose-"));
      const change = (text: string) =>
        text
          .replace("0.0.0.0:8080", `127.0.0.1:${gateway}`)
          .replace("0.0.0.0:9901", `127.0.0.1:${admin}`)
          .replace("models:8000", `models:${models}`)
          .replace("canary:8001", `canary:${canary}`)
          .replace("ratelimit:8081", `ratelimit:${grpc}`)
          .replace("capacity: 100, refill: 100", "capacity: 5, refill: 5")
          .replace("interval: 60s", "interval: 1h");
      writeDockerFiles(folder, dockerFiles(installation(), change));
      const env = {
        ...docker.env,
        SLUICE_FILES: folder,
        ENVOY_IMAGE,
        NODE_IMAGE: "sluice-test/node",
        REDIS_IMAGE: "sluice-test/redis",
        RATELIMIT_IMAGE: "sluice-test/ratelimit",
        PROMETHEUS_IMAGE: "sluice-test/prometheus",
        MODELS_PORT: String(models),
        CANARY_PORT: String(canary),
        REDIS_PORT: String(redis),
        RATELIMIT_PORT: String(json),
        RATELIMIT_GRPC_PORT: String(grpc),
        RATELIMIT_DEBUG_PORT: String(debug),
        PROMETHEUS_PORT: String(prometheus),
      };
      const compose = (...args: string[]) =>
        spawnSync(
          "docker-compose",
          ["-p", "sluicetest", "-f", join(COMPOSE, "compose.yaml"), "-f", join(COMPOSE, "compose.host.yaml"), ...args],
          { env, encoding: "utf8" },
        );
      const ask = (team: string, headers: Record<string, string> = {}) =>
        fetch(`http://127.0.0.1:${gateway}/v1/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json", "x-team": team, ...headers },
          body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] }),
        });
      try {
        const up = compose("up", "--detach", "envoy", "models", "canary", "redis", "ratelimit", "prometheus");
        assert.equal(up.status, 0, up.stderr);
        const logs = () => compose("logs", "--no-color").stdout.slice(-6000);
        await until(async () => (await ask("warm-up")).status === 200, logs);
        const served = await ask("red", { "x-testing": "true" });
        const { model } = (await served.json()) as { model: string };
        assert.deepEqual(
          [served.status, model, served.headers.get("x-ai-tokens-input") !== null],
          [200, "gpt-4o-mini", true],
        );
        const statuses: number[] = [];
        for (let at = 0; at < 6; at++) statuses.push((await ask("blue")).status);
        assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429], logs());
        const asked = `http://127.0.0.1:${prometheus}/api/v1/query?query=${encodeURIComponent('sum(sluice_requests{model="gpt-4o-mini"})')}`;
        await until(
          async () => Number(((await (await fetch(asked)).json()) as Answer).data.result[0]?.value[1] ?? 0) >= 7,
          logs,
        );
      } finally {
        compose("down", "--timeout", "1");
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

interface Answer {
  data: { result: { value: [number, string] }[] };
}

async function until(is: () => Promise<boolean>, logs: () => string, most = 240): Promise<void> {
  for (let tries = 0; tries < most; tries++) {
    if (await is().catch(() => false)) return;
    await sleep(250);
  }
  throw new Error(`it did not come to pass:\n${logs()}`);
}

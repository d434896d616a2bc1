// Pushing to a real registry: every way to log in, every layout, broken connections; read back with skopeo.
import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { gzipOf, tarOf } from "../../harness/deploy/oci/archive.ts";
import { parseChallenge } from "../../harness/deploy/oci/authorization.ts";
import { digestOf } from "../../harness/deploy/oci/blob.ts";
import { findCredentials } from "../../harness/deploy/oci/credentials.ts";
import { imageOf, imageOfFilter, LAYOUTS, SCHEMA_ANNOTATION, type ImageFacts } from "../../harness/deploy/oci/image.ts";
import { pushImage } from "../../harness/deploy/oci/push.ts";
import { originOf, parseReference } from "../../harness/deploy/oci/reference.ts";
import { installation } from "../../harness/sluice-yaml/filters.ts";
import { sluice } from "../cli/fixtures/in-process.ts";
import {
  freePort,
  lacks,
  startBreakingWire,
  startPartialRegistry,
  startRegistry,
  type TestRegistry,
} from "./fixtures/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-push-"));
const home = process.env["DOCKER_CONFIG"];
before(() => {
  process.env["DOCKER_CONFIG"] = folder;
  delete process.env["REGISTRY_AUTH_FILE"];
  delete process.env["XDG_RUNTIME_DIR"];
});
after(() => {
  if (home === undefined) delete process.env["DOCKER_CONFIG"];
  else process.env["DOCKER_CONFIG"] = home;
  rmSync(folder, { recursive: true, force: true });
});

const dockerConfig = (config: object) => writeFileSync(join(folder, "config.json"), JSON.stringify(config));
const facts: ImageFacts = {
  title: "sluice/test",
  description: "A test",
  version: "1.2.3",
  license: "Apache-2.0",
  source: "https://example.com/sluice",
  schema: { type: "object" },
};
const module = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 2654435761) >>> 24);
const ann = { username: "ann", password: "secret", from: "the test" };

test("the same module has the same digest, wherever and whenever", () => {
  // Calculated once, in another process: a change of these numbers breaks everybody's pins.
  const digests = LAYOUTS.map((layout) => imageOf(module, facts, layout).manifest.descriptor.digest);
  assert.deepEqual(
    digests,
    LAYOUTS.map((layout) => imageOf(new Uint8Array(module), { ...facts }, layout).manifest.descriptor.digest),
  );
  assert.equal(new Set(digests).size, 3);
  assert.notEqual(imageOf(module.subarray(1), facts).manifest.descriptor.digest, digests[0]);
});

test("the archive is one that tar and gzip read, of any size", () => {
  for (const size of [0, 1, 511, 512, 65_535, 65_536, 200_000]) {
    const content = module.subarray(0, size);
    const gzip = gzipOf(tarOf("plugin.wasm", content));
    const tar = gunzipSync(gzip);
    assert.deepEqual(Buffer.from(content), tar.subarray(512, 512 + size));
    const listed = spawnSync("tar", ["-tvzf", "-"], { input: gzip, encoding: "utf8" });
    assert.equal(listed.stderr, "");
    assert.match(listed.stdout, new RegExp(`^-rw-r--r-- 0/0 +${size} 1970-01-01 00:00 plugin\\.wasm\\n$`));
  }
});

test("names are read, and wrong ones are told", () => {
  assert.deepEqual(parseReference("ghcr.io/acme/sluice:1", "2"), {
    registry: "ghcr.io",
    repository: "acme/sluice",
    tag: "1",
  });
  assert.deepEqual(parseReference("oci://localhost:5000/x", "2"), {
    registry: "localhost:5000",
    repository: "x",
    tag: "2",
  });
  for (const bad of ["sluice", "https://x/y", "x/Y", "x/y:@", "x/y@sha256:1", "x/y:", "/y"]) {
    assert.throws(() => parseReference(bad, "2"), { code: "reference-malformed" }, bad);
  }
  assert.equal(originOf("localhost:5000", false), "http://localhost:5000");
  assert.equal(originOf("127.0.0.1.example.com", false), "https://127.0.0.1.example.com");
  assert.equal(originOf("docker.io", false), "https://registry-1.docker.io");
});

test("challenges of all spellings are understood", () => {
  assert.deepEqual(parseChallenge('Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"'), {
    scheme: "bearer",
    parameters: { realm: "https://a/t", service: "s", scope: "repository:x:pull,push" },
  });
  assert.deepEqual(parseChallenge('Negotiate, basic realm="x y"')?.scheme, "basic");
  assert.equal(parseChallenge("Negotiate"), undefined);
});

test("credentials are found where docker keeps them: auths, a helper of the registry, a store", async () => {
  const helper = (name: string, script: string) => {
    const path = join(folder, `docker-credential-${name}`);
    writeFileSync(path, `#!/bin/sh\nread registry\n${script}\n`);
    chmodSync(path, 0o755);
  };
  const env = { DOCKER_CONFIG: folder, PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` };
  const auth = Buffer.from("ann:se:cret").toString("base64");
  dockerConfig({ auths: { "https://index.docker.io/v1/": { auth }, "r.example": { identitytoken: "t" } } });
  assert.equal((await findCredentials("docker.io", env))?.password, "se:cret");
  assert.equal((await findCredentials("r.example", env))?.identityToken, "t");
  assert.equal(await findCredentials("other.example", env), undefined);

  helper("good", `echo "{\\"Username\\":\\"ann\\",\\"Secret\\":\\"for $registry\\"}"`);
  helper("token", 'echo \'{"Username":"<token>","Secret":"t2"}\'');
  helper("empty", "echo 'credentials not found in native keychain'; exit 1");
  helper("bad", "echo 'the keychain is locked' >&2; exit 1");
  dockerConfig({
    credHelpers: { "a.example": "good", "b.example": "bad", "c.example": "token" },
    credsStore: "empty",
    auths: { "d.example": { auth } },
  });
  assert.equal((await findCredentials("a.example", env))?.password, "for a.example");
  assert.equal((await findCredentials("c.example", env))?.identityToken, "t2");
  assert.equal((await findCredentials("d.example", env))?.username, "ann");
  await assert.rejects(findCredentials("b.example", env), {
    code: "credentials-unreadable",
    message: /the keychain is locked/,
  });
  writeFileSync(join(folder, "config.json"), "{");
  await assert.rejects(findCredentials("a.example", env), { code: "credentials-unreadable", message: /is no JSON/ });
  rmSync(join(folder, "config.json"));
});

describe("a real registry", { skip: lacks("docker-registry") }, () => {
  let registry: TestRegistry;
  before(async () => (registry = await startRegistry()));
  after(() => registry.stop());

  for (const layout of LAYOUTS) {
    test(`takes the ${layout} layout; a second push finds it there`, async () => {
      const to = parseReference(`${registry.address}/acme/${layout}:1`, "0");
      const image = imageOf(module, facts, layout);
      const first = await pushImage(image, to);
      assert.equal(first.wasThere, false);
      const second = await pushImage(image, to);
      assert.deepEqual(second, { digest: first.digest, wasThere: true, sentBytes: 0 });
      const answer = await fetch(`http://${registry.address}/v2/acme/${layout}/manifests/${first.digest}`, {
        headers: { accept: image.manifest.descriptor.mediaType },
      });
      assert.equal(digestOf(new Uint8Array(await answer.arrayBuffer())), first.digest);
    });
  }

  test("another tag of the same image sends no blob", async () => {
    const image = imageOf(module, facts);
    await pushImage(image, parseReference(`${registry.address}/acme/tags:1`, "0"));
    const again = await pushImage(image, parseReference(`${registry.address}/acme/tags:2`, "0"));
    assert.deepEqual([again.wasThere, again.sentBytes], [false, 0]);
  });

  test("many small pieces arrive whole", async () => {
    const image = imageOf(module, { ...facts, title: "pieces" });
    const { digest } = await pushImage(image, parseReference(`${registry.address}/acme/pieces:1`, "0"), {
      chunkBytes: 10_000,
    });
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
  });

  test("an upload survives broken connections", async () => {
    const wire = await startBreakingWire(registry.address, 120_000, 3);
    try {
      const notes: string[] = [];
      const large = imageOf(
        Uint8Array.from({ length: 1_000_000 }, (_, at) => (at * 40503) >>> 8),
        facts,
      );
      const { digest } = await pushImage(large, parseReference(`${wire.address}/acme/broken:1`, "0"), {
        chunkBytes: 100_000,
        backoffMs: 5,
        onProgress: (_done, _all, note) => {
          if (note !== undefined) notes.push(note);
        },
      });
      assert.equal(digest, large.manifest.descriptor.digest);
      assert.equal(wire.broken(), 3);
      assert.ok(notes.length >= 3, notes.join("; "));
    } finally {
      wire.stop();
    }
  });

  test("a wire that breaks for ever is told", async () => {
    const wire = await startBreakingWire(registry.address, 1_000, Infinity);
    try {
      const image = imageOf(module.subarray(0, 90_001), facts);
      const pushing = pushImage(image, parseReference(`${wire.address}/acme/never:1`, "0"), {
        backoffMs: 1,
        retries: 2,
      });
      await assert.rejects(pushing, { code: "registry-unreachable", message: /fails again and again/ });
    } finally {
      wire.stop();
    }
  });

  test("skopeo inspects and copies what was pushed", { skip: lacks("skopeo") }, async () => {
    const from = installation();
    const [filter] = from.filters.filter((one) => one.module !== undefined);
    assert.ok(filter);
    for (const layout of ["oci", "docker"] as const) {
      const name: string = `${registry.address}/acme/${filter.name}-${layout}`;
      const image = imageOfFilter(filter, from, layout);
      const { digest } = await pushImage(image, parseReference(`${name}:1`, "0"));
      const inspected: SpawnSyncReturns<string> = spawnSync(
        "skopeo",
        ["inspect", "--tls-verify=false", `docker://${name}:1`],
        {
          encoding: "utf8",
        },
      );
      assert.equal(inspected.status, 0, inspected.stderr);
      const said = JSON.parse(inspected.stdout) as { Digest: string; Labels: Record<string, string>; Layers: string[] };
      assert.equal(said.Digest, digest);
      assert.equal(said.Layers.length, 1);
      assert.equal(said.Labels["org.opencontainers.image.version"], from.version);
      assert.deepEqual(JSON.parse(said.Labels[SCHEMA_ANNOTATION] ?? ""), filter.schema);
      const target = join(folder, `copy-${layout}`);
      const copied = spawnSync(
        "skopeo",
        ["copy", "--src-tls-verify=false", "--policy", policy(), `docker://${name}@${digest}`, `dir:${target}`],
        { encoding: "utf8" },
      );
      assert.equal(copied.status, 0, copied.stderr);
      const layer = (said.Layers[0] ?? "").replace("sha256:", "");
      const tar = gunzipSync(readFileSync(join(target, layer)));
      const bytes: Buffer = readFileSync(filter.module ?? "");
      assert.deepEqual(tar.subarray(512, 512 + bytes.length), bytes);
    }
  });

  test("the command pushes what sluice.yaml needs, under the digests that render names", async () => {
    const config = join(folder, "sluice.yaml");
    writeFileSync(
      config,
      `upstreams: {a: {provider: openai}}\nfilters: {modelTag: {}}\ndeploy: {registry: ${registry.address}/sluice}\n`,
    );
    const pushed = await sluice("push", "-c", config);
    assert.equal(pushed.code, 0, pushed.err);
    const rendered = await sluice("render", "istio", "-c", config);
    for (const url of pushed.out.split("\n")) assert.ok(rendered.out.includes(`url: ${url}\n`), url);
    const again = await sluice("push", "-c", config, "--json");
    const results = JSON.parse(again.out) as { wasThere: boolean }[];
    assert.ok(results.length > 0 && results.every(({ wasThere }) => wasThere));
  });

  test("--all pushes every module", async () => {
    const { code, out, err } = await sluice("push", "--all", `${registry.address}/all:test`, "--json");
    assert.equal(code, 0, err);
    const from = installation();
    const built = [...from.filters, from.suite].filter((one) => one?.module !== undefined).length;
    assert.equal((JSON.parse(out) as unknown[]).length, built);
  });
});

for (const auth of ["basic", "bearer"] as const) {
  describe(`a registry with ${auth} authorization`, { skip: lacks("docker-registry") }, () => {
    let registry: TestRegistry;
    before(async () => (registry = await startRegistry(auth)));
    after(() => registry.stop());
    const image = imageOf(module, facts);
    const to = () => parseReference(`${registry.address}/acme/secret:1`, "0");

    test("takes good credentials", async () => {
      assert.equal((await pushImage(image, to(), { credentials: ann })).digest, image.manifest.descriptor.digest);
      if (auth === "bearer") {
        assert.match(
          registry.tokenRequests.at(-1) ?? "",
          /service=test&scope=repository%3Aacme%2Fsecret%3Apu(ll%2Cpush|sh%2Cpull)/,
        );
      }
    });

    test("refuses bad ones in words", async () => {
      const bad = { ...ann, password: "wrong" };
      await assert.rejects(pushImage(image, to(), { credentials: bad }), {
        code: "registry-unauthorized",
        message: /does not take the credentials of ann \(from the test\): log in again/,
      });
    });

    test("says that credentials are needed", async () => {
      await assert.rejects(pushImage(image, to()), {
        code: "registry-unauthorized",
        message: /there are none: docker login 127/,
      });
    });

    test("the command takes docker's credentials, and its own", async () => {
      const { auths } = { auths: { [registry.address]: { auth: Buffer.from("ann:secret").toString("base64") } } };
      dockerConfig({ auths });
      const [name] = installation().filters.flatMap((filter) => (filter.module === undefined ? [] : [filter.name]));
      const target = `${registry.address}/acme/by-command:1`;
      assert.equal((await sluice("push", name ?? "", target)).code, 0);
      rmSync(join(folder, "config.json"));
      const without = await sluice("push", name ?? "", target);
      assert.deepEqual([without.code, /wants credentials and there are none/.test(without.err)], [1, true]);
      process.env["SLUICE_REGISTRY_PASSWORD"] = "secret";
      try {
        assert.equal((await sluice("push", name ?? "", target, "--username", "ann")).code, 0);
      } finally {
        delete process.env["SLUICE_REGISTRY_PASSWORD"];
      }
    });
  });
}

test("a registry that is read-only says so", { skip: lacks("docker-registry") }, async () => {
  const registry = await startRegistry("none", { readOnly: true });
  try {
    const pushing = pushImage(imageOf(module, facts), parseReference(`${registry.address}/acme/x:1`, "0"));
    await assert.rejects(pushing, { code: "registry-read-only", message: /read-only/ });
  } finally {
    await registry.stop();
  }
});

test("a registry that is not there is told, and how", async () => {
  const image = imageOf(module, facts);
  await assert.rejects(pushImage(image, parseReference(`127.0.0.1:${await freePort()}/x:1`, "0")), {
    code: "registry-unreachable",
    message: /nothing listens there/,
  });
  await assert.rejects(pushImage(image, parseReference("registry.invalid/x:1", "0")), {
    code: "registry-unreachable",
    message: /there is no such host/,
  });
});

test("an upload goes on where it broke, with a registry that still has it", async () => {
  const partial = await startPartialRegistry();
  try {
    const image = imageOf(module, facts);
    const sent = await pushImage(image, parseReference(`${partial.address}/acme/x:1`, "0"), {
      chunkBytes: 100_000,
      backoffMs: 1,
    });
    assert.equal(sent.digest, image.manifest.descriptor.digest);
    assert.ok(partial.ranges.includes("150000-249999"), partial.ranges.join(" "));
  } finally {
    partial.stop();
  }
});

/** skopeo wants a policy; Debian's may not be there. */
function policy(): string {
  const path = join(folder, "policy.json");
  writeFileSync(path, JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }));
  return path;
}

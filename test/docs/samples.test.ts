// What the documents show is true: every YAML parses, every plugin configuration is good for its module, every make target exists.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { runInHost } from "../../harness/host/run-scenario.ts";
import type { Json, PluginSpec } from "../../harness/scenario/scenario.ts";

/** Every document but those of dependencies. */
const documents = ["README.md", "CONTRIBUTING.md", ...within("filters"), ...within("docs")];

function within(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

interface Block {
  language: string;
  text: string;
  line: number;
}

/** The fenced blocks of a Markdown text. */
function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open: Block | undefined;
  for (const [at, line] of text.split("\n").entries()) {
    const fence = /^```(\w*)/.exec(line);
    if (fence === null) {
      if (open !== undefined) open.text += `${line}\n`;
    } else if (open === undefined) {
      open = { language: fence[1] ?? "", text: "", line: at + 2 };
    } else {
      found.push(open);
      open = undefined;
    }
  }
  return found;
}

/** What the module says to a configuration: its error lines. */
function verdict(module: string, plugin: Partial<PluginSpec>): string[] {
  const result = runInHost(
    {
      name: "a sample",
      chain: [{ kind: "plugin", name: "sample", module, ...plugin }],
      routes: [{ respond: { status: 200 } }],
      clusters: [],
      requests: [{ protocol: "h1", method: "GET", path: "/" }],
      expect: {},
    },
    (path) => readFileSync(path),
  );
  return result.log.filter(({ level }) => level === "error").map(({ text }) => text);
}

for (const document of documents) {
  describe(document, () => {
    const text = readFileSync(document, "utf8");
    for (const block of blocks(text)) {
      const name = `line ${block.line}`;
      if (block.language === "yaml") {
        test(`${name}: the YAML is valid and its plugin configurations are good`, () => {
          for (const one of parseAllDocuments(block.text)) {
            assert.deepEqual(one.errors, []);
            checkResource(one.toJS());
          }
        });
      }
      if (block.language === "sh") {
        const targets = [...block.text.matchAll(/^make (?:-\S+ )*([\w./-]+)/gm)].map((match) => match[1] ?? "");
        const own = /make new NAME=([\w-]+)/.exec(block.text)?.[1];
        for (const target of targets.filter((one) => own === undefined || !one.includes(own))) {
          test(`${name}: make ${target} is there`, () => {
            execFileSync("make", ["-n", target], { stdio: "pipe", env: { ...process.env, NAME: "sample" } });
          });
        }
      }
    }
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
      test(`the link to ${target} leads somewhere`, () => {
        assert.ok(existsSync(join(dirname(document), target ?? "")));
      });
    }
  });
}

function checkResource(resource: unknown): void {
  if (typeof resource !== "object" || resource === null) return;
  const { kind, spec } = resource as { kind?: string; spec?: { url?: string; pluginConfig?: Json } };
  if (kind === "WasmPlugin") {
    const module = /([\w-]+)(?::[\w.-]+|@sha256:\w+)?$/.exec(spec?.url ?? "")?.[1] ?? "";
    assert.deepEqual(verdict(`build/${module}.wasm`, { config: spec?.pluginConfig ?? {} }), []);
  }
  const filter = resource as {
    typed_config?: {
      config?: { vm_config: { code: { local: { filename: string } } }; configuration?: { value: string } };
    };
  };
  const config = filter.typed_config?.config;
  if (config !== undefined) {
    const more = { configText: config.configuration?.value ?? "", allowOnHeadersStopIteration: true };
    assert.deepEqual(verdict(config.vm_config.code.local.filename, more), []);
  }
}

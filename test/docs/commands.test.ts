// Samples in the documents can be applied, and every call of sluice that they show is one that it takes.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commands } from "../../harness/cli/commands.ts";
import { validateFiles } from "../../harness/deploy/validate.ts";
import { formatFault } from "../../harness/sluice-yaml/fault.ts";
import { installation } from "../../harness/sluice-yaml/filters.ts";
import { parseSource } from "../../harness/sluice-yaml/source.ts";

const documents = ["README.md", ...["docs", "filters"].flatMap(within)];

function within(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".md")).map((name) => join(folder, name));
}

/** Fenced blocks of a language, also those that are indented, with the line of their first. */
function blocks(text: string, language: string): { text: string; line: number }[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, "gm"))].map((match) => ({
    text: (match[2] ?? "").replaceAll(new RegExp(`^${match[1] ?? ""}`, "gm"), ""),
    line: text.slice(0, match.index).split("\n").length + 1,
  }));
}

/** Whether a document is a whole one: an object, or a sluice.yaml. */
function isWhole(value: unknown): boolean {
  return typeof value === "object" && value !== null && ("kind" in value || "upstreams" in value);
}

for (const document of documents) {
  const text = readFileSync(document, "utf8");
  describe(document, () => {
    for (const block of blocks(text, "yaml")) {
      if (!parseSource(document, block.text).documents.every(({ value }) => isWhole(value))) continue;
      test(`line ${block.line}: the YAML has no finding`, () => {
        const faults = validateFiles(
          [{ file: document, text: "\n".repeat(block.line - 1) + block.text }],
          installation(),
        );
        assert.deepEqual(faults.map(formatFault), []);
      });
    }
    for (const block of blocks(text, "sh")) {
      for (const [, call = ""] of block.text.matchAll(/(?:^|[|&] *)sluice ([^|>&\n]+)/gm)) {
        test(`line ${block.line}: sluice ${call.trim()}`, () => {
          const [name, ...args] = call.trim().split(/\s+/);
          const command = commands.find((one) => one.name === name);
          assert.ok(command, `there is no command ${name}`);
          for (const [, option = ""] of args.join(" ").matchAll(/--([a-z-]+)/g)) {
            assert.ok(Object.hasOwn(command.options, option), `${name} has no --${option}`);
          }
        });
      }
    }
  });
}

test("the list of commands in docs/command.md is whole", () => {
  const text = readFileSync("docs/command.md", "utf8");
  for (const { name } of commands) assert.ok(text.includes(`\`sluice ${name}\``), name);
});

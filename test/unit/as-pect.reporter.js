// What is printed of the unit specs: a line per file, all of what failed. Counts go to the file that SLUICE_COUNTS names.
// It writes to stderr, which keeps it apart from as-pect's own banner.

import { writeFileSync } from "node:fs";

const GROUP = 1;
const counts = { passed: 0, failed: [], skipped: [] };

export default {
  onEnter() {},
  // as-pect leaves these set, and would show the last failure's values under the next one.
  onExit(suite) {
    suite.actual = suite.expected = null;
    suite.message = "";
  },
  onFinish(suite) {
    const failures = failuresBelow(suite.rootNode, []);
    const errors = suite.errors.map((error) => `${error.type}: ${error.message}\n${error.stackTrace}`);
    const failed = Math.max(suite.testCount - suite.testPassCount, suite.pass ? 0 : 1);
    counts.passed += suite.testPassCount;
    for (let i = 0; i < failed; i++)
      counts.failed.push(firstLine(failures[i] ?? errors[0] ?? "failed", suite.fileName));
    for (const todo of todosBelow(suite.rootNode)) counts.skipped.push(`${suite.fileName}: ${todo}`);

    const verdict = failed > 0 ? `✖ ${suite.fileName} ${failed} failed,` : `✔ ${suite.fileName}`;
    print(`${verdict} ${suite.testPassCount} passed (${suite.rootNode.deltaT.toFixed(0)} ms)`);
    for (const text of [...failures, ...errors]) print(text.replace(/^/gm, "    "));
    if (process.env.SLUICE_COUNTS) writeFileSync(process.env.SLUICE_COUNTS, JSON.stringify(counts));
  },
};

function failuresBelow(node, path) {
  const name = node.name ? [...path, node.name] : path;
  const below = node.children.flatMap((child) => failuresBelow(child, name));
  const own = node.ran && !node.pass && (node.type !== GROUP || (below.length === 0 && node.message));
  return own ? [describe(node, name), ...below] : below;
}

function firstLine(text, file) {
  return `${file}: ${text.split("\n", 1)[0]}`;
}

function describe(node, path) {
  const lines = [`✖ ${path.join(" › ")}: ${node.message || "failed"}`];
  if (node.actual) lines.push(`  actual:   ${node.actual.stringify({ indent: 4 }).trimStart()}`);
  if (node.expected) {
    lines.push(
      `  expected: ${node.expected.negated ? "not " : ""}${node.expected.stringify({ indent: 4 }).trimStart()}`,
    );
  }
  const stack = (node.stackTrace ?? "").split("\n").filter((line) => !line.includes("@as-pect/assembly"));
  if (node.stackTrace) lines.push(...stack.map((line) => `  ${line}`));
  return lines.join("\n");
}

function todosBelow(node) {
  return [...node.todos, ...node.children.flatMap(todosBelow)];
}

function print(text) {
  process.stderr.write(`${text}\n`);
}

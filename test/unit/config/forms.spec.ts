import { hasForm, TextForm } from "../../../runtime/config/forms";
import { editDistance, nearestName } from "../../../runtime/config/nearest";

function all(form: TextForm, texts: string[], expected: bool): void {
  for (let i = 0; i < texts.length; i++) expect(hasForm(texts[i], form)).toBe(expected, texts[i]);
}

describe("the forms of texts", () => {
  it("knows identifiers", () => {
    all(TextForm.Identifier, ["a", "A-z_0.9", "x".repeat(64)], true);
    all(TextForm.Identifier, ["", "a b", "a/b", "é", "x".repeat(65)], false);
  });

  it("counts a label's characters, not its bytes", () => {
    all(TextForm.Label, ["é", "😀".repeat(128), "a b"], true);
    all(TextForm.Label, ["", "😀".repeat(129), "a\nb", "\x7f", "\x85"], false);
  });

  it("knows header values", () => {
    all(TextForm.HeaderValue, ["vip", "a b", "~"], true);
    all(TextForm.HeaderValue, ["", " a", "a ", "é", "a\tb"], false);
  });

  it("knows header names, and those that a filter may write", () => {
    all(TextForm.HeaderName, ["X-User", "x_a", "!#"], true);
    all(TextForm.HeaderName, ["", ":path", "a b", "a\n", "x".repeat(129)], false);
    all(TextForm.OwnHeaderName, ["x-ai-model"], true);
    all(TextForm.OwnHeaderName, ["X-AI-Model", "host", "content-length", "authorization"], false);
  });

  it("knows globs", () => {
    all(TextForm.Glob, ["a", "*", "**", "*a", "a*", "*a*"], true);
    all(TextForm.Glob, ["", "a*b", "***", "*a*b"], false);
  });

  it("knows methods and hashes", () => {
    all(TextForm.Method, ["POST", "M-SEARCH"], true);
    all(TextForm.Method, ["", "post", "-A", "P0"], false);
    all(TextForm.Hash, ["0f".repeat(16), "a9".repeat(32)], true);
    all(TextForm.Hash, ["", "0F".repeat(16), "a9".repeat(20), "g0".repeat(16)], false);
  });
});

describe("the nearest name", () => {
  it("counts insertions, deletions, substitutions and swaps", () => {
    expect(editDistance("interval", "intervall")).toBe(1);
    expect(editDistance("mdoe", "mode")).toBe(1);
    expect(editDistance("", "abc")).toBe(3);
    expect(editDistance("kitten", "sitting")).toBe(3);
  });

  it("is found in any case and with underscores", () => {
    expect(nearestName("on_held_limit", ["tagAll", "onHeldLimit"])).toBe("onHeldLimit");
    expect(nearestName("modles", ["models", "model"])).toBe("models");
  });

  it("is none when all are far", () => {
    expect(nearestName("foo", ["split", "tier"])).toBe("");
  });
});

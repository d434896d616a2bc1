// One finding of the lint: what stands there, why it costs money or hangs calls, and the safe form.
import type { Fault } from "../sluice-yaml/fault.ts";
import type { Path, SourceDocument } from "../sluice-yaml/source.ts";

/** What the rules need of a document: its value, and places in it. */
export type LintDocument = Pick<SourceDocument, "file" | "value" | "fault">;

/** A finding. `message` is what and why in one line. */
export interface Finding extends Fault {
  rule: LintRule;
  what: string;
  why: string;
  cure: string;
}

/** The rules. */
export type LintRule =
  /** A retry setting that can bill a call twice. */
  | "unsafe-retry"
  /** No retry setting, where the default has one. */
  | "default-retry"
  /** A hedged request is a second call while the first runs. */
  | "hedged-request"
  /** A route to a model without a timeout, or with one that is not meant for models. */
  | "no-timeout"
  /** A plugin that needs the body before headers leave, and cannot hold them. */
  | "no-pair-or-flag"
  /** The two halves of a pair do not fit. */
  | "pair"
  /** Callers are told apart by an address that they write themselves. */
  | "address-from-client";

/** Makes a finding at a place of a document. */
export function finding(
  document: LintDocument,
  path: Path,
  rule: LintRule,
  severity: Fault["severity"],
  { what, why, cure }: Pick<Finding, "what" | "why" | "cure">,
): Finding {
  const fault = document.fault(path, `${what}: ${why}`, { severity, cure, rule, at: "key" });
  return { ...fault, rule, what, why, cure };
}

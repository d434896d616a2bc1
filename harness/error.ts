// The one error class of the harness: what went wrong, in words that say what to do, and a code for programs.

/**
 * Every error that the harness raises on purpose. `code` is stable and kebab-case (`envoy-not-found`, `module-refused`);
 * `message` is for people and says what to do; `cause` keeps the error below.
 */
export class HarnessError extends Error {
  readonly code: string;

  constructor(message: string, code: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "HarnessError";
    this.code = code;
  }
}

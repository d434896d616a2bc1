// Collects what is wrong or doubtful in a configuration: all of it, not the first fault only.

/** Lines that are kept; further ones are only counted. */
export const MOST_LINES: i32 = 50;

/** The errors and warnings of one configuration, each line naming filter, place, what was found and what was expected. */
export class ConfigErrors {
  /** Error lines: `model-tag: config: tier[0].value: expected …, got …`. */
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  /** All errors, those beyond the kept lines included. */
  errorCount: i32 = 0;
  warningCount: i32 = 0;

  /** `filter` is the module's name, the first word of each line. */
  constructor(readonly filter: string) {}

  /** Whether the configuration may be used. */
  get isValid(): bool {
    return this.errorCount == 0;
  }

  /** Adds an error. `path` is the place (`rules[2].limit`), empty for the whole configuration. */
  error(path: string, message: string): void {
    if (this.errorCount++ < MOST_LINES) this.errors.push(this.line(path, message));
  }

  /** Adds a warning: the configuration loads, but someone should look. */
  warn(path: string, message: string): void {
    if (this.warningCount++ < MOST_LINES) this.warnings.push(this.line(path, message));
  }

  /** Every kept error, one to a line, with a last line that counts the others. */
  text(): string {
    const text = this.errors.join("\n");
    const others = this.errorCount - this.errors.length;
    return others > 0 ? text + "\n" + this.filter + ": config: and " + others.toString() + " more errors" : text;
  }

  private line(path: string, message: string): string {
    return this.filter + ": config: " + (path.length ? path + ": " : "") + message;
  }
}

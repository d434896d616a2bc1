// Where a command writes to: results on standard output, everything else on standard error.

/** Standard output and error, and what they can show. */
export interface Terminal {
  /** A line of the result. */
  print(text: string): void;
  /** A line for the person at the keyboard. */
  say(text: string): void;
  /** What is going on: redrawn in place on a terminal, a plain line every few seconds in a pipe. */
  progress(text: string): void;
  /** Ends the line that `progress` redraws. */
  endProgress(): void;
  /** Whether standard output is a terminal. */
  readonly isInteractive: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Colours, or the text as it is. */
  paint(text: string, color: Color): string;
}

/** What text may look like. */
export type Color = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const codes: Record<Color, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** Plain lines of progress in a pipe come at most so often. */
const PLAIN_PROGRESS_MS = 5_000;

/** The process's own terminal. Colours where it is one, unless NO_COLOR says otherwise; FORCE_COLOR always. */
export function processTerminal(env: NodeJS.ProcessEnv = process.env): Terminal {
  const { stdout, stderr } = process;
  const isInteractive = stdout.isTTY === true;
  const hasColor =
    env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0"
      ? true
      : isInteractive && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  let lastMs = -PLAIN_PROGRESS_MS;
  let isDrawn = false;
  const endProgress = (): void => {
    if (isDrawn) stderr.write("\r\u001b[K");
    isDrawn = false;
  };
  // A reader that leaves (`| head`) ends the command quietly.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    isInteractive,
    get columns() {
      return stdout.columns ?? 100;
    },
    get rows() {
      return stdout.rows ?? 40;
    },
    print(text) {
      endProgress();
      stdout.write(`${text}\n`);
    },
    say(text) {
      endProgress();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (stderr.isTTY === true) {
        stderr.write(`\r\u001b[K${text.slice(0, (stderr.columns ?? 100) - 1)}`);
        isDrawn = true;
        return;
      }
      const nowMs = performance.now();
      if (nowMs - lastMs < PLAIN_PROGRESS_MS) return;
      lastMs = nowMs;
      stderr.write(`${text}\n`);
    },
    endProgress,
    paint: (text, color) => (hasColor ? `\u001b[${codes[color]}m${text}\u001b[0m` : text),
  };
}

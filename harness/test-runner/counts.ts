// What comes out of a test run: how many passed, failed and were skipped.

/** `failed` names each test that did, `skipped` each that was not run, with the reason it gave. */
export interface Counts {
  passed: number;
  failed: string[];
  skipped: string[];
}

/** The sum of `parts`. */
export function sumCounts(parts: readonly Counts[]): Counts {
  return {
    passed: parts.reduce((sum, part) => sum + part.passed, 0),
    failed: parts.flatMap((part) => part.failed),
    skipped: parts.flatMap((part) => part.skipped),
  };
}

/** The line that every run ends with, for programs to read. */
export function formatCounts(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed.length} failed, ${counts.skipped.length} skipped`;
}

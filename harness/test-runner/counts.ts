// What comes out of a test run: how many passed, failed and were skipped.

/** `skipped` names each test that was not run, with the reason it gave. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: string[];
}

/** The sum of `parts`. */
export function sumCounts(parts: readonly Counts[]): Counts {
  return {
    passed: parts.reduce((sum, part) => sum + part.passed, 0),
    failed: parts.reduce((sum, part) => sum + part.failed, 0),
    skipped: parts.flatMap((part) => part.skipped),
  };
}

/** The line that every run ends with, for programs to read. */
export function formatCounts(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`;
}

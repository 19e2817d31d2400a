// Prints what is known about a failed test: the page as the error left it, and the end of the gateway's log.
// A CI log is often all that is left of a run.
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';
import { readFileSync } from 'node:fs';

/** Attachments that are text, by name, with how many of their last lines are printed. */
const PRINTED: Record<string, number> = { 'error-context': 120, 'gateway.log': 60 };

export default class FailureReporter implements Reporter {
  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === test.expectedStatus || result.status === 'skipped') return;
    for (const { name, path } of result.attachments) {
      const lines = PRINTED[name];
      if (!lines || !path) continue;
      const text = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines);
      console.log(`--- ${test.title}: ${name}\n${text.join('\n')}\n---`);
    }
  }

  /** The list reporter prints the rest. */
  printsToStdio(): boolean {
    return false;
  }
}

// Prints details of a failed test: the state of the page, and the end of the gateway's log.
// Often the log of CI is all that remains of a run.
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';
import { readFileSync } from 'node:fs';

/** The names of the text attachments to print, with the number of their last lines. */
const PRINTED_LINES: Record<string, number> = { 'error-context': 120, 'gateway.log': 60 };

export default class FailureReporter implements Reporter {
  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === test.expectedStatus || result.status === 'skipped') return;
    for (const { name, path } of result.attachments) {
      const lines = PRINTED_LINES[name];
      if (!lines || !path) continue;
      const text = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines);
      console.log(`--- ${test.title}: ${name}\n${text.join('\n')}\n---`);
    }
  }

  /** `false`: the list reporter prints the rest. */
  printsToStdio(): boolean {
    return false;
  }
}

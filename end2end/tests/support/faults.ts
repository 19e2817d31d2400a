// What must not happen in a page unless a test says that it may.
import type { Page } from '@playwright/test';

/** The faults of the pages it watches: console errors and warnings, exceptions, failed requests. */
export class Faults {
  private readonly seen: string[] = [];
  private readonly allowed: RegExp[] = [
    // The pictures that a scripted codex tells of are not there. Whether one is asked for depends on how long its row is open.
    /status of 404 .*\/images\/turn-\d+-\d+-/,
  ];

  watch(page: Page): void {
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      this.seen.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.seen.push(`exception: ${error.stack ?? error.message}`));
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText;
      // The page itself gave it up: it was closed, or went elsewhere while a stream was open.
      if (reason === 'net::ERR_ABORTED') return;
      this.seen.push(`request failed: ${request.method()} ${request.url()}: ${reason}`);
    });
  }

  /** Faults that match are expected, from the start of the test to its end. */
  allow(...patterns: RegExp[]): void {
    this.allowed.push(...patterns);
  }

  /** Everything that happened and was not allowed. */
  unexpected(): string[] {
    return this.seen.filter((fault) => !this.allowed.some((pattern) => pattern.test(fault)));
  }
}

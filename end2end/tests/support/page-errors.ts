// Collects the errors of pages. A test fails with an error that it has not allowed.
import type { Page } from '@playwright/test';

/** The errors of the watched pages: console errors and warnings, exceptions, failed requests. */
export class PageErrors {
  private readonly errors: string[] = [];
  private readonly allowed: RegExp[] = [
    // The images that the fake codex names do not exist. Whether one is requested depends on how long its row is expanded.
    /status of 404 .*\/images\/turn-\d+-\d+-/,
  ];

  /** Collects the errors of another page too. */
  watch(page: Page): void {
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      this.errors.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.errors.push(`exception: ${error.stack ?? error.message}`));
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText;
      // The page itself aborted it: it was closed, or navigated while a stream was open.
      if (reason === 'net::ERR_ABORTED') return;
      this.errors.push(`request failed: ${request.method()} ${request.url()}: ${reason}`);
    });
  }

  /** Allows errors that match one of the patterns, during the whole test. */
  allow(...patterns: RegExp[]): void {
    this.allowed.push(...patterns);
  }

  /** Returns the errors that are not allowed. */
  unexpected(): string[] {
    return this.errors.filter((error) => !this.allowed.some((pattern) => pattern.test(error)));
  }
}

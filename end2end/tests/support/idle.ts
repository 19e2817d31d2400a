// Decides when the page is idle: it loads the code of later parts then.
import type { Page } from '@playwright/test';

declare global {
  interface Window {
    idleCallbacks: (() => void)[];
  }
}

/** Keeps the pages of a tab busy until `idle` is called. Until then they load no code before it is needed. */
export async function keepBusy(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.idleCallbacks = [];
    window.requestIdleCallback = (callback) =>
      window.idleCallbacks.push(() => callback({ didTimeout: false, timeRemaining: () => 50 }));
  });
}

/** Lets the page be idle once. */
export async function idle(page: Page): Promise<void> {
  await page.evaluate(() => window.idleCallbacks.splice(0).forEach((callback) => callback()));
}

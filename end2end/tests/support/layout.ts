// Measures layout shifts of a page, as the browser counts them.
import { expect, type Page } from '@playwright/test';

declare global {
  interface Window {
    __layoutShift: number | undefined;
  }
}

/** Starts to add up layout shifts without user input, from the next load on. */
export async function watchLayoutShift(page: Page): Promise<void> {
  await page.addInitScript(() => {
    if (!PerformanceObserver.supportedEntryTypes.includes('layout-shift')) return;
    window.__layoutShift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        if (!entry.hadRecentInput) window.__layoutShift = (window.__layoutShift ?? 0) + entry.value;
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

/** Returns the cumulative layout shift since the page was loaded. */
export async function layoutShift(page: Page): Promise<number> {
  // After two frames, all shifts so far have been counted.
  const shift = await page.evaluate(async () => {
    for (const _ of [1, 2]) await new Promise((frame) => requestAnimationFrame(frame));
    return window.__layoutShift;
  });
  expect(shift, 'the browser measures layout shifts').toBeDefined();
  return shift ?? Number.NaN;
}

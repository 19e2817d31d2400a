// Where a reader is in a conversation.
import type { Locator } from '@playwright/test';

/** Pixels between what is in sight and the end of the conversation, once the page has been painted. */
export async function belowTheFold(log: Locator): Promise<number> {
  return log.evaluate(async (log) => {
    let scroller: Element = log;
    while (scroller.parentElement && !/auto|scroll/.test(getComputedStyle(scroller).overflowY)) {
      scroller = scroller.parentElement;
    }
    await new Promise((frame) => requestAnimationFrame(() => setTimeout(frame)));
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  });
}

/** How far a reader has scrolled, in pixels. */
export async function scrolled(log: Locator): Promise<number> {
  return log.evaluate((log) => {
    let scroller: Element = log;
    while (scroller.parentElement && !/auto|scroll/.test(getComputedStyle(scroller).overflowY)) {
      scroller = scroller.parentElement;
    }
    return scroller.scrollTop;
  });
}

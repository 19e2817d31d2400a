// Where a reader is in a conversation.
import type { Locator } from '@playwright/test';

/** Pixels between what is in sight and the end of the conversation, once the page has been painted. */
export async function belowTheFold(log: Locator): Promise<number> {
  return scroller(log).evaluate(async (scroller) => {
    await new Promise((frame) => requestAnimationFrame(() => setTimeout(frame)));
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  });
}

/** How far a reader has scrolled, in pixels. */
export async function scrolled(log: Locator): Promise<number> {
  return scroller(log).evaluate((scroller) => scroller.scrollTop);
}

/** Puts the pointer over the conversation, whether or not it moves: what a wheel turns afterwards is it. */
export async function pointAt(log: Locator): Promise<void> {
  await scroller(log).hover();
}

/** What stands still while the conversation grows and moves within it. */
function scroller(log: Locator): Locator {
  return log.locator('..');
}

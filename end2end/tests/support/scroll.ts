// The scroll position of the conversation.
import type { Locator } from '@playwright/test';

/** Returns the pixels between the bottom of the view and the end of the conversation, after the next paint. */
export async function distanceFromEnd(log: Locator): Promise<number> {
  return scroller(log).evaluate(async (scroller) => {
    await new Promise((frame) => requestAnimationFrame(() => setTimeout(frame)));
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  });
}

/** Returns the scroll position in pixels. */
export async function scrollTop(log: Locator): Promise<number> {
  return scroller(log).evaluate((scroller) => scroller.scrollTop);
}

/** Moves the mouse over the conversation, so that the wheel scrolls it. Works while it scrolls or grows. */
export async function hoverConversation(log: Locator): Promise<void> {
  await scroller(log).hover();
}

/** Returns the scroll container of the conversation. */
function scroller(log: Locator): Locator {
  return log.locator('..');
}

// The page that the server rendered is taken over as it is.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

declare global {
  interface Element {
    __rendered?: boolean;
  }
}

/** Keeps the page from coming alive until it is told to. */
async function hold(page: Page): Promise<() => void> {
  let go = () => {};
  const told = new Promise<void>((resolve) => (go = resolve));
  await page.route('**/*.wasm', async (route) => {
    await told;
    await route.continue();
  });
  return go;
}

test('the conversation is kept, node by node', async ({ page, chat }) => {
  await chat.startAndFinish('!standin reasoning, plan, command, text');
  const comeAlive = await hold(page);
  await page.reload({ waitUntil: 'commit' });
  await expect(chat.answers.last()).toBeVisible();
  await page.waitForLoadState('domcontentloaded');
  const before = await chat.log.evaluate((log) => {
    const all = [log, ...log.querySelectorAll('*')];
    for (const element of all) element.__rendered = true;
    return { count: all.length, html: log.innerHTML.replace(/<!--.*?-->/g, '') };
  });
  expect(before.count).toBeGreaterThan(50);

  comeAlive();
  await chat.isLive();
  const after = await chat.log.evaluate((log) => {
    const all = [log, ...log.querySelectorAll('*')];
    const html = log.innerHTML.replace(/<!--.*?-->/g, '');
    return { count: all.length, replaced: all.filter((element) => !element.__rendered).length, html };
  });
  expect(after.replaced).toBe(0);
  expect(after.count).toBe(before.count);
  expect(after.html).toBe(before.html);

  await chat.fold.click();
  await expect(chat.step(/^Thought/)).toBeVisible();
});

test('what was typed before the page came alive is kept, and can be sent', async ({ page, chat }) => {
  const comeAlive = await hold(page);
  await page.goto('/', { waitUntil: 'commit' });
  await chat.message.fill('Reply with exactly the single word early.');
  await expect(chat.sendButton).toBeDisabled();

  comeAlive();
  await expect(chat.sendButton).toBeEnabled();
  await expect(chat.message).toHaveValue('Reply with exactly the single word early.');
  await chat.message.press('Enter');
  await expect(chat.answers).toHaveText('early', { timeout: 10_000 });
});

// Code is highlighted by the server: when a streamed code block closes, and when a page is rendered.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

/** Counts the requests for highlighting. */
function countRequests(page: Page): () => number {
  let count = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/_fn/highlight') count += 1;
  });
  return () => count;
}

/** Returns the text of the first code block, and its size in pixels. */
function layout(page: Page) {
  return page.locator('figure.code').first().evaluate((figure) => {
    const range = document.createRange();
    range.selectNodeContents(figure.querySelector('code')!);
    const { width, height } = range.getBoundingClientRect();
    return { width, height, text: range.toString() };
  });
}

test('a code block is highlighted when it closes, without a layout change', async ({ page, chat, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/_fn/highlight', async (route) => {
    await released;
    await route.continue();
  });
  const count = countRequests(page);
  await chat.startAndFinish('!standin text');
  await expect.poll(count).toBeGreaterThan(0);
  const code = page.locator('figure.code code').first();
  await expect(code.locator('[class^=hl-]')).toHaveCount(0);
  const plain = await layout(page);

  release();
  await expect(code.locator('.hl-k').first()).toHaveText('fn');
  await expect(code.locator('.hl-c').first()).toHaveText('/// Adds two numbers.');
  const highlighted = await layout(page);
  expect(highlighted.text).toBe(plain.text);
  // Splitting a text into spans changes its size by fractions of a pixel.
  for (const side of ['width', 'height'] as const) {
    expect(Math.abs(highlighted[side] - plain[side]), side).toBeLessThan(1);
  }
  await page.getByRole('button', { name: 'Copy' }).first().click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(plain.text);
  expect(count()).toBeLessThanOrEqual(await page.locator('figure.code').count());
});

test('a loaded page is highlighted by the server, and requests no highlighting', async ({ page, chat }) => {
  await chat.startAndFinish('!standin text');
  const html = await (await page.request.get(page.url())).text();
  expect(html).toContain('<span class="hl-k">fn</span>');

  const loaded = await page.locator('figure.code').count();
  const count = countRequests(page);
  await page.reload();
  await chat.waitUntilLive();
  // Any request for the loaded blocks would have been sent by the end of this turn.
  await chat.send('!standin text');
  await chat.waitForTurn('completed', 2);
  await expect(page.locator('figure.code').last().locator('.hl-k').first()).toHaveText('fn');
  expect(count()).toBeLessThanOrEqual((await page.locator('figure.code').count()) - loaded);
  await expect(page.locator('figure.code').first().locator('.hl-k').first()).toHaveText('fn');
});

test('code blocks that are rendered again are not requested again', async ({ page, chat }) => {
  await chat.startAndFinish('!standin text');
  await expect(page.locator('.hl-k').first()).toBeVisible();
  const count = countRequests(page);
  const conversation = page.url();
  await page.getByRole('link', { name: 'New chat' }).first().click();
  await page.waitForURL(/\/$/);
  await page.goBack();
  await page.waitForURL(conversation);
  await expect(page.locator('.hl-k').first()).toBeVisible();
  expect(count()).toBe(0);
});

// Code gets its colours from the server: once when a fence closes, and in the page when it is loaded.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

/** Counts how often the server is asked for colours. */
function asked(page: Page): () => number {
  let count = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/_fn/highlight') count += 1;
  });
  return () => count;
}

/** The code of a block, and the room it takes in pixels. */
function layout(page: Page) {
  return page.locator('figure.code').first().evaluate((figure) => {
    const range = document.createRange();
    range.selectNodeContents(figure.querySelector('code')!);
    const { width, height } = range.getBoundingClientRect();
    return { width, height, text: range.toString() };
  });
}

test('a fence that closes gets its colours, and nothing moves', async ({ page, chat, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/_fn/highlight', async (route) => {
    await held;
    await route.continue();
  });
  const count = asked(page);
  await chat.startAndFinish('!standin text');
  await expect.poll(count).toBeGreaterThan(0);
  const code = page.locator('figure.code code').first();
  await expect(code.locator('[class^=hl-]')).toHaveCount(0);
  const plain = await layout(page);

  answer();
  await expect(code.locator('.hl-k').first()).toHaveText('fn');
  await expect(code.locator('.hl-c').first()).toHaveText('/// Adds two numbers.');
  const coloured = await layout(page);
  expect(coloured.text).toBe(plain.text);
  // Where a text is cut into colours, fractions of a pixel differ.
  for (const side of ['width', 'height'] as const) {
    expect(Math.abs(coloured[side] - plain[side]), side).toBeLessThan(1);
  }
  await page.getByRole('button', { name: 'Copy' }).first().click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(plain.text);
  expect(count()).toBeLessThanOrEqual(await page.locator('figure.code').count());
});

test('a page that is loaded has its colours, and asks for none', async ({ page, chat }) => {
  await chat.startAndFinish('!standin text');
  const html = await (await page.request.get(page.url())).text();
  expect(html).toContain('<span class="hl-k">fn</span>');

  const loaded = await page.locator('figure.code').count();
  const count = asked(page);
  await page.reload();
  await chat.isLive();
  // Whatever would be asked for was asked for by the end of this turn.
  await chat.say('!standin text');
  await chat.ended('completed', 2);
  await expect(page.locator('figure.code').last().locator('.hl-k').first()).toHaveText('fn');
  expect(count()).toBeLessThanOrEqual((await page.locator('figure.code').count()) - loaded);
  await expect(page.locator('figure.code').first().locator('.hl-k').first()).toHaveText('fn');
});

test('what is drawn again is not asked for again', async ({ page, chat }) => {
  await chat.startAndFinish('!standin text');
  await expect(page.locator('.hl-k').first()).toBeVisible();
  const count = asked(page);
  const conversation = page.url();
  await page.getByRole('link', { name: 'New chat' }).first().click();
  await page.waitForURL(/\/$/);
  await page.goBack();
  await page.waitForURL(conversation);
  await expect(page.locator('.hl-k').first()).toBeVisible();
  expect(count()).toBe(0);
});

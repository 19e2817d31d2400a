// Search in a conversation, including entries that are collapsed, not mounted or not loaded.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

const THREAD_ID = '00000000-0000-0000-0000-00000000f19d';

const bar = (page: Page): Locator => page.getByRole('search');
const field = (page: Page): Locator => bar(page).getByRole('textbox', { name: 'Search this conversation' });

/** Returns the highlighted texts of the current match. */
const highlightedTexts = (page: Page) =>
  page.evaluate(() => {
    const highlights = (CSS as unknown as { highlights: Map<string, Iterable<Range>> }).highlights;
    return [...(highlights.get('found') ?? [])].map(String);
  });

test('all of a long conversation is searched, and each match is loaded, expanded and scrolled into view', async ({ page, chat, startServer }) => {
  const codex = new FakeCodex('find', 'normal');
  codex.writeThread(THREAD_ID, [], 450);
  const server = await startServer({ args: [], env: codex.env });
  const created = await page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD_ID } });
  await chat.open(`${server.baseURL}/c/${(await created.json()).sessionId}`);
  const found = chat.log.locator('[data-found]');

  await page.keyboard.press('ControlOrMeta+f');
  await expect(field(page)).toBeFocused();
  await page.keyboard.type('NEEDLE is');
  await expect(bar(page).getByRole('status')).toHaveText('1 of 5');
  await expect(found).toHaveAttribute('data-item', '400-answer');
  await expect(found).toBeInViewport();
  await expect(bar(page)).toContainText('A needle is in it.');
  expect(await highlightedTexts(page)).toEqual(['needle is']);
  await page.keyboard.press('Shift+Enter');
  await expect(bar(page).getByRole('status')).toHaveText('5 of 5', { timeout: 15_000 });
  await expect(found).toHaveAttribute('data-item', '0-answer', { timeout: 15_000 });
  await expect(found).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(found).toHaveAttribute('data-item', '400-answer');
  await bar(page).getByRole('button', { name: 'Previous' }).click();
  await expect(found).toHaveAttribute('data-item', '300-answer');
  await expect(found).toBeInViewport();
  expect(await chat.log.locator('[data-item]').count()).toBeLessThanOrEqual(280);
  // Enter presses the button that has the focus.
  await bar(page).getByRole('button', { name: 'Next' }).press('Enter');
  await expect(found).toHaveAttribute('data-item', '400-answer');

  // A match in the output of a collapsed command expands its turn and its row.
  await field(page).fill('line 3 of 22');
  await expect(bar(page).getByRole('status')).toHaveText(/^1 of \d+$/);
  await expect(found).toContainText('line 3 of 22');
  await expect(found).toBeInViewport();
  await field(page).fill('there is no such text');
  await expect(bar(page).getByRole('status')).toHaveText('Nothing found');

  await field(page).press('Escape');
  await expect(bar(page)).toBeHidden();
  await expect(found).toHaveCount(0);
  expect(await highlightedTexts(page)).toEqual([]);
  await expect(chat.messageField).toBeFocused();
});

test('clearing the field cancels a running search', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/_fn/search', async (route) => {
    await released;
    await route.continue();
  });
  await page.keyboard.press('ControlOrMeta+f');
  const requested = page.waitForRequest('**/_fn/search');
  await page.keyboard.type('ready');
  await requested;
  const status = page.getByRole('search').getByRole('status');
  await expect(status).toHaveText('Searching…');
  await field(page).fill('');
  await expect(status).toHaveText('');
  release();
  await page.keyboard.press('Escape');
});

test('Esc closes the search without stopping the turn, and a second Ctrl F is left to the browser', async ({ page, chat }) => {
  await chat.start('!standin slow-command');
  await expect(chat.statusLine).toContainText('sleep 25', { timeout: 15_000 });
  await page.keyboard.press('ControlOrMeta+f');
  await expect(field(page)).toBeFocused();
  const leftToBrowser = await field(page).evaluate(
    (field) =>
      new Promise<boolean>((done) => {
        window.addEventListener('keydown', (event) => setTimeout(() => done(!event.defaultPrevented)), { once: true });
        field.dispatchEvent(new KeyboardEvent('keydown', { key: 'f', ctrlKey: true, bubbles: true, cancelable: true }));
      }),
  );
  expect(leftToBrowser).toBe(true);
  await page.keyboard.press('Escape');
  await expect(bar(page)).toBeHidden();
  await expect(chat.stopButton).toBeVisible();
  await page.keyboard.press('Escape');
  await chat.waitForTurn('interrupted');
});

test('the search bar has no axe violations and the expected accessibility tree', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word needle.');
  await page.keyboard.press('ControlOrMeta+f');
  await page.keyboard.type('needle');
  await expect(bar(page).getByRole('status')).toHaveText('1 of 2');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }
  await expect(bar(page)).toMatchAriaSnapshot(`
    - search:
      - textbox "Search this conversation"
      - status: 1 of 2
      - button "Previous"
      - button "Next"
      - button "Close"
      - paragraph: needle
  `);
});

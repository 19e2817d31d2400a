// Parts of the page whose code is a file of its own: when it is loaded, and what the page shows without it.
import type { Page } from '@playwright/test';
import { type Chat, expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';
import { idle, keepBusy } from './support/idle';

/** Records the code that the page loads: the names of the `.wasm` files. */
function watchCode(page: Page): Set<string> {
  const files = new Set<string>();
  page.on('request', (request) => {
    const file = /([^/]+)\.wasm$/.exec(new URL(request.url()).pathname)?.[1];
    if (file) files.add(file);
  });
  return files;
}

/** Holds back a file until the returned function is called. */
async function holdBack(page: Page, file: string): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(`**/${file}.wasm`, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

const palette = (page: Page) => page.getByRole('dialog', { name: 'Command palette' });
const panel = (page: Page) => page.getByRole('complementary', { name: 'Details' });
const request = (page: Page) => page.locator('.question');

/** Makes codex ask whether it may add a file. */
async function askToEdit(chat: Chat, startServer: (options: object) => Promise<{ baseURL: string }>): Promise<void> {
  const codex = new FakeCodex('lazy-parts', 'asks-as-written');
  codex.setRequests({
    asks: [{ method: 'item/fileChange/requestApproval', params: { reason: 'It is outside.' } }],
    changes: [{ path: '/outside/new.txt', kind: { type: 'add' }, diff: 'the new line\n' }],
  });
  const server = await startServer({ args: [], env: codex.env });
  await chat.start('Go on', `${server.baseURL}/`);
}

// The page is closed before its server, so that its requests do not fail.
test.afterEach(({ page }) => page.goto('about:blank'));

test('the first load of a page has no code that its first paint does not need', async ({ page, chat }) => {
  await keepBusy(page);
  const files = watchCode(page);
  await page.goto('/');
  await chat.messageField.fill('ready?');
  await expect(chat.sendButton).toBeEnabled();
  expect([...files]).toEqual(['codex-gateway']);

  await chat.startAndFinish('Reply with exactly the single word ready.');
  files.clear();
  await page.reload();
  await chat.waitUntilLive();
  expect(files).toContain('split_conversation');
  expect(files).not.toContain('split_details');
  expect(files).not.toContain('split_dialogs');

  await idle(page);
  await expect.poll(() => [...files]).toEqual(expect.arrayContaining(['split_details', 'split_dialogs']));
});

test('keys that follow Ctrl+K at once are for the palette, before its list is loaded too', async ({ page, chat }) => {
  await keepBusy(page);
  const release = await holdBack(page, 'split_dialogs');
  await page.goto('/');
  await chat.messageField.fill('a draft');
  await expect(chat.sendButton).toBeEnabled();
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('theme');
  // Nothing is there to choose.
  await page.keyboard.press('Enter');
  await expect(palette(page).getByRole('combobox')).toHaveValue('theme');
  await expect(chat.messageField).toHaveValue('a draft');
  await expect(palette(page).getByRole('option')).toHaveCount(0);

  release();
  await expect(palette(page).getByRole('option')).toHaveText(['Use system theme', 'Use light theme', 'Use dark theme']);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(palette(page)).toBeHidden();
});

test('a dialog and a panel whose code cannot be loaded say so, and open once it can', async ({ page, chat, pageErrors }) => {
  pageErrors.allow(/Failed to load resource/, /request failed: GET .*\.wasm/, /TypeError/);
  await keepBusy(page);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  const keys = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  const details = page.getByRole('button', { name: 'Details' });
  const openKeys = async () => {
    await chat.messageField.blur();
    await page.keyboard.press('?');
  };

  await page.route('**/*.wasm', (route) => route.abort());
  await openKeys();
  await expect(keys.getByRole('alert')).toHaveText('This part of the page could not be loaded. Reload');
  await page.keyboard.press('Escape');
  await expect(keys).toBeHidden();
  await details.click();
  await expect(panel(page).getByRole('alert')).toHaveText('This part of the page could not be loaded. Reload');
  await page.keyboard.press('Escape');
  await expect(panel(page)).toBeHidden();

  await page.unroute('**/*.wasm');
  await openKeys();
  await expect(keys.getByRole('term').first()).toBeVisible();
  await expect(keys.getByRole('alert')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await details.click();
  await expect(panel(page)).toContainText('No files were changed.');
});

test('a conversation whose code cannot be loaded says so, and reloads', async ({ page, chat, pageErrors }) => {
  pageErrors.allow(/Failed to load resource/, /request failed: GET .*\.wasm/, /TypeError/, /preload/);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await page.route('**/split_conversation.wasm', (route) => route.abort());
  await page.reload();
  const alert = page.getByRole('alert').filter({ hasText: 'This part of the page could not be loaded.' });
  await expect(alert).toBeVisible();
  await page.unroute('**/split_conversation.wasm');
  await alert.getByRole('link', { name: 'Reload' }).click();
  await chat.waitUntilLive();
  await expect(chat.answers).toHaveText('ready');
});

test('a request is shown together with its diff, once their code is loaded', async ({ page, chat, startServer }) => {
  await keepBusy(page);
  const release = await holdBack(page, 'split_details');
  await askToEdit(chat, startServer);
  await expect(page.getByRole('alert')).toHaveText(/waits|waiting/);
  await expect(request(page)).toHaveCount(0);

  release();
  await expect(request(page).locator('.line')).toContainText('the new line');
  await chat.waitUntilAnswerable();
  await expect(request(page)).toHaveAttribute('data-seen', 'all');
  await request(page).getByRole('button', { name: /^Allow once/ }).click();
  await chat.waitForTurn('completed');
});

test('a request whose code cannot be loaded says so, and is shown after Reload', async ({ page, chat, pageErrors, startServer }) => {
  pageErrors.allow(/Failed to load resource/, /request failed: GET .*\.wasm/, /TypeError/);
  await keepBusy(page);
  await page.route('**/split_details.wasm', (route) => route.abort());
  await askToEdit(chat, startServer);
  const alert = page.getByRole('alert').filter({ hasText: 'This part of the page could not be loaded.' });
  await expect(alert).toBeVisible();
  await expect(request(page)).toHaveCount(0);

  await page.unroute('**/split_details.wasm');
  await alert.getByRole('link', { name: 'Reload' }).click();
  await expect(request(page).locator('.line')).toContainText('the new line');
  await chat.waitUntilAnswerable();
  await request(page).getByRole('button', { name: /^Allow once/ }).click();
  await chat.waitForTurn('completed');
});

test('a page with an open diff is hydrated with its code, and keeps its nodes', async ({ page, chat, startServer }) => {
  await askToEdit(chat, startServer);
  await expect(request(page)).toBeVisible();
  await keepBusy(page);
  const files = watchCode(page);
  const release = await holdBack(page, 'split_details');
  await page.reload({ waitUntil: 'commit' });
  await page.waitForLoadState('domcontentloaded');
  const line = await request(page).locator('.line').elementHandle();
  release();
  await chat.waitUntilLive();
  expect(files).toContain('split_details');
  expect(await line?.evaluate((line) => line.isConnected)).toBe(true);
  await expect(request(page)).toHaveAttribute('data-seen', 'all');
  await chat.waitUntilAnswerable();
  await request(page).getByRole('button', { name: /^Allow once/ }).click();
  await chat.waitForTurn('completed');
});

// The sidebar with the list of conversations: search, open, rename, delete.
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './chat';

const sidebar = (page: Page): Locator => page.getByRole('navigation', { name: 'Conversations' });

const entry = (page: Page, name: RegExp | string): Locator => sidebar(page).getByRole('link', { name });

/** The entry of a session, by its id: other conversations may have the same title. */
const ofSession = (page: Page, id: string): Locator => sidebar(page).locator(`a[href="/c/${id}"]`);

test('a running conversation is listed, and its entry opens it', async ({ page, chat }) => {
  await chat.start('!standin slow-command');
  const own = ofSession(page, chat.sessionId);
  await expect(own).toContainText('!standin slow-command');
  await expect(own).toContainText('Running');
  await expect(sidebar(page).getByText('Today')).toBeVisible();
  await entry(page, 'Codex Gateway').click();
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
  await own.click();
  await page.waitForURL(/\/c\/[^/]+$/);
  await chat.waitUntilLive();
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
});

test('a conversation with a pending request says so in the list', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  const own = ofSession(page, chat.sessionId);
  await expect(own).toContainText('Waiting for you');
  await chat.waitUntilAnswerable();
  await page.keyboard.press('Escape');
  await chat.waitForTurn('completed');
  await expect(own).not.toContainText('Waiting for you');
});

test('a thread without a session can be read, and a message continues it in a new session', async ({ page, chat, request }) => {
  await chat.startAndFinish('Reply with exactly the single word heliotrope.');
  const session = chat.sessionId;
  await page.goto('/');
  await request.delete(`/api/sessions/${session}`);
  await page.reload();
  await entry(page, /single word heliotrope/).first().click();
  await page.waitForURL(/\/t\/[^/]+$/);
  await expect(chat.answers).toHaveText('heliotrope');
  await expect(page).toHaveTitle(/single word heliotrope/);
  // The server renders it too.
  await page.reload();
  await expect(chat.answers).toHaveText('heliotrope');

  await chat.messageField.fill('Reply with exactly the single word again.');
  await expect(chat.sendButton).toBeEnabled();
  await chat.messageField.press('Enter');
  await page.waitForURL(/\/c\/[^/]+$/);
  await chat.waitUntilLive();
  await expect(chat.answers).toHaveText(['heliotrope', 'again'], { timeout: 15_000 });
  await expect(chat.userMessages).toHaveCount(2);
});

test('a conversation can be renamed, searched and deleted', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word named.');
  await entry(page, /single word named/).hover();
  await sidebar(page).getByRole('button', { name: /^Options for “Reply with exactly the single word named/ }).click();
  await sidebar(page).getByRole('button', { name: 'Rename', exact: true }).click();
  await sidebar(page).getByRole('textbox', { name: 'Rename', exact: true }).fill('Zanzibar');
  await page.keyboard.press('Enter');
  await expect(entry(page, 'Zanzibar')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Zanzibar' })).toBeVisible();

  await sidebar(page).getByRole('searchbox').fill('zanzi');
  await expect(sidebar(page).getByRole('listitem').filter({ has: page.getByRole('link') })).toHaveCount(1);
  await sidebar(page).getByRole('searchbox').fill('no such thing');
  await expect(sidebar(page).getByText('No conversations')).toBeVisible();
  await sidebar(page).getByRole('searchbox').fill('');

  await sidebar(page).getByRole('button', { name: 'Options for “Zanzibar”' }).click();
  await sidebar(page).getByRole('button', { name: 'Delete' }).click();
  await sidebar(page).getByRole('button', { name: 'Cancel' }).click();
  await sidebar(page).getByRole('button', { name: 'Options for “Zanzibar”' }).click();
  await sidebar(page).getByRole('button', { name: 'Delete' }).click();
  await sidebar(page).getByRole('button', { name: 'Delete permanently' }).click();
  await page.waitForURL(/\/$/);
  await expect(entry(page, 'Zanzibar')).toBeHidden();
});

test('a name that is being typed is kept when the list is updated', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word rosemary.');
  await entry(page, /single word rosemary/).hover();
  await sidebar(page).getByRole('button', { name: /^Options for “Reply with exactly the single word rosemary/ }).click();
  await sidebar(page).getByRole('button', { name: 'Rename', exact: true }).click();
  const field = sidebar(page).getByRole('textbox', { name: 'Rename', exact: true });
  await expect(field).toBeFocused();
  await page.keyboard.type('Thyme');
  // The end of a turn reloads the list.
  const reloaded = page.waitForResponse('**/_fn/conversations');
  await page.request.post(`/api/sessions/${chat.sessionId}/turn`, {
    data: { prompt: 'Reply with exactly the single word again.', wait: true },
  });
  await chat.waitForTurn('completed', 2);
  await reloaded;
  await expect(field).toHaveValue('Thyme');
  await expect(field).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(entry(page, 'Thyme')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Thyme' })).toBeVisible();
});

test('Esc in the sidebar does not stop the turn', async ({ page, chat }) => {
  await chat.start('!standin slow-command');
  await expect(chat.stopButton).toBeVisible();
  const search = sidebar(page).getByRole('searchbox');
  // The search results replace the list, and then the list replaces them.
  const listLoaded = (withSearch: boolean) => page.waitForResponse((response) =>
    response.url().endsWith('/_fn/conversations') && response.request().postData()?.includes('slow') === withSearch);
  let list = listLoaded(true);
  await search.fill('slow');
  await (await list).finished();
  list = listLoaded(false);
  await page.keyboard.press('Escape');
  await expect(search).toHaveValue('');
  await (await list).finished();
  await page.keyboard.press('Escape');
  await expect(chat.messageField).toBeFocused();

  const own = ofSession(page, chat.sessionId);
  await own.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(sidebar(page).getByRole('button', { name: 'Rename', exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sidebar(page).getByRole('button', { name: 'Rename', exact: true })).toBeHidden();
  const row = sidebar(page).getByRole('listitem').filter({ has: page.locator(`a[href="/c/${chat.sessionId}"]`) });
  await expect(row.getByRole('button', { name: /^Options for/ })).toBeFocused();
  await expect(chat.turns).toHaveAttribute('data-status', 'inProgress');
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });

  test('the sidebar is a drawer that Esc and navigation close', async ({ page, chat }) => {
    await chat.startAndFinish('Reply with exactly the single word drawer.');
    await expect(sidebar(page)).toBeHidden();
    await page.getByRole('button', { name: 'Conversations' }).click();
    await expect(entry(page, /single word drawer/)).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(sidebar(page)).toBeHidden();
    await page.getByRole('button', { name: 'Conversations' }).click();
    await entry(page, 'New chat').click();
    await expect(sidebar(page)).toBeHidden();
    await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
  });

  test('Back closes the open drawer, and otherwise navigates without a page load', async ({ page, chat }) => {
    await chat.startAndFinish('Reply with exactly the single word layer.');
    const conversation = page.url();
    await page.evaluate(() => (document.documentElement.dataset['same'] = 'page'));
    const open = page.getByRole('button', { name: 'Conversations' });
    await open.click();
    await expect(entry(page, /single word layer/)).toBeVisible();
    await page.goBack();
    await expect(sidebar(page)).toBeHidden();
    expect(page.url()).toBe(conversation);
    await expect(chat.answers).toHaveText(['layer']);

    await open.click();
    await entry(page, 'New chat').click();
    await page.waitForURL(/\/$/);
    await page.goBack();
    await page.waitForURL(conversation);
    await expect(sidebar(page)).toBeHidden();
    await expect(chat.answers).toHaveText(['layer']);

    await open.click();
    await page.locator('.backdrop').click({ position: { x: 380, y: 400 } });
    await expect(sidebar(page)).toBeHidden();
    // The page was not reloaded.
    await expect(page.locator('html')).toHaveAttribute('data-same', 'page');
  });
});

test('a list request that hangs is not repeated, and does not block messages', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  let hanging = 0;
  await page.route('**/_fn/conversations', () => void (hanging += 1)); // never answered
  // Each navigation would request the list. A browser opens six connections to a server.
  for (let n = 0; n < 4; n += 1) {
    await page.goBack();
    await expect(page).toHaveURL(/\/$/);
    await page.goForward();
    // The address changes before the page: a message would go to the first screen.
    await expect(chat.turns).toHaveCount(1);
  }
  await chat.send('Reply with exactly the single word onwards.');
  await chat.waitForTurn('completed', 2);
  expect(hanging).toBeLessThanOrEqual(1);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

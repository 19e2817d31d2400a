// The details panel: changes, plan, usage, events.
import { expect, test, type Chat } from './chat';
import { FakeCodex } from './support/fake-codex';
import type { Page } from '@playwright/test';

const panelOf = (page: Page) => page.getByRole('complementary', { name: 'Details' });
const button = (page: Page) => page.getByRole('button', { name: 'Details' });

async function tab(page: Page, name: string): Promise<void> {
  await panelOf(page).getByRole('tab', { name }).click();
}

/** Starts a conversation whose first turn changes files, with a plan and token usage. */
async function startChanging(chat: Chat, startServer: (options: object) => Promise<{ baseURL: string }>, name: string) {
  const codex = new FakeCodex(name, 'changes');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('Change them all', `${server.baseURL}/`);
}

test('the panel opens beside the conversation, and returns the focus when it closes', async ({ page, chat }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await expect(panelOf(page)).toBeHidden();
  await button(page).focus();
  await page.keyboard.press('Enter');
  await expect(panelOf(page)).toBeFocused();
  await expect(panelOf(page)).toContainText('No files were changed.');
  const [main, panel] = await Promise.all([page.getByRole('main').boundingBox(), panelOf(page).boundingBox()]);
  expect(main!.x + main!.width).toBeLessThanOrEqual(panel!.x);

  // Arrow keys switch between tabs.
  await panelOf(page).getByRole('tab', { name: 'Changes' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(panelOf(page).getByRole('tab', { name: 'Plan' })).toBeFocused();
  await expect(panelOf(page)).toContainText('There is no plan yet.');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(panelOf(page).getByRole('tab', { name: 'Events' })).toHaveAttribute('aria-selected', 'true');

  await page.keyboard.press('Escape');
  await expect(panelOf(page)).toBeHidden();
  await expect(button(page)).toBeFocused();
});

test('on a phone, the panel fills the screen and can be closed', async ({ page, chat }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await button(page).click();
  const box = await panelOf(page).boundingBox();
  expect([box!.x, box!.width, box!.height]).toEqual([0, 390, 844]);
  // The page behind it cannot be reached.
  await expect(chat.messageField).toBeHidden();
  await panelOf(page).getByRole('button', { name: 'Close' }).click();
  await expect(chat.messageField).toBeVisible();
  await expect(button(page)).toBeFocused();
});

test('plan and token usage are shown', async ({ page, chat, startServer }, testInfo) => {
  await startChanging(chat, startServer, `usage-${testInfo.testId}`);
  await button(page).click();
  await tab(page, 'Plan');
  await expect(panelOf(page).getByRole('listitem')).toHaveText([
    'Read the server',
    'Raise its patience',
    'Write the table',
  ]);
  await tab(page, 'Usage');
  const rows = panelOf(page).getByRole('row');
  await expect(rows.nth(1)).toHaveText('Input4,0004,000');
  await expect(panelOf(page)).toContainText('4,321 of 20,000 tokens in the context window');
  await expect(panelOf(page)).toContainText('5-hour limit · 12 % used');

  await chat.send('Change them again');
  await chat.waitForTurn('completed', 2);
  // The fake codex reports the same total as before, so the turn has used no tokens.
  await expect(rows.nth(1)).toHaveText('Input4,0004,000');
});

test('changes of several turns are merged into one diff of the whole conversation', async ({ page, chat, gateway }) => {
  await chat.startAndFinish('!standin patch');
  await chat.send('!standin patch');
  await chat.waitForTurn('completed', 2);
  await button(page).click();
  const notes = panelOf(page).locator('.file').filter({ hasText: 'standin-notes.md' });
  await expect(notes.getByRole('button').first()).toHaveText(/\+2$/);
  await panelOf(page).getByRole('button', { name: 'Whole conversation' }).click();
  await expect(notes.getByRole('button').first()).toHaveText(/\+[46]$/);
  const answer = await page.request.get(`${gateway.baseURL}/api/sessions/${chat.sessionId}/diff`);
  const { turn, thread } = await answer.json();
  expect(turn.files[0].added).toBe(2);
  expect(thread.files).toHaveLength(1);
});

test('a comment that is being typed is kept while a turn updates the diff', async ({ page, chat, startServer }, testInfo) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await startChanging(chat, startServer, `comment-${testInfo.testId}`);
  await button(page).click();
  const panel = panelOf(page);
  await panel.getByRole('button', { name: 'Comment on src/server.rs:15' }).click();
  const field = panel.getByRole('textbox');
  await expect(field).toBeFocused();
  await page.keyboard.type('Why');
  const { origin } = new URL(page.url());
  await page.request.post(`${origin}/api/sessions/${chat.sessionId}/turn`, { data: { prompt: 'Once more', wait: true } });
  await chat.waitForTurn('completed', 2);
  await page.keyboard.type(' thirty?');
  await expect(field).toHaveValue('Why thirty?');
  await page.keyboard.press('Enter');
  await expect(chat.messageField).toHaveValue(/src\/server\.rs:15\n.*\nWhy thirty\?$/);
  // Another scope is shown at once, also while a comment is being typed.
  await panel.getByRole('button', { name: 'Comment on src/server.rs:15' }).click();
  await expect(field).toBeFocused();
  const summary = panel.locator('.summary');
  const ofTurn = (await summary.textContent()) ?? '';
  await panel.getByRole('button', { name: 'Whole conversation' }).click();
  await expect(summary).not.toHaveText(ofTurn);
});

test('events are shown as they arrive, and can be filtered, paused and copied', async ({ page, chat, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await button(page).click();
  await tab(page, 'Events');
  await expect(panelOf(page)).toContainText('Live events appear here');
  await chat.send('Reply with exactly the single word again.');
  await chat.waitForTurn('completed', 2);
  const events = panelOf(page).getByRole('listitem');
  await expect(events.filter({ hasText: 'turn/completed' })).toHaveCount(1);
  await panelOf(page).getByRole('searchbox').fill('turn/comp');
  await expect(events).toHaveCount(1);
  await events.getByRole('button').click();
  await expect(events.locator('pre')).toContainText('"method": "turn/completed"');
  await panelOf(page).getByRole('button', { name: 'Copy' }).click();
  await expect(panelOf(page).getByRole('button', { name: 'Copied' })).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(JSON.parse(copied).method).toBe('turn/completed');

  await panelOf(page).getByRole('button', { name: 'Pause' }).click();
  await chat.send('Reply with exactly the single word third.');
  await chat.waitForTurn('completed', 3);
  await expect(events).toHaveCount(1);
  await panelOf(page).getByRole('button', { name: 'Resume' }).click();
  await chat.send('Reply with exactly the single word fourth.');
  await chat.waitForTurn('completed', 4);
  await expect(events).toHaveCount(2);

  // Closing the panel discards the events.
  await page.keyboard.press('Escape');
  await panelOf(page).getByRole('button', { name: 'Close' }).click();
  await button(page).click();
  await expect(panelOf(page)).toContainText('Live events appear here');
});

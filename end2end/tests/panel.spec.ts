// The details panel: what changed, the plan, the usage, the events as they come.
import { expect, test, type Chat } from './chat';
import { FakeCodex } from './support/fake-codex';
import type { Page } from '@playwright/test';

const panelOf = (page: Page) => page.getByRole('complementary', { name: 'Details' });
const button = (page: Page) => page.getByRole('button', { name: 'Details' });

async function tab(page: Page, name: string): Promise<void> {
  await panelOf(page).getByRole('tab', { name }).click();
}

async function startChanging(chat: Chat, startServer: (options: object) => Promise<{ baseURL: string }>, name: string) {
  const codex = new FakeCodex(name, 'changes');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('Change them all', `${server.baseURL}/`);
}

test('it opens beside the conversation, and gives the focus back', async ({ page, chat }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await expect(panelOf(page)).toBeHidden();
  await button(page).focus();
  await page.keyboard.press('Enter');
  await expect(panelOf(page)).toBeFocused();
  await expect(panelOf(page)).toContainText('No files were changed.');
  const [main, panel] = await Promise.all([page.getByRole('main').boundingBox(), panelOf(page).boundingBox()]);
  expect(main!.x + main!.width).toBeLessThanOrEqual(panel!.x);

  // From tab to tab with the arrow keys.
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

test('on a phone it takes the whole screen, with a way back', async ({ page, chat }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await button(page).click();
  const box = await panelOf(page).boundingBox();
  expect([box!.x, box!.width, box!.height]).toEqual([0, 390, 844]);
  // What is behind it cannot be reached.
  await expect(chat.message).toBeHidden();
  await panelOf(page).getByRole('button', { name: 'Close' }).click();
  await expect(chat.message).toBeVisible();
  await expect(button(page)).toBeFocused();
});

test('the plan and the usage are shown', async ({ page, chat, startServer }, testInfo) => {
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
  await expect(panelOf(page)).toContainText('In 5 hours · 12 % used');

  await chat.say('Change them again');
  await chat.ended('completed', 2);
  // In total it is as much as before, says this codex: so the turn has used nothing that is known of.
  await expect(rows.nth(1)).toHaveText('Input4,0004,000');
});

test('the changes of the whole conversation come to one diff', async ({ page, chat, gateway }) => {
  await chat.startAndFinish('!standin patch');
  await chat.say('!standin patch');
  await chat.ended('completed', 2);
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

test('a comment that is being written outlasts what the agent does meanwhile', async ({ page, chat, startServer }, testInfo) => {
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
  await chat.ended('completed', 2);
  await page.keyboard.type(' thirty?');
  await expect(field).toHaveValue('Why thirty?');
  await page.keyboard.press('Enter');
  await expect(chat.message).toHaveValue(/src\/server\.rs:15\n.*\nWhy thirty\?$/);
  // What is chosen comes at once, also while one writes.
  await panel.getByRole('button', { name: 'Comment on src/server.rs:15' }).click();
  await expect(field).toBeFocused();
  const summary = panel.locator('.summary');
  const ofTurn = (await summary.textContent()) ?? '';
  await panel.getByRole('button', { name: 'Whole conversation' }).click();
  await expect(summary).not.toHaveText(ofTurn);
});

test('events are shown as they come, filtered, paused and copied', async ({ page, chat, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await button(page).click();
  await tab(page, 'Events');
  await expect(panelOf(page)).toContainText('Events are shown here as they come');
  await chat.say('Reply with exactly the single word again.');
  await chat.ended('completed', 2);
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
  await chat.say('Reply with exactly the single word third.');
  await chat.ended('completed', 3);
  await expect(events).toHaveCount(1);
  await panelOf(page).getByRole('button', { name: 'Resume' }).click();
  await chat.say('Reply with exactly the single word fourth.');
  await chat.ended('completed', 4);
  await expect(events).toHaveCount(2);

  // Closed, it forgets them.
  await page.keyboard.press('Escape');
  await panelOf(page).getByRole('button', { name: 'Close' }).click();
  await button(page).click();
  await expect(panelOf(page)).toContainText('Events are shown here as they come');
});

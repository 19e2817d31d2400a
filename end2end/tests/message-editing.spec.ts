// Messages are edited in place. Nothing is removed before the edit is sent.
import type { Locator, Page } from '@playwright/test';
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Chat } from './chat';
import { screenshot } from './gateway';
import { FakeCodex } from './support/fake-codex';

const replyWith = (word: string) => `Reply with exactly the single word ${word}`;
const field = (page: Page) => page.getByRole('textbox', { name: 'Edit message' });
const form = (page: Page) => page.getByRole('form', { name: 'Edit message' });
const note = (page: Page) => form(page).getByRole('status');
const queued = (page: Page) => page.getByRole('region', { name: 'Queued' }).getByRole('listitem');

/** Starts a conversation with one turn for each word. */
async function startWithTurns(chat: Chat, words: string[]): Promise<void> {
  await chat.startAndFinish(replyWith(words[0] ?? ''));
  for (const [at, text] of words.slice(1).entries()) {
    await chat.send(replyWith(text));
    await chat.waitForTurn('completed', at + 2);
  }
}

/** Opens the edit of a turn's message. */
async function edit(turn: Locator): Promise<void> {
  await turn.hover();
  await turn.getByRole('button', { name: 'Edit message' }).click();
}

/** Reads the answers of the conversation from the server. */
async function storedAnswers(chat: Chat): Promise<(string | undefined)[]> {
  const { entries } = await chat.snapshot();
  return entries.filter((entry) => entry.content.item?.type === 'agentMessage').map((entry) => entry.content.item?.text);
}

test('an edit says which turns it removes, and removes them only when it is sent', async ({ page, chat }) => {
  await startWithTurns(chat, ['one', 'two', 'three', 'four']);
  await edit(chat.turns.first());
  await expect(field(page)).toBeFocused();
  await expect(field(page)).toHaveValue(replyWith('one'));
  await expect(note(page)).toHaveText('Removes 3 later turns. Files stay as they are.');
  await expect(chat.answers).toHaveText(['one', 'two', 'three', 'four']);
  await field(page).press('Escape');
  await expect(form(page)).toHaveCount(0);
  await expect(chat.userMessages.first()).toBeFocused();
  expect(await storedAnswers(chat)).toEqual(['one', 'two', 'three', 'four']);

  await edit(chat.turns.nth(2));
  await expect(note(page)).toHaveText('Removes 1 later turn. Files stay as they are.');
  await form(page).getByRole('button', { name: 'Cancel' }).click();
  await edit(chat.turns.last());
  await expect(note(page)).toHaveText('Replaces the answer to this message. Files stay as they are.');
  await field(page).press('Escape');

  await edit(chat.turns.nth(1));
  await expect(note(page)).toHaveText('Removes 2 later turns. Files stay as they are.');
  await field(page).fill(replyWith('second'));
  await field(page).press('Enter');
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers).toHaveText(['one', 'second']);
  await expect(form(page)).toHaveCount(0);
  await expect(queued(page)).toHaveCount(0);
  await expect(chat.messageField).toHaveValue('');
  expect(await storedAnswers(chat)).toEqual(['one', 'second']);
});

test('an edit persists over a reload in its tab only, and becomes the draft if its turn is replaced elsewhere', async ({ page, chat, context, pageErrors }) => {
  await startWithTurns(chat, ['one', 'two']);
  await edit(chat.turns.first());
  await field(page).fill(replyWith('half'));
  const other = await context.newPage();
  pageErrors.watch(other);
  await other.goto(page.url());
  await expect(other.getByRole('log').locator('[data-kind=answer]')).toHaveText(['one', 'two']);
  await expect(form(other)).toHaveCount(0);
  await page.reload();
  await chat.waitUntilLive();
  await expect(field(page)).toHaveValue(replyWith('half'));
  await expect(chat.answers).toHaveText(['one', 'two']);

  // A turn started by another client is counted.
  await expect(note(page)).toHaveText('Removes 1 later turn. Files stay as they are.');
  await page.request.post(`/api/sessions/${chat.sessionId}/turn`, { data: { prompt: replyWith('three'), wait: true } });
  await expect(note(page)).toHaveText('Removes 2 later turns. Files stay as they are.');

  // When another client replaces the turn, the edit becomes the draft, in front of the recalled message.
  await chat.messageField.press('ArrowUp');
  await expect(chat.messageField).toHaveValue(replyWith('two'));
  const [turn] = (await (await page.request.get(`/api/sessions/${chat.sessionId}/snapshot`)).json()).transcript.turns;
  await page.request.post(`/api/sessions/${chat.sessionId}/turn`, {
    data: { prompt: replyWith('elsewhere'), replacesTurnId: turn.id, wait: true },
  });
  await expect(chat.answers).toHaveText(['elsewhere']);
  const both = `${replyWith('half')}\n\n${replyWith('two')}`;
  await expect(chat.messageField).toHaveValue(both);
  await chat.messageField.press('ArrowDown');
  await expect(chat.messageField).toHaveValue(both);
  await expect(page.getByText('Your text is in the message field.')).toBeVisible();
  await other.close();
});

test('Fork instead sends the edit to a fork, and leaves the conversation unchanged', async ({ page, chat }) => {
  await startWithTurns(chat, ['one', 'two']);
  const first = page.url();
  await edit(chat.turns.last());
  await field(page).fill(replyWith('fork'));
  await form(page).getByRole('button', { name: 'Fork instead' }).click();
  await page.waitForURL((url) => url.href !== first && url.pathname.startsWith('/c/'));
  await chat.waitUntilLive();
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers).toHaveText(['one', 'fork']);
  await page.goto(first);
  await chat.waitUntilLive();
  await expect(chat.answers).toHaveText(['one', 'two']);
  await expect(form(page)).toHaveCount(0);
});

test('Esc closes dialog, edit and search in this order before it stops the turn', async ({ page, chat }) => {
  await startWithTurns(chat, ['one']);
  await chat.send('!standin slow-command');
  await expect(chat.statusLine).toContainText('sleep 25');
  await edit(chat.turns.first());
  await expect(note(page)).toHaveText('Codex is working. Stop this turn or wait until it ends, then send.');
  await expect(form(page).getByRole('button', { name: 'Send' })).toBeDisabled();
  await field(page).fill('something else');
  await field(page).press('Enter');
  await expect(form(page)).toBeVisible();
  await chat.messageField.focus();
  await page.keyboard.press('Escape');
  await expect(form(page)).toHaveCount(0);
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');

  // Esc closes the dialog first, then the edit, then the search, and then stops the turn.
  await edit(chat.turns.first());
  await page.keyboard.press('Control+f');
  await expect(page.getByRole('search')).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(form(page)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(form(page)).toHaveCount(0);
  await expect(page.getByRole('search')).toBeVisible();
  await chat.messageField.focus();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('search')).toHaveCount(0);
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');
  await page.keyboard.press('Escape');
  await chat.waitForTurn('interrupted', 2);
});

test('a queued message is edited in place, and Esc discards the edit without stopping the turn', async ({ page, chat }) => {
  await chat.start('!standin slow-command');
  await expect(chat.statusLine).toContainText('sleep 25');
  await chat.send(replyWith('queued'));
  await expect(queued(page)).toHaveCount(1);
  const change = page.getByRole('textbox', { name: 'Edit', exact: true });
  await queued(page).getByRole('button', { name: 'Edit' }).click();
  await expect(change).toBeFocused();
  await change.fill('half of a change');
  await change.press('Escape');
  await expect(queued(page)).toHaveText(replyWith('queued'));
  await expect(queued(page).getByRole('button', { name: 'Edit' })).toBeFocused();
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');

  await queued(page).getByRole('button', { name: 'Edit' }).click();
  await expect(change).toHaveValue(replyWith('queued'));
  await change.fill(replyWith('changed'));
  await change.press('Enter');
  await expect(queued(page)).toHaveText(replyWith('changed'));

  // Removing a message asks for confirmation.
  await queued(page).getByRole('button', { name: 'Remove' }).click();
  await expect(queued(page)).toContainText('Remove this message?');
  await page.keyboard.press('Escape');
  await expect(queued(page)).toHaveText(replyWith('changed'));
  await queued(page).getByRole('button', { name: 'Remove' }).click();
  await queued(page).getByRole('button', { name: 'Remove' }).click();
  await expect(queued(page)).toHaveCount(0);
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
});

test('an edit of a queued message becomes the draft if the message is sent meanwhile', async ({ page, chat, startServer }, testInfo) => {
  const codex = new FakeCodex(`edit-${testInfo.testId}`, 'waits');
  const server = await startServer({ args: [], env: codex.env });
  await chat.start('Go', `${server.baseURL}/`);
  await expect(chat.stopButton).toBeVisible();
  await chat.send('later');
  await queued(page).getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edit', exact: true }).fill('much later');
  codex.openGate();
  await expect(chat.turns).toHaveCount(2);
  await expect(chat.userMessages.last()).toHaveText('later');
  await expect(chat.messageField).toHaveValue('much later');
  await expect(page.getByText('Your text is in the message field.')).toBeVisible();
  codex.openGate();
  await chat.waitForTurn('completed', 2);
});

test('an edit that the gateway rejects stays open, and one that codex rejects is queued with the reason', async ({ page, chat, pageErrors, startServer }, testInfo) => {
  pageErrors.allow(/status of 501/);
  const codex = new FakeCodex(`refused-${testInfo.testId}`, 'normal');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('First', `${server.baseURL}/`);
  await chat.send('Second');
  await chat.waitForTurn('completed', 2);
  await edit(chat.turns.last());
  await field(page).fill('Edited');
  await field(page).press('Control+Enter');
  await expect(form(page).getByRole('alert')).toBeVisible();
  await expect(field(page)).toHaveValue('Edited');
  await expect(chat.turns).toHaveCount(2);

  codex.setMode('reverts');
  await field(page).press('Enter');
  await expect(queued(page)).toContainText('the model is on holiday');
  await expect(queued(page)).toContainText('Edited');
  await expect(chat.turns).toHaveCount(1);
  await expect(chat.log.locator('[data-unsent]')).toHaveCount(0);
});

test('the answer stays visible when a sub-agent ends after it', async ({ page, chat, startServer }, testInfo) => {
  const codex = new FakeCodex(`late-${testInfo.testId}`, 'late-work');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('Go', `${server.baseURL}/`);
  for (const how of ['live', 'rendered']) {
    await expect(chat.answers, how).toHaveText(['Done.']);
    await expect(chat.workToggle, how).toHaveCount(1);
    await expect(chat.log.locator('[data-kind=step]'), how).toHaveCount(0);
    await page.reload();
    await chat.waitUntilLive();
  }
  await chat.workToggle.click();
  await expect(chat.log.locator('[data-kind=step]')).toHaveCount(3);
  const kinds = await chat.log.locator('[data-kind]').evaluateAll((all) => all.map((one) => one.getAttribute('data-kind')));
  expect(kinds).toEqual(['user', 'step', 'answer', 'step', 'step']);
});

test('an edit has no axe violations on wide and narrow screens', async ({ page, chat }) => {
  test.slow(); // axe runs four times.
  await startWithTurns(chat, ['one', 'two', 'three', 'four']);
  await edit(chat.turns.first());
  await field(page).fill(`${replyWith('one')}\n\nand say why, in a line that is long enough to be broken on a narrow screen.`);
  for (const [name, width] of [['wide', 1440], ['phone', 390]] as const) {
    await page.setViewportSize({ width, height: 844 });
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)).toEqual([]);
      await screenshot(page, `edit-${name}-${theme}`);
    }
  }
});

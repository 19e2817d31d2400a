// A message is edited where it stands: nothing is removed before it is sent.
import type { Locator, Page } from '@playwright/test';
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Chat } from './chat';
import { screenshot } from './gateway';
import { FakeCodex } from './support/fake-codex';

const word = (word: string) => `Reply with exactly the single word ${word}`;
const field = (page: Page) => page.getByRole('textbox', { name: 'Edit message' });
const form = (page: Page) => page.getByRole('form', { name: 'Edit message' });
const note = (page: Page) => form(page).getByRole('status');
const queued = (page: Page) => page.getByRole('region', { name: 'Next' }).getByRole('listitem');

/** A conversation of a turn for each of these words. */
async function talk(chat: Chat, words: string[]): Promise<void> {
  await chat.startAndFinish(word(words[0] ?? ''));
  for (const [at, said] of words.slice(1).entries()) {
    await chat.say(word(said));
    await chat.ended('completed', at + 2);
  }
}

async function edit(turn: Locator): Promise<void> {
  await turn.hover();
  await turn.getByRole('button', { name: 'Edit message' }).click();
}

/** What the server has of the conversation, in words. */
async function answers(chat: Chat): Promise<(string | undefined)[]> {
  const { entries } = await chat.snapshot();
  return entries.filter((entry) => entry.content.item?.type === 'agentMessage').map((entry) => entry.content.item?.text);
}

test('an edit says what it removes, and removes it when it is sent', async ({ page, chat }) => {
  await talk(chat, ['one', 'two', 'three', 'four']);
  await edit(chat.turns.first());
  await expect(field(page)).toBeFocused();
  await expect(field(page)).toHaveValue(word('one'));
  await expect(note(page)).toHaveText('Removes 3 later turns. Files stay as they are.');
  await expect(chat.answers).toHaveText(['one', 'two', 'three', 'four']);
  await field(page).press('Escape');
  await expect(form(page)).toHaveCount(0);
  await expect(chat.said.first()).toBeFocused();
  expect(await answers(chat)).toEqual(['one', 'two', 'three', 'four']);

  await edit(chat.turns.nth(2));
  await expect(note(page)).toHaveText('Removes 1 later turn. Files stay as they are.');
  await form(page).getByRole('button', { name: 'Cancel' }).click();
  await edit(chat.turns.last());
  await expect(note(page)).toHaveText('Replaces the answer to this message. Files stay as they are.');
  await field(page).press('Escape');

  await edit(chat.turns.nth(1));
  await expect(note(page)).toHaveText('Removes 2 later turns. Files stay as they are.');
  await field(page).fill(word('second'));
  await field(page).press('Enter');
  await chat.ended('completed', 2);
  await expect(chat.answers).toHaveText(['one', 'second']);
  await expect(form(page)).toHaveCount(0);
  await expect(queued(page)).toHaveCount(0);
  await expect(chat.message).toHaveValue('');
  expect(await answers(chat)).toEqual(['one', 'second']);
});

test('an edit survives a reload, and another tab does not see it', async ({ page, chat, context, faults }) => {
  await talk(chat, ['one', 'two']);
  await edit(chat.turns.first());
  await field(page).fill(word('half'));
  const other = await context.newPage();
  faults.watch(other);
  await other.goto(page.url());
  await expect(other.getByRole('log').locator('[data-kind=answer]')).toHaveText(['one', 'two']);
  await expect(form(other)).toHaveCount(0);
  await page.reload();
  await chat.isLive();
  await expect(field(page)).toHaveValue(word('half'));
  await expect(chat.answers).toHaveText(['one', 'two']);

  // A turn that comes from elsewhere is counted.
  await expect(note(page)).toHaveText('Removes 1 later turn. Files stay as they are.');
  await page.request.post(`/api/sessions/${chat.sessionId}/turn`, { data: { prompt: word('three'), wait: true } });
  await expect(note(page)).toHaveText('Removes 2 later turns. Files stay as they are.');

  // Sent elsewhere, the message becomes the draft here, before what ↑ has brought back.
  await chat.message.press('ArrowUp');
  await expect(chat.message).toHaveValue(word('two'));
  const [turn] = (await (await page.request.get(`/api/sessions/${chat.sessionId}/snapshot`)).json()).transcript.turns;
  await page.request.post(`/api/sessions/${chat.sessionId}/turn`, {
    data: { prompt: word('elsewhere'), replacesTurnId: turn.id, wait: true },
  });
  await expect(chat.answers).toHaveText(['elsewhere']);
  const both = `${word('half')}\n\n${word('two')}`;
  await expect(chat.message).toHaveValue(both);
  await chat.message.press('ArrowDown');
  await expect(chat.message).toHaveValue(both);
  await expect(page.getByText('Your text is in the message field.')).toBeVisible();
  await other.close();
});

test('an edit is sent to a fork instead, and the conversation stays as it is', async ({ page, chat }) => {
  await talk(chat, ['one', 'two']);
  const first = page.url();
  await edit(chat.turns.last());
  await field(page).fill(word('fork'));
  await form(page).getByRole('button', { name: 'Fork instead' }).click();
  await page.waitForURL((url) => url.href !== first && url.pathname.startsWith('/c/'));
  await chat.isLive();
  await chat.ended('completed', 2);
  await expect(chat.answers).toHaveText(['one', 'fork']);
  await page.goto(first);
  await chat.isLive();
  await expect(chat.answers).toHaveText(['one', 'two']);
  await expect(form(page)).toHaveCount(0);
});

test('Esc leaves the edit and the turn that runs goes on, wherever the focus is', async ({ page, chat }) => {
  await talk(chat, ['one']);
  await chat.say('!standin slow-command');
  await expect(chat.liveLine).toContainText('sleep 25');
  await edit(chat.turns.first());
  await expect(note(page)).toHaveText('Codex is working. Stop this turn or wait until it ends, then send.');
  await expect(form(page).getByRole('button', { name: 'Send' })).toBeDisabled();
  await field(page).fill('something else');
  await field(page).press('Enter');
  await expect(form(page)).toBeVisible();
  await chat.message.focus();
  await page.keyboard.press('Escape');
  await expect(form(page)).toHaveCount(0);
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');

  // An open dialog goes before an edit, an edit before the search, and the search before the turn.
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
  await chat.message.focus();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('search')).toHaveCount(0);
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');
  await page.keyboard.press('Escape');
  await chat.ended('interrupted', 2);
});

test('a message that waits is edited in its place, and Esc leaves it and the turn alone', async ({ page, chat }) => {
  await chat.start('!standin slow-command');
  await expect(chat.liveLine).toContainText('sleep 25');
  await chat.say(word('queued'));
  await expect(queued(page)).toHaveCount(1);
  const change = page.getByRole('textbox', { name: 'Edit', exact: true });
  await queued(page).getByRole('button', { name: 'Edit' }).click();
  await expect(change).toBeFocused();
  await change.fill('half of a change');
  await change.press('Escape');
  await expect(queued(page)).toHaveText(word('queued'));
  await expect(queued(page).getByRole('button', { name: 'Edit' })).toBeFocused();
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');

  await queued(page).getByRole('button', { name: 'Edit' }).click();
  await expect(change).toHaveValue(word('queued'));
  await change.fill(word('changed'));
  await change.press('Enter');
  await expect(queued(page)).toHaveText(word('changed'));

  // It is asked before it is removed.
  await queued(page).getByRole('button', { name: 'Remove' }).click();
  await expect(queued(page)).toContainText('Remove this message?');
  await page.keyboard.press('Escape');
  await expect(queued(page)).toHaveText(word('changed'));
  await queued(page).getByRole('button', { name: 'Remove' }).click();
  await queued(page).getByRole('button', { name: 'Remove' }).click();
  await expect(queued(page)).toHaveCount(0);
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');
  await chat.stopButton.click();
  await chat.ended('interrupted');
});

test('what was changed in a message that is sent meanwhile becomes the draft', async ({ page, chat, startServer }, testInfo) => {
  const codex = new FakeCodex(`edit-${testInfo.testId}`, 'waits');
  const server = await startServer({ args: [], env: codex.env });
  await chat.start('Go', `${server.baseURL}/`);
  await expect(chat.stopButton).toBeVisible();
  await chat.say('later');
  await queued(page).getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edit', exact: true }).fill('much later');
  codex.openGate();
  await expect(chat.turns).toHaveCount(2);
  await expect(chat.said.last()).toHaveText('later');
  await expect(chat.message).toHaveValue('much later');
  await expect(page.getByText('Your text is in the message field.')).toBeVisible();
  codex.openGate();
  await chat.ended('completed', 2);
});

test('a message that is refused stays in its edit, and one that codex refuses waits', async ({ page, chat, faults, startServer }, testInfo) => {
  faults.allow(/status of 501/);
  const codex = new FakeCodex(`refused-${testInfo.testId}`, 'normal');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('First', `${server.baseURL}/`);
  await chat.say('Second');
  await chat.ended('completed', 2);
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

test('the answer stays in sight when a sub-agent ends behind it', async ({ page, chat, startServer }, testInfo) => {
  const codex = new FakeCodex(`late-${testInfo.testId}`, 'late-work');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('Go', `${server.baseURL}/`);
  for (const how of ['live', 'rendered']) {
    await expect(chat.answers, how).toHaveText(['Done.']);
    await expect(chat.fold, how).toHaveCount(1);
    await expect(chat.log.locator('[data-kind=step]'), how).toHaveCount(0);
    await page.reload();
    await chat.isLive();
  }
  await chat.fold.click();
  await expect(chat.log.locator('[data-kind=step]')).toHaveCount(3);
  const kinds = await chat.log.locator('[data-kind]').evaluateAll((all) => all.map((one) => one.getAttribute('data-kind')));
  expect(kinds).toEqual(['user', 'step', 'answer', 'step', 'step']);
});

test('an edit is accessible, and looks as it should', async ({ page, chat }) => {
  test.slow(); // Four looks of axe.
  await talk(chat, ['one', 'two', 'three', 'four']);
  await edit(chat.turns.first());
  await field(page).fill(`${word('one')}\n\nand say why, in a line that is long enough to be broken on a narrow screen.`);
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

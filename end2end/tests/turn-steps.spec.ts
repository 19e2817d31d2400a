// The steps of a turn: visible while they run, collapsed when the turn has ended.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './chat';

const WORK = '!standin reasoning, plan, command, patch, text';

test.beforeEach(({ gateway }) => {
  // So that the patch adds the file instead of updating that of another test.
  rmSync(path.join(gateway.workspace, 'standin-notes.md'), { force: true });
});

test('after the turn, its work is collapsed to one line, with the answer below', async ({ chat }) => {
  await chat.start(WORK);
  await expect(chat.step(/^Plan/)).toBeVisible();
  await expect(chat.workToggle).toBeHidden();

  await chat.waitForTurn('completed');
  await expect(chat.workToggle).toHaveCount(1);
  await expect(chat.workToggle).toHaveText(/^Worked [\d.]+ s.*2 commands.*1 file.*\+4$/);
  await expect(chat.workToggle).toHaveAttribute('aria-expanded', 'false');
  for (const step of await chat.log.locator('[data-kind=step]').all()) await expect(step).toBeHidden();
  await expect(chat.answers.last().getByRole('heading', { name: 'What you just saw' })).toBeVisible();
});

test('the work expands to its steps, and each step to its details', async ({ chat }) => {
  await chat.startAndFinish(WORK);
  await chat.workToggle.click();

  const thought = chat.step(/^Thought/);
  await expect(thought).toContainText('Choosing the next step');
  await thought.click();
  await expect(chat.log.getByText('I am a stand-in, so there is nothing to ponder.')).toBeVisible();

  const plan = chat.step(/^Plan/);
  await expect(plan).toContainText('3 of 3');
  await plan.click();
  await expect(chat.log.getByRole('listitem').filter({ hasText: 'Look around' })).toBeVisible();

  const added = chat.step(/^Edited standin-notes\.md.*\+3/);
  await added.click();
  await expect(added).toHaveText(/new\s*\+3/);
  await expect(chat.log.getByText('# Notes of the stand-in model')).toBeVisible();

  const updated = chat.log.locator('[data-kind=step]').getByRole('button', { name: /^Edited/ }).last();
  await expect(updated).toHaveText(/\+1/);
});

test('Markdown is rendered with tables, task lists and code that can be copied', async ({ page, chat, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await chat.startAndFinish('!standin text');
  const answer = chat.answers.last();
  await expect(answer.getByRole('table').getByRole('row')).toHaveCount(5);
  await expect(answer.getByRole('cell', { name: 'a card with live output' })).toBeVisible();
  await expect(answer.getByRole('checkbox')).toHaveCount(3);
  await expect(answer.getByRole('checkbox', { name: 'connect a real model' })).not.toBeChecked();
  await expect(answer.getByRole('checkbox', { name: 'change a file' })).toBeChecked();
  await expect(answer.getByRole('link', { name: 'link' })).toHaveAttribute('href', 'https://example.com');

  await expect(answer.getByText('rust', { exact: true })).toBeVisible();
  await answer.getByRole('button', { name: 'Copy' }).click();
  await expect(answer.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    '/// Adds two numbers.\nfn add(left: u64, right: u64) -> u64 {\n    left + right\n}\n',
  );
});

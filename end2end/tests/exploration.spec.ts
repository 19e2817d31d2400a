// Steps that only read, list or search: named by what they do, and shown as one row.
import { expect, test } from './chat';
import { screenshot } from './gateway';

test('successive reads and searches are one row that opens to its steps, and names what they do', async ({ page, chat }) => {
  await chat.startAndFinish('!standin explore, text');
  await chat.workToggle.click();
  const exploration = chat.step(/^Explored/);
  await expect(exploration).toHaveText(/^Explored2 files, 1 search/);
  await expect(exploration).toHaveAttribute('aria-expanded', 'false');
  await expect(chat.step(/^Read /)).toHaveCount(0);

  await exploration.click();
  await expect(chat.step(/^Read \/etc\/hostname/)).toBeVisible();
  await expect(chat.step(/^Read \/etc\/os-release/)).toBeVisible();
  const search = chat.step(/^Searched for/);
  await expect(search).toHaveText(/^Searched forVERSIONin os-release/);
  await screenshot(page, 'exploration');

  // The command line is one click away.
  await search.click();
  await expect(chat.log.getByText('grep -n VERSION /etc/os-release')).toBeVisible();

  await page.reload();
  await chat.waitUntilLive();
  await chat.workToggle.click();
  await expect(exploration).toHaveText(/^Explored2 files, 1 search/);
});

test('a failure folds with the work if the agent went on, and stays open if it was the last step', async ({ chat }) => {
  await chat.startAndFinish('!standin missing, command, text');
  await expect(chat.workToggle).toContainText('1 failed');
  await expect(chat.step(/no-such-file/)).toHaveCount(0);

  await chat.send('!standin command, missing, text');
  await chat.waitForTurn('completed', 2);
  const failed = chat.step(/no-such-file/);
  await expect(failed).toHaveText(/exit 1/);
  await expect(failed).toHaveAttribute('aria-expanded', 'true');
});

test('a review shows its result once, and its prompt not as a message of the user', async ({ page, chat }) => {
  await chat.startAndFinish('!standin text');
  await chat.send('/review');
  await chat.waitForTurn('completed', 2);
  const review = chat.turns.last();
  await expect(review.locator('[data-kind=user]')).toHaveCount(0);
  await expect(review.locator('[data-kind=answer]')).toHaveCount(1);
  await expect(review.getByRole('button', { name: 'Edit message' })).toHaveCount(0);
  await review.getByRole('button', { name: /^Worked/ }).click();
  await expect(review.getByRole('button', { name: /^Instructions/ })).toBeVisible();
  await page.reload();
  await expect(review.locator('[data-kind=user]')).toHaveCount(0);
});

// A command: its line, what it prints while it runs, how it ended.
import { expect, test } from './chat';

test('the output of a running command is seen as it comes', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  // In one look: some of the output is there, the end of it is not, and the turn goes on.
  const seen = page.waitForFunction(() => {
    const turn = document.querySelector('[role=log] [data-status=inProgress]');
    const text = turn?.textContent ?? '';
    return text.includes('step 2 of 6') && !text.includes('step 6 of 6');
  });
  const told = page.waitForFunction(() => {
    const line = document.querySelector('[role=status][data-running=true]');
    return /^Running .*for n in 1 2 3 4 5 6/.test(line?.textContent ?? '');
  });
  await chat.say('!standin command');
  await seen;
  await told;
  await chat.ended('completed', 2);
});

test('a finished command folds, and can be looked at', async ({ chat, gateway }) => {
  await chat.startAndFinish('!standin command');
  await expect(chat.fold).toHaveText(/^Worked [\d.]+ s.*1 command/);
  const row = chat.step(/^Ran .*for n in 1 2 3 4 5 6/);
  await expect(row).toBeHidden();

  await chat.fold.click();
  await expect(row).toBeVisible();
  await expect(row).toHaveText(/\d s$/);
  await expect(row).toHaveAttribute('aria-expanded', 'false');
  await row.click();
  await expect(chat.log.getByText('step 1 of 6')).toBeVisible();
  await expect(chat.log.getByText('step 6 of 6')).toBeVisible();
  await expect(chat.log.getByText(gateway.workspace).last()).toBeVisible();

  await chat.fold.click();
  await expect(row).toBeHidden();
});

test('of a long output the head and the tail are shown, and the rest on demand', async ({ chat }) => {
  await chat.startAndFinish('!standin big-output');
  await chat.fold.click();
  await chat.step(/^Ran/).click();
  const output = chat.log.locator('[data-kind=step] pre').last();
  await expect(output).toContainText('line 0001 of 2000');
  await expect(output).toContainText('line 2000 of 2000');
  await expect(output).toContainText(/1[,.\s]?800 lines hidden/);
  await expect(output).not.toContainText('line 1000 of 2000');
  // What is not shown costs nothing.
  expect(await output.locator('*').count()).toBeLessThan(1000);

  await chat.log.getByRole('button', { name: 'Show all' }).click();
  await expect(output).toContainText('line 1000 of 2000');
  await expect(chat.log.getByRole('button', { name: 'Show all' })).toBeHidden();
});

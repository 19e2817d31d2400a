// Command executions: the command line, the output while it runs, the result.
import { expect, test } from './chat';

test('output of a running command appears before the command ends', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  // At one moment, part of the output is visible, its end is not, and the turn is in progress.
  const partialOutput = page.waitForFunction(() => {
    const turn = document.querySelector('[role=log] [data-status=inProgress]');
    const text = turn?.textContent ?? '';
    return text.includes('step 2 of 6') && !text.includes('step 6 of 6');
  });
  const commandInStatusLine = page.waitForFunction(() => {
    const line = document.querySelector('[role=status][data-running=true]');
    return /^Running .*for n in 1 2 3 4 5 6/.test(line?.textContent ?? '');
  });
  await chat.send('!standin command');
  await partialOutput;
  await commandInStatusLine;
  await chat.waitForTurn('completed', 2);
});

test('a completed command is collapsed, and expands to its output and directory', async ({ chat, gateway }) => {
  await chat.startAndFinish('!standin command');
  await expect(chat.workToggle).toHaveText(/^Worked [\d.]+ s.*1 command/);
  const row = chat.step(/^Ran .*for n in 1 2 3 4 5 6/);
  await expect(row).toBeHidden();

  await chat.workToggle.click();
  await expect(row).toBeVisible();
  await expect(row).toHaveText(/\d s$/);
  await expect(row).toHaveAttribute('aria-expanded', 'false');
  await row.click();
  await expect(chat.log.getByText('step 1 of 6')).toBeVisible();
  await expect(chat.log.getByText('step 6 of 6')).toBeVisible();
  await expect(chat.log.getByText(gateway.workspace).last()).toBeVisible();

  await chat.workToggle.click();
  await expect(row).toBeHidden();
});

test('a long output shows its head and tail, and Show all shows the rest', async ({ chat }) => {
  await chat.startAndFinish('!standin big-output');
  await chat.workToggle.click();
  await chat.step(/^Ran/).click();
  const output = chat.log.locator('[data-kind=step] pre').last();
  await expect(output).toContainText('line 0001 of 2000');
  await expect(output).toContainText('line 2000 of 2000');
  await expect(output).toContainText(/1[,.\s]?800 lines hidden/);
  await expect(output).not.toContainText('line 1000 of 2000');
  // Hidden lines have no elements.
  expect(await output.locator('*').count()).toBeLessThan(1000);

  await chat.log.getByRole('button', { name: 'Show all' }).click();
  await expect(output).toContainText('line 1000 of 2000');
  await expect(chat.log.getByRole('button', { name: 'Show all' })).toBeHidden();
});

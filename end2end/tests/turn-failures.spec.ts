// Failures of the model and of codex: the page shows the reason and a way to continue.
import { expect, test, kill9 } from './chat';

test('a failed turn shows the reason, and Retry sends its message again', async ({ page, chat }) => {
  await chat.start('!standin fail status=400');
  await chat.waitForTurn('failed');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('The turn failed');
  await expect(alert).toContainText(/stand-in|400|Bad Request/i);
  await expect(alert.getByRole('button')).toHaveCount(1);

  await alert.getByRole('button', { name: 'Retry' }).click();
  await chat.waitForTurn('failed', 2);
  await expect(chat.userMessages).toHaveText(['!standin fail status=400', '!standin fail status=400']);

  await chat.send('Reply with exactly the single word well.');
  await chat.waitForTurn('completed', 3);
  await expect(chat.answers.last()).toHaveText('well');
});

test('a lost connection of codex to the model is shown in the status line until it is back', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  const reconnecting = page.waitForFunction(() =>
    /reconnecting/i.test(document.querySelector('[role=status][data-running]')?.textContent ?? ''),
  );
  await chat.send('!standin flaky times=2');
  await reconnecting;
  await chat.waitForTurn('completed', 2);
  await expect(chat.statusLine).not.toContainText(/reconnecting/i);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('if codex is killed during a turn, the page says so and the next message restarts it', async ({
  page,
  chat,
  startServer,
}) => {
  const server = await startServer();
  await chat.startAndFinish('Reply with exactly the single word before.', server.baseURL);
  await chat.send('!standin deltas count=2000 pace_us=5000 size=8');
  await expect(chat.answers).toHaveCount(2);
  const processes = server.processes().filter(({ command }) => command.includes('app-server'));
  expect(processes.length).toBeGreaterThan(0);
  for (const { pid } of processes) kill9(pid);

  await expect(page.getByText("The agent's process has ended. Your next message starts it again.")).toBeVisible();
  await expect(chat.turns.last()).not.toHaveAttribute('data-status', 'inProgress');
  await expect(chat.stopButton).toBeHidden();

  await chat.send('Reply with exactly the single word after.');
  await expect(chat.answers.last()).toHaveText('after', { timeout: 15_000 });
  await chat.waitForTurn('completed', 3);
  await expect(chat.answers.first()).toHaveText('before');
});

// What goes wrong upstream and in codex: the page says what, and offers one way on.
import { expect, test, kill9 } from './chat';

test('a failed turn says why, and can be tried again', async ({ page, chat }) => {
  await chat.start('!standin fail status=400');
  await chat.ended('failed');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('The turn failed');
  await expect(alert).toContainText(/stand-in|400|Bad Request/i);
  await expect(alert.getByRole('button')).toHaveCount(1);

  await alert.getByRole('button', { name: 'Retry' }).click();
  await chat.ended('failed', 2);
  await expect(chat.said).toHaveText(['!standin fail status=400', '!standin fail status=400']);

  await chat.say('Reply with exactly the single word well.');
  await chat.ended('completed', 3);
  await expect(chat.answers.last()).toHaveText('well');
});

test('a connection of codex that breaks and comes back is told in passing', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  const told = page.waitForFunction(() =>
    /reconnecting/i.test(document.querySelector('[role=status][data-running]')?.textContent ?? ''),
  );
  await chat.say('!standin flaky times=2');
  await told;
  await chat.ended('completed', 2);
  await expect(chat.liveLine).not.toContainText(/reconnecting/i);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('codex is killed in mid-turn: the page says so, and the next message goes on', async ({
  page,
  chat,
  startServer,
}) => {
  const server = await startServer();
  await chat.startAndFinish('Reply with exactly the single word before.', server.baseURL);
  await chat.say('!standin deltas count=2000 pace_us=5000 size=8');
  await expect(chat.answers).toHaveCount(2);
  const processes = server.processes().filter(({ command }) => command.includes('app-server'));
  expect(processes.length).toBeGreaterThan(0);
  for (const { pid } of processes) kill9(pid);

  await expect(page.getByText("The agent's process has ended. Your next message starts it again.")).toBeVisible();
  await expect(chat.turns.last()).not.toHaveAttribute('data-status', 'inProgress');
  await expect(chat.stopButton).toBeHidden();

  await chat.say('Reply with exactly the single word after.');
  await expect(chat.answers.last()).toHaveText('after', { timeout: 15_000 });
  await chat.ended('completed', 3);
  await expect(chat.answers.first()).toHaveText('before');
});

// Stopping a turn also stops its commands.
import { expect, test, type Chat } from './chat';

const ways: [string, (chat: Chat) => Promise<void>][] = [
  ['the Stop button', (chat) => chat.stopButton.click()],
  ['Esc', (chat) => chat.page.keyboard.press('Escape')],
];

for (const [way, stop] of ways) {
  test(`${way} interrupts the turn and ends its command`, async ({ page, chat, gateway }) => {
    const sleeping = () => gateway.processes().filter(({ command }) => command.join(' ') === 'sleep 25').length;
    await chat.start('!standin slow-command');
    await expect(chat.statusLine).toContainText('sleep 25');
    await expect.poll(sleeping).toBe(1);

    await stop(chat);
    await chat.waitForTurn('interrupted');
    await expect(page.getByText('You stopped this turn.')).toBeVisible();
    await expect.poll(sleeping).toBe(0);
    await expect(chat.stopButton).toBeHidden();
    await expect(chat.step(/sleep 25/)).toBeVisible();

    await chat.send('Reply with exactly the single word onwards.');
    await chat.waitForTurn('completed', 2);
    await expect(chat.answers.last()).toHaveText('onwards');
  });
}

test('a stopped command is not shown as failed', async ({ chat, gateway }) => {
  await chat.start('!standin slow-command');
  await expect(chat.statusLine).toContainText('sleep 25');
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
  await expect.poll(() => gateway.processes().some(({ command }) => command.join(' ') === 'sleep 25')).toBe(false);
  await expect(chat.step(/^Stopped/)).toBeVisible();
  await expect(chat.log).not.toContainText('failed');
});

test('Esc closes the settings before it stops a turn', async ({ page, chat }) => {
  await chat.start('!standin slow-command');
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByText('Theme')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByText('Theme')).toBeHidden();
  await expect(chat.turns).toHaveAttribute('data-status', 'inProgress');
  await page.keyboard.press('Escape');
  await chat.waitForTurn('interrupted');
});

test('if codex hangs, Stop interrupts the turn and says that the process was replaced', async ({ page, chat, startServer }) => {
  // Needs a gateway of its own: all of its codex processes hang, including those for lists.
  const gateway = await startServer();
  await chat.start('!standin slow-command', gateway.baseURL);
  await expect(chat.statusLine).toContainText('sleep 25');
  const codex = gateway.processes().filter(({ command }) => command.includes('app-server'));
  codex.forEach(({ pid }) => process.kill(pid, 'SIGSTOP'));
  await chat.stopButton.click();
  await expect(page.getByText('Codex did not react to Stop. Its process was replaced.').first()).toBeVisible({ timeout: 15_000 });
  await chat.waitForTurn('interrupted');
  await chat.send('Reply with exactly the single word onwards.');
  await chat.waitForTurn('completed', 2);
  await page.goto('about:blank');
});

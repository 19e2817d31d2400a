// A command that continues after its turn.
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

test('a command that outlives its turn stays visible with its running time, and shows its result when it ends', async ({ page, chat, startServer }, testInfo) => {
  const codex = new FakeCodex(`outlives-${testInfo.testId}`, 'outlives');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('Watch', `${server.baseURL}/`);
  const row = chat.step(/npm run watch/);
  await expect(row).toHaveText(/^Still runningnpm run watch(\d+:)?\d+:\d\d$/);
  const before = await row.textContent();
  await expect(row).not.toHaveText(before ?? '');

  await page.reload();
  await expect(row).toHaveText(/^Still running/);
  await chat.waitUntilLive();
  codex.openGate();
  await expect(row).toHaveText(/^Rannpm run watch1 m 1 s$/);
  await row.click();
  await expect(chat.log.getByText('that was all')).toBeVisible();
  await page.reload();
  await expect(row).toBeVisible();
  await page.goto('about:blank');
});

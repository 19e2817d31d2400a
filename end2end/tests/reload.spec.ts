// A page that is reloaded during a turn misses no event.
import { expect, withoutWhitespace, test } from './chat';

test('a reload during a turn shows all text so far, and the turn completes', async ({ page, chat }) => {
  await chat.start('!standin deltas count=600 pace_us=15000 size=8');
  const shownLength = async () => withoutWhitespace((await chat.answers.last().textContent()) ?? '').length;
  await expect.poll(shownLength).toBeGreaterThan(500);
  const [before, address] = [await shownLength(), page.url()];

  await page.reload({ waitUntil: 'commit' });
  await expect(chat.answers).toHaveCount(1);
  // The server-rendered page contains at least the text that was shown before.
  expect(await shownLength()).toBeGreaterThanOrEqual(before);
  await expect(chat.turns).toHaveAttribute('data-status', 'inProgress');
  expect(page.url()).toBe(address);

  await chat.waitUntilLive();
  await chat.waitForTurn('completed');
  await expect(chat.userMessages).toHaveCount(1);
  await expect(chat.answers).toHaveCount(1);
  const { entries } = await chat.snapshot();
  const text = entries.map((entry) => entry.content.item?.text).find((text) => text !== undefined);
  expect(text).toHaveLength(600 * 8);
  expect(withoutWhitespace((await chat.answers.textContent()) ?? '')).toBe(withoutWhitespace(text ?? ''));
});

test('a reload during a command shows its output so far', async ({ page, chat }) => {
  await chat.start('!standin slow-command');
  const output = chat.log.locator('[data-kind=step] pre').last();
  await expect(output).toContainText('started, sleeping for 25 s');
  await page.reload({ waitUntil: 'commit' });
  await expect(output).toContainText('started, sleeping for 25 s');
  await chat.waitUntilLive();
  await expect(chat.statusLine).toContainText('sleep 25');
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
  await expect(chat.log.locator('[data-kind=step]')).toHaveCount(1);
});

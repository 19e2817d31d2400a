// A page that is loaded again in the middle of a turn misses nothing.
import { expect, letters, test } from './chat';

test('a reload in mid-turn goes on where the turn is', async ({ page, chat }) => {
  await chat.start('!standin deltas count=600 pace_us=15000 size=8');
  const shown = async () => letters((await chat.answers.last().textContent()) ?? '').length;
  await expect.poll(shown).toBeGreaterThan(500);
  const [before, address] = [await shown(), page.url()];

  await page.reload({ waitUntil: 'commit' });
  await expect(chat.answers).toHaveCount(1);
  // What the server rendered has all that was there.
  expect(await shown()).toBeGreaterThanOrEqual(before);
  await expect(chat.turns).toHaveAttribute('data-status', 'inProgress');
  expect(page.url()).toBe(address);

  await chat.isLive();
  await chat.ended('completed');
  await expect(chat.said).toHaveCount(1);
  await expect(chat.answers).toHaveCount(1);
  const { entries } = await chat.snapshot();
  const text = entries.map((entry) => entry.content.item?.text).find((text) => text !== undefined);
  expect(text).toHaveLength(600 * 8);
  expect(letters((await chat.answers.textContent()) ?? '')).toBe(letters(text ?? ''));
});

test('a reload during a command shows what it has printed', async ({ page, chat }) => {
  await chat.start('!standin slow-command');
  const printed = chat.log.locator('[data-kind=step] pre').last();
  await expect(printed).toContainText('started, sleeping for 25 s');
  await page.reload({ waitUntil: 'commit' });
  await expect(printed).toContainText('started, sleeping for 25 s');
  await chat.isLive();
  await expect(chat.liveLine).toContainText('sleep 25');
  await chat.stopButton.click();
  await chat.ended('interrupted');
  await expect(chat.log.locator('[data-kind=step]')).toHaveCount(1);
});

// Two tabs with one conversation.
import { Chat, expect, letters, test } from './chat';

const said = async (chat: Chat) =>
  (await chat.view()).items.map(({ id, text }) => ({ id, text: letters(text) }));

test('both show the same, whoever writes', async ({ page, chat, context, faults }) => {
  await chat.startAndFinish('Reply with exactly the single word first.');
  const second = new Chat(await context.newPage());
  faults.watch(second.page);
  await second.open(page.url());

  await second.say('!standin reasoning, command, deltas count=200 pace_us=2000 size=8, text');
  await expect(chat.said).toHaveCount(2);
  await expect(chat.said.last()).toHaveText(/^!standin reasoning/);
  await Promise.all([chat.ended('completed', 2), second.ended('completed', 2)]);

  const same = async () => {
    const [here, there] = [await chat.view(), await second.view()];
    return here.at === there.at && here.at;
  };
  await expect.poll(same).toBeTruthy();
  expect((await said(chat)).length).toBeGreaterThan(4);
  expect(await said(second)).toEqual(await said(chat));
});

test('a tab that is opened later shows the same', async ({ page, chat, context, faults }) => {
  await chat.startAndFinish('!standin reasoning, command, text');
  const later = new Chat(await context.newPage());
  faults.watch(later.page);
  await later.open(page.url());
  expect(await said(later)).toEqual(await said(chat));
});

test('closing one ends nothing', async ({ page, chat, context }) => {
  await chat.start('!standin deltas count=300 pace_us=5000 size=8');
  const second = new Chat(await context.newPage());
  await second.open(page.url());
  await page.close();

  await second.ended('completed');
  await second.say('Reply with exactly the single word still.');
  await second.ended('completed', 2);
  await expect(second.answers.last()).toHaveText('still');
});

// A session that resumes a thread shows its history, in open pages and in new ones.
import { expect, test } from './chat';

test('an open page shows the history of a resumed thread, as a reload does', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word marmalade');
  const { entries: before } = await chat.snapshot();
  const first = chat.sessionId;
  const { state } = await (await page.request.get(`/api/sessions/${first}/state`)).json();
  expect((await page.request.delete(`/api/sessions/${first}`)).ok()).toBe(true);

  await chat.startAndFinish('Reply with exactly the single word porridge');
  await expect(chat.answers).toHaveText('porridge');
  const resume = `/api/sessions/${chat.sessionId}/thread/resume`;
  expect((await page.request.post(resume, { data: { threadId: state.threadId } })).ok()).toBe(true);
  const shownIds = async () => (await chat.view()).items.map((item) => item.id);
  const ids = before.map((entry) => entry.id);
  await expect(chat.answers).toHaveText('marmalade');
  await expect(chat.userMessages).toContainText('marmalade');
  expect(await shownIds()).toEqual(ids);
  await expect(page).toHaveTitle(/marmalade/);

  await chat.send('Reply with exactly the single word toast');
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers).toHaveText(['marmalade', 'toast']);
  const live = await shownIds();
  await page.reload();
  await chat.waitUntilLive();
  expect(await shownIds()).toEqual(live);
});

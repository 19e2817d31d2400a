// A conversation that codex has not indexed yet.
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

const THREAD_ID = '00000000-0000-7000-8000-00000000000a';

test('a conversation that is being indexed says so, and is shown when the indexing has finished', async ({ page, chat, pageErrors, startServer }) => {
  pageErrors.allow(/status of 503 .*\/t\//);
  const codex = new FakeCodex('indexing', 'normal');
  const item = { type: 'agentMessage', id: 'a', text: 'What was said long ago.' };
  codex.writeUnindexedThread(THREAD_ID, [{ id: 'u', status: 'completed', items: [item] }]);
  const server = await startServer({ args: [], env: codex.env });
  await page.goto(`${server.baseURL}/t/${THREAD_ID}`);
  await expect(page.getByRole('heading', { name: 'Codex is indexing this conversation…' })).toBeVisible();
  codex.openGate();
  await expect(chat.answers.last()).toHaveText('What was said long ago.', { timeout: 15_000 });
  // Closes the page's streams before its server ends.
  await page.goto('about:blank');
});

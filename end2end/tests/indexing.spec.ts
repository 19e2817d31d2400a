// A conversation that codex has not indexed says so, and is shown once it has.
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

const THREAD = '00000000-0000-7000-8000-00000000000a';

test('the page waits for a conversation that is being indexed', async ({ page, chat, faults, startServer }) => {
  faults.allow(/status of 503 .*\/t\//);
  const codex = new FakeCodex('indexing', 'normal');
  const item = { type: 'agentMessage', id: 'a', text: 'What was said long ago.' };
  codex.putUnindexedThread(THREAD, [{ id: 'u', status: 'completed', items: [item] }]);
  const server = await startServer({ args: [], env: codex.env });
  await page.goto(`${server.baseURL}/t/${THREAD}`);
  await expect(page.getByRole('heading', { name: 'Codex is indexing this conversation…' })).toBeVisible();
  codex.openGate();
  await expect(chat.answers.last()).toHaveText('What was said long ago.', { timeout: 15_000 });
  // The page's streams end before its server does.
  await page.goto('about:blank');
});

// The gateway ends while its page is open, and comes back without the conversation.
import { expect, test } from './chat';

test.beforeEach(({ faults }) => {
  faults.allow(/Failed to load resource/, /request failed: GET .*\/events\?/, /request failed: POST .*\/_fn\//);
});

test('a gateway that is stopped says good-bye', async ({ page, chat, startServer, faults }) => {
  const server = await startServer();
  await chat.startAndFinish('Reply with exactly the single word kept.', server.baseURL);
  await server.stop();
  await expect(page.getByText('The gateway is shutting down. Reload once it is back.')).toBeVisible();
  await expect(chat.answers).toHaveText('kept');
  await expect(chat.message).toBeDisabled();

  faults.allow(/404/);
  await startServer({ after: server });
  await page.reload();
  await expect(page.getByRole('heading', { name: 'There is no such conversation' })).toBeVisible();
});

test('a gateway that crashes is missed, and found again', async ({ page, chat, startServer }) => {
  const server = await startServer();
  await chat.startAndFinish('Reply with exactly the single word kept.', server.baseURL);
  await chat.message.fill('not sent yet');
  await server.kill();
  await expect(chat.connection).toHaveAttribute('data-state', 'waiting');
  await expect(chat.connection).toContainText(/Reconnecting in \d+ s/);
  await expect(chat.answers).toHaveText('kept');

  await startServer({ after: server });
  await expect(page.getByText(/The gateway no longer knows this conversation/)).toBeVisible({ timeout: 15_000 });
  await expect(chat.answers).toHaveText('kept');
  await expect(chat.message).toHaveValue('not sent yet');
  await page.getByRole('main').getByRole('link', { name: 'New chat' }).click();
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
});

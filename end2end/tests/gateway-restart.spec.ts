// The gateway restarts while its page is open: the page reconnects and continues the conversation.
import { expect, test, type Chat } from './chat';

test.beforeEach(({ pageErrors }) => {
  pageErrors.allow(/Failed to load resource/, /request failed: GET .*\/events\?/, /request failed: POST .*\/_fn\//);
});

/** Waits until the page has reconnected, and continues the conversation. */
async function expectContinues(chat: Chat): Promise<void> {
  await chat.waitUntilLive();
  await expect(chat.answers.first()).toHaveText('kept');
  await expect(chat.messageField).toHaveValue('not sent yet');
  await chat.messageField.fill('');
  await chat.send('Reply with exactly the single word still.');
  await expect(chat.answers.last()).toHaveText('still');
}

test('after the gateway was stopped and restarted, the page continues the conversation', async ({ page, chat, startServer }) => {
  const server = await startServer();
  await chat.startAndFinish('Reply with exactly the single word kept.', server.baseURL);
  await chat.messageField.fill('not sent yet');
  await server.stop();
  await expect(chat.connection).toHaveAttribute('data-state', 'waiting');
  await expect(chat.connection).toContainText(/Reconnecting in \d+ s/);
  await expect(chat.answers).toHaveText('kept');

  await startServer({ restartOf: server });
  await expectContinues(chat);
  await page.reload();
  await expect(chat.answers).toHaveText(['kept', 'still']);
  await page.goto('about:blank');
});

test('if the gateway is killed during a turn, the streamed text is kept, the turn fails and the next one runs', async ({ page, chat, startServer }) => {
  const server = await startServer();
  await chat.startAndFinish('Reply with exactly the single word kept.', server.baseURL);
  await chat.send('!standin deltas count=4000 pace_us=10000 size=8');
  const length = async () => ((await chat.answers.last().textContent()) ?? '').length;
  await expect(chat.answers).toHaveCount(2);
  await expect.poll(length).toBeGreaterThan(2000);
  await chat.messageField.fill('not sent yet');
  await server.kill();
  await expect(chat.connection).toHaveAttribute('data-state', 'waiting');

  await startServer({ restartOf: server });
  await chat.waitUntilLive();
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'failed');
  expect(await length()).toBeGreaterThan(500);
  await expectContinues(chat);
  await page.goto('about:blank');
});

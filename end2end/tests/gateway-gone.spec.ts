// The gateway ends while its page is open, and comes back with the conversation: the page goes on by itself.
import { expect, test, type Chat } from './chat';

test.beforeEach(({ faults }) => {
  faults.allow(/Failed to load resource/, /request failed: GET .*\/events\?/, /request failed: POST .*\/_fn\//);
});

/** Waits until the page has found the gateway again, and goes on with the conversation. */
async function goesOn(chat: Chat): Promise<void> {
  await chat.isLive();
  await expect(chat.answers.first()).toHaveText('kept');
  await expect(chat.message).toHaveValue('not sent yet');
  await chat.message.fill('');
  await chat.say('Reply with exactly the single word still.');
  await expect(chat.answers.last()).toHaveText('still');
}

test('a gateway that is stopped and started again goes on with the conversation', async ({ page, chat, startServer }) => {
  const server = await startServer();
  await chat.startAndFinish('Reply with exactly the single word kept.', server.baseURL);
  await chat.message.fill('not sent yet');
  await server.stop();
  await expect(chat.connection).toHaveAttribute('data-state', 'waiting');
  await expect(chat.connection).toContainText(/Reconnecting in \d+ s/);
  await expect(chat.answers).toHaveText('kept');

  await startServer({ after: server });
  await goesOn(chat);
  await page.reload();
  await expect(chat.answers).toHaveText(['kept', 'still']);
  await page.goto('about:blank');
});

test('a gateway that is killed in mid-turn: what had come is kept, the turn has failed, the next one runs', async ({ page, chat, startServer }) => {
  const server = await startServer();
  await chat.startAndFinish('Reply with exactly the single word kept.', server.baseURL);
  await chat.say('!standin deltas count=4000 pace_us=10000 size=8');
  const length = async () => ((await chat.answers.last().textContent()) ?? '').length;
  await expect(chat.answers).toHaveCount(2);
  await expect.poll(length).toBeGreaterThan(2000);
  await chat.message.fill('not sent yet');
  await server.kill();
  await expect(chat.connection).toHaveAttribute('data-state', 'waiting');

  await startServer({ after: server });
  await chat.isLive();
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'failed');
  expect(await length()).toBeGreaterThan(500);
  await goesOn(chat);
  await page.goto('about:blank');
});

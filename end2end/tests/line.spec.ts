// Lines that do not do what a line should: what the page says of them, and how it gets its events all the same.
import { expect, test as base, type Chat } from './chat';
import { FaultyProxy } from './support/faulty-proxy';

const test = base.extend<{ line: FaultyProxy }>({
  line: async ({ page, gateway, faults }, use) => {
    faults.allow(/Failed to load resource/, /request failed: (GET .*\/events\?|POST .*\/_fn\/)/);
    const line = await FaultyProxy.to(gateway.port);
    await use(line);
    await page.goto('about:blank');
    await line.close();
  },
});

/** A message is in the conversation once, and nothing of it is left to be sent. */
async function isThereOnce(chat: Chat, message: string): Promise<void> {
  await expect(chat.said.filter({ hasText: message })).toHaveCount(1);
  await expect(chat.log.locator('[data-unsent]')).toHaveCount(0);
}

test('an event stream that is held back is replaced by polling, and the page says so', async ({ page, chat, line }) => {
  line.buffers = true;
  await page.goto(line.baseURL);
  await chat.say('Reply with exactly the single word first.');
  await page.waitForURL(/\/c\/[^/]+$/);
  await expect(chat.connection).toHaveAttribute('data-state', 'live', { timeout: 20_000 });
  await expect(chat.connection).toHaveAttribute('title', /holds the event stream back.*troubleshooting/);
  await expect(chat.answers).toHaveText(['first']);
  await chat.say('Reply with exactly the single word second.');
  await expect(chat.answers).toHaveText(['first', 'second']);
  await isThereOnce(chat, 'single word second');
  await isThereOnce(chat, 'single word first');
});

test('a line that is dead is not seen as live, and a message that was sent on it comes once', async ({ page, chat, line }) => {
  test.setTimeout(90_000);
  await chat.startAndFinish('Reply with exactly the single word before.', line.baseURL);
  line.swallow();
  await chat.say('Reply with exactly the single word after.');
  await expect(chat.connection).not.toHaveAttribute('data-state', 'live', { timeout: 14_000 });
  line.mend();
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
  await chat.isLive();
  await expect(chat.answers).toHaveText(['before', 'after'], { timeout: 30_000 });
  await isThereOnce(chat, 'single word after');
});

for (const how of ['redirect', 'page'] as const) {
  test(`the proxy's own sign-in has ended (${how}): the page says so, and keeps what was written`, async ({ page, chat, line }) => {
    await chat.startAndFinish('Reply with exactly the single word before.', line.baseURL);
    await chat.message.fill('not lost');
    await chat.message.press('Enter');
    await chat.ended('completed', 2);
    await chat.message.fill('still here');
    line.endSignIn(how);
    await expect(page.getByText('Your session at the proxy has ended. Reload to sign in')).toBeVisible();
    line.mend();
    await page.getByRole('button', { name: 'Reload' }).click();
    await chat.isLive();
    await expect(chat.message).toHaveValue('still here');
  });
}

test('a message that the proxy does not let through says why, and stays', async ({ page, chat, line }) => {
  await page.goto(line.baseURL);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await chat.message.fill('not lost');
  await expect(chat.sendButton).toBeEnabled({ timeout: 10_000 });
  line.endSignIn('page');
  await chat.message.press('Enter');
  await expect(page.getByText('Your session at the proxy has ended. Reload to sign in')).toBeVisible();
  await expect(chat.message).toHaveValue('not lost');
});

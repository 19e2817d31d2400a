// Proxies with faults: what the page shows, and how it still gets its events.
import { expect, test as base, type Chat } from './chat';
import { FaultyProxy } from './support/faulty-proxy';
import { keepBusy } from './support/idle';

const test = base.extend<{ faultyProxy: FaultyProxy }>({
  faultyProxy: async ({ page, gateway, pageErrors }, use) => {
    pageErrors.allow(/Failed to load resource/, /request failed: (GET .*\/events\?|POST .*\/_fn\/)/);
    const faultyProxy = await FaultyProxy.start(gateway.port);
    await use(faultyProxy);
    await page.goto('about:blank');
    await faultyProxy.close();
  },
});

/** Expects a message in the conversation once, and no unsent message. */
async function expectSentOnce(chat: Chat, message: string): Promise<void> {
  await expect(chat.userMessages.filter({ hasText: message })).toHaveCount(1);
  await expect(chat.log.locator('[data-unsent]')).toHaveCount(0);
}

test('if a proxy buffers the event stream, the page polls and says so', async ({ page, chat, faultyProxy }) => {
  faultyProxy.bufferStreams = true;
  await page.goto(faultyProxy.baseURL);
  await chat.send('Reply with exactly the single word first.');
  await page.waitForURL(/\/c\/[^/]+$/);
  await expect(chat.connection).toHaveAttribute('data-state', 'live', { timeout: 20_000 });
  await expect(chat.connection).toHaveAttribute('title', /holds the event stream back.*troubleshooting/);
  await expect(chat.answers).toHaveText(['first']);
  await chat.send('Reply with exactly the single word second.');
  await expect(chat.answers).toHaveText(['first', 'second']);
  await expectSentOnce(chat, 'single word second');
  await expectSentOnce(chat, 'single word first');
});

test('if a proxy buffers event streams, the list of conversations is kept up to date by polls', async ({ page, request, gateway, faultyProxy }) => {
  faultyProxy.bufferStreams = true;
  await page.goto(faultyProxy.baseURL);
  await page.waitForRequest((request) => /\/api\/events\?.*wait=/.test(request.url()), { timeout: 20_000 });
  const turn = { prompt: 'Reply with exactly the single word polled.', wait: true };
  const created = await request.post(`${gateway.baseURL}/api/sessions`);
  const { sessionId } = await created.json();
  await request.post(`${gateway.baseURL}/api/sessions/${sessionId}/turn`, { data: turn });
  const row = page.getByRole('navigation', { name: 'Conversations' }).locator(`a[href="/c/${sessionId}"]`);
  // The list is also requested every 20 seconds: this is sooner.
  await expect(row).toContainText('single word polled', { timeout: 8_000 });
  await request.delete(`${gateway.baseURL}/api/sessions/${sessionId}`);
});

for (const how of ['redirect', 'page'] as const) {
  test(`a message that is sent after the proxy's own sign-in has ended (${how}) is there after the reload`, async ({ page, chat, faultyProxy }) => {
    await chat.startAndFinish('Reply with exactly the single word before.', faultyProxy.baseURL);
    await chat.messageField.fill('Reply with exactly the single word kept.');
    await expect(chat.sendButton).toBeEnabled();
    faultyProxy.requireSignIn(how);
    await chat.messageField.press('Enter');
    await expect(page.getByText('Your session at the proxy has ended. Reload to sign in').first()).toBeVisible();
    faultyProxy.restore();
    await page.getByRole('button', { name: 'Reload' }).first().click();
    await chat.waitUntilLive();
    await expect(chat.messageField).toHaveValue('Reply with exactly the single word kept.');
    await expect(chat.userMessages).toHaveCount(1);
    await chat.messageField.press('Enter');
    await expect(chat.answers).toHaveText(['before', 'kept']);
  });
}

test('a dead connection is not shown as live, and a message sent over it arrives once', async ({ page, chat, faultyProxy }) => {
  test.setTimeout(90_000);
  await chat.startAndFinish('Reply with exactly the single word before.', faultyProxy.baseURL);
  faultyProxy.stall();
  await chat.send('Reply with exactly the single word after.');
  await expect(chat.connection).not.toHaveAttribute('data-state', 'live', { timeout: 14_000 });
  faultyProxy.restore();
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
  await chat.waitUntilLive();
  await expect(chat.answers).toHaveText(['before', 'after'], { timeout: 30_000 });
  await expectSentOnce(chat, 'single word after');
});

for (const how of ['redirect', 'page'] as const) {
  test(`if the proxy's own sign-in has ended (${how}), the page says so and keeps the draft`, async ({ page, chat, faultyProxy }) => {
    await chat.startAndFinish('Reply with exactly the single word before.', faultyProxy.baseURL);
    await chat.messageField.fill('not lost');
    await chat.messageField.press('Enter');
    await chat.waitForTurn('completed', 2);
    await chat.messageField.fill('still here');
    faultyProxy.requireSignIn(how);
    await expect(page.getByText('Your session at the proxy has ended. Reload to sign in')).toBeVisible();
    faultyProxy.restore();
    await page.getByRole('button', { name: 'Reload' }).click();
    await chat.waitUntilLive();
    await expect(chat.messageField).toHaveValue('still here');
  });
}

test('a first message that the proxy refuses stays in the composer, with the reason', async ({ page, chat, faultyProxy }) => {
  // The proxy would refuse the code of later parts too.
  await keepBusy(page);
  await page.goto(faultyProxy.baseURL);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await chat.messageField.fill('not lost');
  await expect(chat.sendButton).toBeEnabled({ timeout: 10_000 });
  faultyProxy.requireSignIn('page');
  await chat.messageField.press('Enter');
  await expect(page.getByText('Your session at the proxy has ended. Reload to sign in')).toBeVisible();
  await expect(chat.messageField).toHaveValue('not lost');
});

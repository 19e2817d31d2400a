// A connection lost during a turn: the page says so, reconnects by itself, and misses no event.
import { expect, withoutWhitespace, test, type Chat } from './chat';
import { openLongConversation } from './support/long-conversation';
import { startTcpProxy } from './support/tcp-proxy';
import { hoverConversation } from './support/scroll';

const STREAM = '!standin deltas count=500 pace_us=5000 size=8';

/** Returns the length of the last answer on the page. */
const shownLength = async (chat: Chat) => withoutWhitespace((await chat.answers.last().textContent()) ?? '').length;

/** Waits for the end of the turn, and expects the same text on the page as on the server. */
async function expectComplete(chat: Chat): Promise<void> {
  await chat.waitForTurn('completed');
  await expect(chat.userMessages).toHaveCount(1);
  await expect(chat.answers).toHaveCount(1);
  const { entries } = await chat.snapshot();
  const text = entries.map((entry) => entry.content.item?.text).find((text) => text !== undefined);
  expect(text).toHaveLength(500 * 8);
  await expect.poll(async () => withoutWhitespace((await chat.answers.textContent()) ?? '')).toBe(withoutWhitespace(text ?? ''));
}

test.beforeEach(({ pageErrors }) => {
  // The browser reports each failed attempt, and other requests in flight when the connection was cut.
  pageErrors.allow(/Failed to load resource: net::ERR_/, /request failed: GET .*\/events\?/);
  pageErrors.allow(/request failed: POST .*\/_fn\//);
});

test('after the network was offline, the page reconnects and the turn is complete', async ({ context, chat }) => {
  await chat.start(STREAM);
  await expect.poll(() => shownLength(chat)).toBeGreaterThan(300);
  await context.setOffline(true);
  await expect(chat.connection).toHaveAttribute('data-state', 'offline');
  await expect(chat.connection).toContainText('Offline');
  await context.setOffline(false);
  await chat.waitUntilLive();
  await expectComplete(chat);
});

test('after the network was offline beyond the end of the turn, the turn is complete', async ({ context, chat }) => {
  await chat.start(STREAM);
  await expect.poll(() => shownLength(chat)).toBeGreaterThan(300);
  await context.setOffline(true);
  await expect(chat.connection).toHaveAttribute('data-state', 'offline');
  const status = async () => {
    // Playwright's own requests are not affected by offline mode.
    const state = await chat.page.request.get(`/api/sessions/${chat.sessionId}/state`);
    return (await state.json()).state.lastTurnStatus;
  };
  await expect.poll(status, { timeout: 10_000 }).toBe('completed');
  expect(await shownLength(chat)).toBeLessThan(3000);
  await context.setOffline(false);
  await chat.waitUntilLive();
  await expectComplete(chat);
});

test('messages that were sent while the network was offline go by themselves, in their order, when it is back', async ({ context, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await context.setOffline(true);
  await expect(chat.connection).toHaveAttribute('data-state', 'offline');
  const unsent = chat.log.locator('[data-unsent=failed]');
  for (const word of ['first', 'second']) await chat.send(`Reply with exactly the single word ${word}.`);
  await expect(unsent).toHaveCount(2);

  await context.setOffline(false);
  await expect(unsent).toHaveCount(0);
  await expect(chat.answers).toHaveText(['ready', 'first', 'second'], { timeout: 20_000 });
  await expect(chat.userMessages).toHaveCount(3);
});

test('while the page is not connected, the status line stands still and says so', async ({ context, chat }) => {
  await chat.start('!standin slow-command');
  await expect(chat.statusLine).toHaveAttribute('data-activity', 'working');
  await context.setOffline(true);
  await expect(chat.statusLine).toHaveAttribute('data-activity', 'unknown');
  await expect(chat.statusLine).toContainText('Not connected');
  await context.setOffline(false);
  await expect(chat.statusLine).toHaveAttribute('data-activity', 'working');
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
});

test('after connections were cut and refused, Retry now reconnects and the turn is complete', async ({ page, chat, gateway }) => {
  const proxy = await startTcpProxy(gateway.port);
  await chat.start(STREAM, proxy.baseURL);
  await expect.poll(() => shownLength(chat)).toBeGreaterThan(300);
  proxy.cut();
  await expect(chat.connection).toHaveAttribute('data-state', 'waiting');
  await expect(chat.connection).toContainText(/Reconnecting in \d+ s/);
  // Waits for a failed attempt, so that the next one is delayed longer.
  await page.waitForEvent('requestfailed', (request) => /\/api\/sessions\/.*\/events\?/.test(request.url()));
  proxy.restore();
  await page.getByRole('button', { name: 'Retry now' }).click();
  await chat.waitUntilLive();
  await expectComplete(chat);
  await page.goto('about:blank');
  await proxy.close();
});

test('a reconnect keeps the scroll position and the loaded older entries', async ({ page, chat, startServer }) => {
  await openLongConversation(chat, startServer, 300);
  const { origin, port } = new URL(page.url());
  const proxy = await startTcpProxy(Number(port));
  await chat.open(`${proxy.baseURL}/c/${chat.sessionId}`);
  await hoverConversation(chat.log);
  // Scrolls up to entries that were not in the initial page.
  await expect(async () => {
    await page.mouse.wheel(0, -3000);
    await expect(chat.log.locator('[data-item="230-user"]')).toBeAttached({ timeout: 100 });
  }).toPass({ timeout: 20_000 });
  const loaded = await chat.log.locator('[data-item]').first().getAttribute('data-item');
  // After the first failed attempt, the page requests a snapshot.
  const snapshotRequested = page.waitForEvent('requestfailed', (request) => request.url().includes('/_fn/snapshot'));
  proxy.cut();
  await snapshotRequested;
  proxy.restore();
  await chat.waitUntilLive();
  await page.request.post(`${origin}/api/sessions/${chat.sessionId}/turn`, { data: { prompt: 'Go on', wait: true } });
  await expect(page.getByRole('button', { name: 'New messages' })).toBeVisible();
  await expect(chat.log.locator(`[data-item="${loaded}"]`)).toBeAttached();
  await page.goto('about:blank');
  await proxy.close();
});

test('if the stream is refused when the page loads, the page retries and the turn is complete', async ({ page, chat }) => {
  await chat.startAndFinish(STREAM);
  let attempts = 0;
  await page.route('**/api/sessions/*/events?*', async (route) => {
    attempts += 1;
    await (attempts <= 2 ? route.abort() : route.continue());
  });
  await page.reload();
  await expect(chat.connection).toHaveAttribute('data-state', 'waiting');
  await chat.waitUntilLive();
  expect(attempts).toBe(3);
  await expectComplete(chat);

  await chat.send('Reply with exactly the single word still.');
  await chat.waitForTurn('completed', 2);
});

for (const event of ['visibilitychange', 'pageshow']) {
  test(`a page that becomes visible again (${event}) reconnects at once, and the turn is complete`, async ({ page, chat, gateway }) => {
    const proxy = await startTcpProxy(gateway.port);
    await page.clock.install();
    await chat.start(STREAM, proxy.baseURL);
    await expect.poll(() => shownLength(chat)).toBeGreaterThan(300);
    proxy.cut();
    await expect(chat.connection).toHaveAttribute('data-state', 'waiting');
    proxy.restore();
    // Timers do not run in a hidden page.
    await page.clock.pauseAt(new Date(Date.now() + 1000));
    await page.evaluate((event) => {
      const target = event === 'pageshow' ? window : document;
      target.dispatchEvent(new Event(event, { bubbles: true }));
    }, event);
    await chat.waitUntilLive();
    await page.clock.resume();
    await expectComplete(chat);
    await page.goto('about:blank');
    await proxy.close();
  });
}

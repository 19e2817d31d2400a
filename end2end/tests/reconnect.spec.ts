// A connection that breaks in the middle of a turn: the page says so, comes back by itself, and misses nothing.
import { expect, letters, test, type Chat } from './chat';
import { openLong } from './support/long';
import { proxy } from './support/proxy';
import { pointAt } from './support/scroll';

const STREAM = '!standin deltas count=500 pace_us=5000 size=8';

const shown = async (chat: Chat) => letters((await chat.answers.last().textContent()) ?? '').length;

/** The page has exactly what the server has. */
async function isComplete(chat: Chat): Promise<void> {
  await chat.ended('completed');
  await expect(chat.said).toHaveCount(1);
  await expect(chat.answers).toHaveCount(1);
  const { entries } = await chat.snapshot();
  const text = entries.map((entry) => entry.content.item?.text).find((text) => text !== undefined);
  expect(text).toHaveLength(500 * 8);
  await expect.poll(async () => letters((await chat.answers.textContent()) ?? '')).toBe(letters(text ?? ''));
}

test.beforeEach(({ faults }) => {
  // The browser itself reports each attempt that fails, and whatever else was under way when the line was cut.
  faults.allow(/Failed to load resource: net::ERR_/, /request failed: GET .*\/events\?/);
  faults.allow(/request failed: POST .*\/_fn\//);
});

test('the network goes away and comes back', async ({ context, chat }) => {
  await chat.start(STREAM);
  await expect.poll(() => shown(chat)).toBeGreaterThan(300);
  await context.setOffline(true);
  await expect(chat.connection).toHaveAttribute('data-state', 'offline');
  await expect(chat.connection).toContainText('Offline');
  await context.setOffline(false);
  await chat.isLive();
  await isComplete(chat);
});

test('the network is away beyond the end of the turn', async ({ context, chat }) => {
  await chat.start(STREAM);
  await expect.poll(() => shown(chat)).toBeGreaterThan(300);
  await context.setOffline(true);
  await expect(chat.connection).toHaveAttribute('data-state', 'offline');
  const status = async () => {
    // Playwright's own requests do not go through the page's network.
    const state = await chat.page.request.get(`/api/sessions/${chat.sessionId}/state`);
    return (await state.json()).state.lastTurnStatus;
  };
  await expect.poll(status, { timeout: 10_000 }).toBe('completed');
  expect(await shown(chat)).toBeLessThan(3000);
  await context.setOffline(false);
  await chat.isLive();
  await isComplete(chat);
});

test('the connection is cut, and refused for a while', async ({ page, chat, gateway }) => {
  const line = await proxy(gateway.port);
  await chat.start(STREAM, line.baseURL);
  await expect.poll(() => shown(chat)).toBeGreaterThan(300);
  line.cut();
  await expect(chat.connection).toHaveAttribute('data-state', 'waiting');
  await expect(chat.connection).toContainText(/Reconnecting in \d+ s/);
  // More than one attempt, so that the next one comes after a longer wait.
  await page.waitForEvent('requestfailed', (request) => /\/api\/sessions\/.*\/events\?/.test(request.url()));
  line.mend();
  await page.getByRole('button', { name: 'Retry now' }).click();
  await chat.isLive();
  await isComplete(chat);
  await page.goto('about:blank');
  await line.close();
});

test('who reads further up stays there while the connection is made anew', async ({ page, chat, startServer }) => {
  await openLong(chat, startServer, 300);
  const { origin, port } = new URL(page.url());
  const line = await proxy(Number(port));
  await chat.open(`${line.baseURL}/c/${chat.sessionId}`);
  await pointAt(chat.log);
  // Up into what was not there when the page came.
  await expect(async () => {
    await page.mouse.wheel(0, -3000);
    await expect(chat.log.locator('[data-item="230-user"]')).toBeAttached({ timeout: 100 });
  }).toPass({ timeout: 20_000 });
  const loaded = await chat.log.locator('[data-item]').first().getAttribute('data-item');
  // After the first attempt it asks how the session stands.
  const asked = page.waitForEvent('requestfailed', (request) => request.url().includes('/_fn/snapshot'));
  line.cut();
  await asked;
  line.mend();
  await chat.isLive();
  await page.request.post(`${origin}/api/sessions/${chat.sessionId}/turn`, { data: { prompt: 'Go on', wait: true } });
  await expect(page.getByRole('button', { name: 'New messages' })).toBeVisible();
  await expect(chat.log.locator(`[data-item="${loaded}"]`)).toBeAttached();
  await page.goto('about:blank');
  await line.close();
});

test('the stream is refused when the page begins', async ({ page, chat }) => {
  await chat.startAndFinish(STREAM);
  let attempts = 0;
  await page.route('**/api/sessions/*/events?*', async (route) => {
    attempts += 1;
    await (attempts <= 2 ? route.abort() : route.continue());
  });
  await page.reload();
  await expect(chat.connection).toHaveAttribute('data-state', 'waiting');
  await chat.isLive();
  expect(attempts).toBe(3);
  await isComplete(chat);

  await chat.say('Reply with exactly the single word still.');
  await chat.ended('completed', 2);
});

for (const event of ['visibilitychange', 'pageshow']) {
  test(`who comes back to the page (${event}) is connected at once, and nothing is missing`, async ({ page, chat, gateway }) => {
    const line = await proxy(gateway.port);
    await page.clock.install();
    await chat.start(STREAM, line.baseURL);
    await expect.poll(() => shown(chat)).toBeGreaterThan(300);
    line.cut();
    await expect(chat.connection).toHaveAttribute('data-state', 'waiting');
    line.mend();
    // No timer runs in a page that is out of sight.
    await page.clock.pauseAt(new Date(Date.now() + 1000));
    await page.evaluate((event) => {
      const target = event === 'pageshow' ? window : document;
      target.dispatchEvent(new Event(event, { bubbles: true }));
    }, event);
    await chat.isLive();
    await page.clock.resume();
    await isComplete(chat);
    await page.goto('about:blank');
    await line.close();
  });
}

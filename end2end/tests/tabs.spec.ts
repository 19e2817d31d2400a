// Several tabs of one browser, with the same conversation and with different ones.
import { Chat, expect, withoutWhitespace, test as base } from './chat';
import { FakeCodex } from './support/fake-codex';
import { setHidden, shownNotifications, stubNotifications } from './support/notifications';
import { openEventStreams, METRICS_ENV } from './support/streams';

/** A host name that only this browser resolves. Over plain HTTP it is no secure context, like an address in a local network. */
const INSECURE = 'gateway.test';

const test = base.extend<{}, {}>({
  launchOptions: [
    async ({ launchOptions }, use) => {
      const args = [...(launchOptions.args ?? []), `--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`];
      await use({ ...launchOptions, args });
    },
    { scope: 'worker' },
  ],
});

/** Returns the entries on the page, without whitespace. */
const entriesOf = async (chat: Chat) =>
  (await chat.view()).items.map(({ id, text }) => ({ id, text: withoutWhitespace(text) }));

test('two tabs show the same conversation when one of them sends a message', async ({ page, chat, context, pageErrors }) => {
  await chat.startAndFinish('Reply with exactly the single word first.');
  const second = new Chat(await context.newPage());
  pageErrors.watch(second.page);
  await second.open(page.url());

  await second.send('!standin reasoning, command, deltas count=200 pace_us=2000 size=8, text');
  await expect(chat.userMessages).toHaveCount(2);
  await expect(chat.userMessages.last()).toHaveText(/^!standin reasoning/);
  await Promise.all([chat.waitForTurn('completed', 2), second.waitForTurn('completed', 2)]);

  const same = async () => {
    const [here, there] = [await chat.view(), await second.view()];
    return here.lastEventId === there.lastEventId && here.lastEventId;
  };
  // The last event may be of a kind that the page does not subscribe to. Its id arrives with the next ping of the stream.
  await expect.poll(same, { timeout: 20_000 }).toBeTruthy();
  expect((await entriesOf(chat)).length).toBeGreaterThan(4);
  expect(await entriesOf(second)).toEqual(await entriesOf(chat));
});

test('a tab that is opened later shows the same conversation', async ({ page, chat, context, pageErrors }) => {
  await chat.startAndFinish('!standin reasoning, command, text');
  const later = new Chat(await context.newPage());
  pageErrors.watch(later.page);
  await later.open(page.url());
  expect(await entriesOf(later)).toEqual(await entriesOf(chat));
});

test('closing a tab does not end the turn', async ({ page, chat, context }) => {
  await chat.start('!standin deltas count=300 pace_us=5000 size=8');
  const second = new Chat(await context.newPage());
  await second.open(page.url());
  await page.close();

  await second.waitForTurn('completed');
  await second.send('Reply with exactly the single word still.');
  await second.waitForTurn('completed', 2);
  await expect(second.answers.last()).toHaveText('still');
});

for (const host of ['127.0.0.1', INSECURE]) {
  test(`twelve tabs at ${host} share two streams, and all can be used`, async ({ context, request, startServer, pageErrors }, testInfo) => {
    test.setTimeout(120_000);
    // Without a secure context, the browser warns that it ignores this header.
    pageErrors.allow(/Cross-Origin-Opener-Policy header has been ignored/);
    const codex = new FakeCodex(`tabs-${testInfo.testId}`, 'normal');
    const env = { ...codex.env, ...METRICS_ENV, CODEX_GATEWAY_ALLOWED_HOSTS: INSECURE };
    const server = await startServer({ args: [], env });
    const origin = `http://${host}:${server.port}`;
    const chats: Chat[] = [];
    for (let tab = 1; tab <= 12; tab += 1) {
      const { sessionId } = await (await request.post(`${server.baseURL}/api/sessions`)).json();
      // Without an id, the message would be the prompt of the review that the fake codex reports too.
      const turn = { prompt: `Hello from ${tab}`, clientMessageId: `tab-${tab}`, wait: true };
      await request.post(`${server.baseURL}/api/sessions/${sessionId}/turn`, { data: turn });
      const chat = new Chat(await context.newPage());
      pageErrors.watch(chat.page);
      await chat.open(`${origin}/c/${sessionId}`);
      await expect(chat.userMessages).toHaveText([`Hello from ${tab}`]);
      chats.push(chat);
    }
    expect(await chats[0]?.page.evaluate(() => window.isSecureContext)).toBe(host !== INSECURE);
    await expect.poll(() => openEventStreams(request, server.baseURL)).toBe(2);

    for (const chat of chats) {
      await chat.page.bringToFront();
      const answers = await chat.answers.count();
      await chat.send('And again');
      await chat.waitForTurn('completed', 2);
      await expect(chat.userMessages.last()).toHaveText('And again');
      // The fake codex gives the same number of answers in each turn.
      await expect(chat.answers).toHaveCount(2 * answers);
      await expect(chat.connection).toHaveAttribute('data-state', 'live');
    }
    await expect.poll(() => openEventStreams(request, server.baseURL)).toBe(2);

    // A tab that closes hands over its streams.
    for (const chat of chats.splice(1)) await chat.page.close();
    const [remaining] = chats as [Chat];
    await remaining.page.bringToFront();
    await remaining.send('Still there?');
    await remaining.waitForTurn('completed', 3);
    await expect.poll(() => openEventStreams(request, server.baseURL)).toBe(2);
    await remaining.page.close();
  });
}

test('a visible window without the stream shows new text while it streams', async ({ chat, context, request, pageErrors }) => {
  await chat.startAndFinish('Reply with exactly the single word first.');
  const other = new Chat(await context.newPage());
  pageErrors.watch(other.page);
  await other.startAndFinish('Reply with exactly the single word other.');
  // The other window was used last, so it has the stream.
  const prompt = '!standin deltas count=800 pace_us=10000 size=8';
  await request.post(`/api/sessions/${chat.sessionId}/turn`, { data: { prompt } });
  const length = async () => withoutWhitespace((await chat.answers.last().textContent()) ?? '').length;
  await expect(chat.turns).toHaveCount(2);
  await expect.poll(length).toBeGreaterThan(100);
  const before = await length();
  await expect.poll(length).toBeGreaterThan(before);
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');
  await request.post(`/api/sessions/${chat.sessionId}/turn/interrupt`);
  await chat.waitForTurn('interrupted', 2);
  await other.page.close();
});

test('a hidden tab without a stream shows notifications of its conversation', async ({ page, chat, context, request, pageErrors }) => {
  await stubNotifications(page);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('group', { name: 'Notifications' }).getByRole('button', { name: 'On' }).click();
  await page.keyboard.press('Escape');
  const other = await context.newPage();
  pageErrors.watch(other);
  await new Chat(other).startAndFinish('Reply with exactly the single word other.');
  await setHidden(page, true);

  // Only the hidden tab can answer. The gateway knows that it is open.
  const turn = `/api/sessions/${chat.sessionId}/turn`;
  await request.post(turn, { data: { prompt: '!standin escalate' } });
  await expect(page).toHaveTitle(/^\(1\) /);
  await expect.poll(async () => (await shownNotifications(page)).map(({ body }) => body)).toEqual(['Codex is waiting for your answer.']);
  const { requests } = await (await request.get(`/api/sessions/${chat.sessionId}/requests`)).json();
  await request.post(`/api/sessions/${chat.sessionId}/requests/${requests[0].id}`, { data: { decision: 'decline' } });
  await expect(page).toHaveTitle(/^Reply with exactly/);
  await expect.poll(async () => (await shownNotifications(page)).at(-1)?.body).toBe('The turn has ended.');

  await setHidden(page, false);
  await chat.waitForTurn('completed', 2);
  await other.close();
});

test('a hidden tab closes its stream, and misses no event', async ({ page, chat, request, startServer }) => {
  const server = await startServer({ env: METRICS_ENV });
  await stubNotifications(page);
  await page.clock.install();
  await chat.startAndFinish('Reply with exactly the single word ready.', `${server.baseURL}/`);
  const streams = () => openEventStreams(request, server.baseURL);
  await expect.poll(streams).toBe(2);
  await setHidden(page, true);
  await page.clock.runFor(12_000);
  await expect.poll(streams).toBe(1);
  const data = { prompt: '!standin reasoning, command, text', wait: true };
  await request.post(`${server.baseURL}/api/sessions/${chat.sessionId}/turn`, { data });
  await setHidden(page, false);
  await chat.waitForTurn('completed', 2);
  await expect.poll(streams).toBe(2);
  const { entries } = await (await request.get(`${server.baseURL}/api/sessions/${chat.sessionId}/snapshot`))
    .json()
    .then(({ transcript }) => transcript);
  expect((await chat.view()).items.length).toBeGreaterThanOrEqual(2);
  expect(entries.length).toBeGreaterThan(4);
  await page.goto('about:blank');
});

// Several tabs of one browser: with one conversation, and with many.
import { Chat, expect, letters, test as base } from './chat';
import { FakeCodex } from './support/fake-codex';
import { hide, stubNotifications, told } from './support/notifications';
import { openStreams, WATCHED } from './support/streams';

/** A name that only this browser knows. Over plain HTTP it is no secure context, as an address in a local network is none. */
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

const said = async (chat: Chat) =>
  (await chat.view()).items.map(({ id, text }) => ({ id, text: letters(text) }));

test('both show the same, whoever writes', async ({ page, chat, context, faults }) => {
  await chat.startAndFinish('Reply with exactly the single word first.');
  const second = new Chat(await context.newPage());
  faults.watch(second.page);
  await second.open(page.url());

  await second.say('!standin reasoning, command, deltas count=200 pace_us=2000 size=8, text');
  await expect(chat.said).toHaveCount(2);
  await expect(chat.said.last()).toHaveText(/^!standin reasoning/);
  await Promise.all([chat.ended('completed', 2), second.ended('completed', 2)]);

  const same = async () => {
    const [here, there] = [await chat.view(), await second.view()];
    return here.at === there.at && here.at;
  };
  // The tab with the stream learns by its next ping that the last event was none of those that it reads.
  await expect.poll(same, { timeout: 20_000 }).toBeTruthy();
  expect((await said(chat)).length).toBeGreaterThan(4);
  expect(await said(second)).toEqual(await said(chat));
});

test('a tab that is opened later shows the same', async ({ page, chat, context, faults }) => {
  await chat.startAndFinish('!standin reasoning, command, text');
  const later = new Chat(await context.newPage());
  faults.watch(later.page);
  await later.open(page.url());
  expect(await said(later)).toEqual(await said(chat));
});

test('closing one ends nothing', async ({ page, chat, context }) => {
  await chat.start('!standin deltas count=300 pace_us=5000 size=8');
  const second = new Chat(await context.newPage());
  await second.open(page.url());
  await page.close();

  await second.ended('completed');
  await second.say('Reply with exactly the single word still.');
  await second.ended('completed', 2);
  await expect(second.answers.last()).toHaveText('still');
});

for (const host of ['127.0.0.1', INSECURE]) {
  test(`twelve tabs at ${host} are all usable, over two streams`, async ({ context, request, startServer, faults }, testInfo) => {
    test.setTimeout(120_000);
    // Without a secure context the browser says that it does without this header.
    faults.allow(/Cross-Origin-Opener-Policy header has been ignored/);
    const codex = new FakeCodex(`tabs-${testInfo.testId}`, 'normal');
    const env = { ...codex.env, ...WATCHED, CODEX_GATEWAY_ALLOWED_HOSTS: INSECURE };
    const server = await startServer({ args: [], env });
    const origin = `http://${host}:${server.port}`;
    const chats: Chat[] = [];
    for (let tab = 1; tab <= 12; tab += 1) {
      const { sessionId } = await (await request.post(`${server.baseURL}/api/sessions`)).json();
      const turn = { prompt: `Hello from ${tab}`, wait: true };
      await request.post(`${server.baseURL}/api/sessions/${sessionId}/turn`, { data: turn });
      const chat = new Chat(await context.newPage());
      faults.watch(chat.page);
      await chat.open(`${origin}/c/${sessionId}`);
      await expect(chat.said).toHaveText([`Hello from ${tab}`]);
      chats.push(chat);
    }
    expect(await chats[0]?.page.evaluate(() => window.isSecureContext)).toBe(host !== INSECURE);
    await expect.poll(() => openStreams(request, server.baseURL)).toBe(2);

    for (const chat of chats) {
      await chat.page.bringToFront();
      const answers = await chat.answers.count();
      await chat.say('And again');
      await chat.ended('completed', 2);
      await expect(chat.said.last()).toHaveText('And again');
      // It says the same in each turn.
      await expect(chat.answers).toHaveCount(2 * answers);
      await expect(chat.connection).toHaveAttribute('data-state', 'live');
    }
    await expect.poll(() => openStreams(request, server.baseURL)).toBe(2);

    // A tab that closes hands on what it had.
    for (const chat of chats.splice(1)) await chat.page.close();
    const [left] = chats as [Chat];
    await left.page.bringToFront();
    await left.say('Still there?');
    await left.ended('completed', 3);
    await expect.poll(() => openStreams(request, server.baseURL)).toBe(2);
    await left.page.close();
  });
}

test('windows side by side both show what is new while it is said', async ({ chat, context, request, faults }) => {
  await chat.startAndFinish('Reply with exactly the single word first.');
  const other = new Chat(await context.newPage());
  faults.watch(other.page);
  await other.startAndFinish('Reply with exactly the single word other.');
  // The other window was used last: it has the stream.
  const prompt = '!standin deltas count=800 pace_us=10000 size=8';
  await request.post(`/api/sessions/${chat.sessionId}/turn`, { data: { prompt } });
  const length = async () => letters((await chat.answers.last().textContent()) ?? '').length;
  await expect(chat.turns).toHaveCount(2);
  await expect.poll(length).toBeGreaterThan(100);
  const before = await length();
  await expect.poll(length).toBeGreaterThan(before);
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'inProgress');
  await request.post(`/api/sessions/${chat.sessionId}/turn/interrupt`);
  await chat.ended('interrupted', 2);
  await other.page.close();
});

test('a hidden tab without a stream says what happens in its conversation', async ({ page, chat, context, request, faults }) => {
  await stubNotifications(page);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('group', { name: 'Notifications' }).getByRole('button', { name: 'On' }).click();
  await page.keyboard.press('Escape');
  const other = await context.newPage();
  faults.watch(other);
  await new Chat(other).startAndFinish('Reply with exactly the single word other.');
  await hide(page, true);

  // Nobody but the hidden tab can answer: that it is there is known.
  const turn = `/api/sessions/${chat.sessionId}/turn`;
  await request.post(turn, { data: { prompt: '!standin escalate' } });
  await expect(page).toHaveTitle(/^\(1\) /);
  await expect.poll(async () => (await told(page)).map(({ body }) => body)).toEqual(['Codex waits for your answer.']);
  const { requests } = await (await request.get(`/api/sessions/${chat.sessionId}/requests`)).json();
  await request.post(`/api/sessions/${chat.sessionId}/requests/${requests[0].id}`, { data: { decision: 'decline' } });
  await expect(page).toHaveTitle(/^Reply with exactly/);
  await expect.poll(async () => (await told(page)).at(-1)?.body).toBe('The turn has ended.');

  await hide(page, false);
  await chat.ended('completed', 2);
  await other.close();
});

test('a hidden tab lets its stream go, and misses nothing', async ({ page, chat, request, startServer }) => {
  const server = await startServer({ env: WATCHED });
  await stubNotifications(page);
  await page.clock.install();
  await chat.startAndFinish('Reply with exactly the single word ready.', `${server.baseURL}/`);
  const streams = () => openStreams(request, server.baseURL);
  await expect.poll(streams).toBe(2);
  await hide(page, true);
  await page.clock.runFor(12_000);
  await expect.poll(streams).toBe(1);
  const data = { prompt: '!standin reasoning, command, text', wait: true };
  await request.post(`${server.baseURL}/api/sessions/${chat.sessionId}/turn`, { data });
  await hide(page, false);
  await chat.ended('completed', 2);
  await expect.poll(streams).toBe(2);
  const { entries } = await (await request.get(`${server.baseURL}/api/sessions/${chat.sessionId}/snapshot`))
    .json()
    .then(({ transcript }) => transcript);
  expect((await chat.view()).items.length).toBeGreaterThanOrEqual(2);
  expect(entries.length).toBeGreaterThan(4);
  await page.goto('about:blank');
});

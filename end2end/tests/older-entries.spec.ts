// Older entries of a conversation are loaded while the user scrolls up.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { expect, test, type Chat } from './chat';
import { screenshot } from './gateway';
import { FakeCodex } from './support/fake-codex';
import type { Server, ServerOptions } from './support/server';

const THREAD_ID = '00000000-0000-0000-0000-00000000cafe';
const TURNS = 130;
const REPLY = 'A line that is neither short nor long.\n\n'.repeat(3);

/** Returns a turn: a question and two answers. */
function turn(n: number): { id: string; status: string; items: { id: string; [field: string]: unknown }[] } {
  const text = `Question ${n}`;
  return {
    id: `turn-${n}`,
    status: 'completed',
    items: [
      { type: 'userMessage', id: `${n}-user`, content: [{ type: 'text', text, text_elements: [] }] },
      { type: 'agentMessage', id: `${n}-more`, text: REPLY },
      { type: 'agentMessage', id: `${n}-answer`, text: `Answer ${n}` },
    ],
  };
}

const ALL = Array.from({ length: TURNS }, (_, n) => turn(n)).flatMap(({ items }) => items.map(({ id }) => id));

/** Starts a gateway with a long conversation, and opens it. */
async function openConversation(
  chat: Chat,
  startServer: (options?: Partial<ServerOptions>) => Promise<Server>,
): Promise<FakeCodex> {
  const codex = new FakeCodex('older', 'normal');
  codex.writeThread(THREAD_ID, Array.from({ length: TURNS }, (_, n) => turn(n)));
  const server = await startServer({ args: [], env: codex.env });
  const created = await chat.page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD_ID } });
  const { sessionId } = await created.json();
  await chat.open(`${server.baseURL}/c/${sessionId}`);
  return codex;
}

/** Delays the next request for older entries until `release` is called. */
async function delayNextPage(page: Page): Promise<{ requested: Promise<void>; release: () => void }> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const requested = page.waitForRequest('**/_fn/items').then(() => {});
  await page.route(
    '**/_fn/items',
    async (route) => {
      await released;
      await route.continue();
    },
    { times: 1 },
  );
  return { requested, release };
}

/** Expects a contiguous part of the conversation, without duplicates. */
function expectContiguous(shown: string[]): void {
  const from = ALL.indexOf(shown[0] ?? '');
  expect(shown).toEqual(ALL.slice(from, from + shown.length));
}

/** Returns the ids of the mounted entries. */
function ids(chat: Chat): Promise<string[]> {
  return chat.view().then(({ items }) => items.map(({ id }) => id));
}

async function scrollTo(log: Locator, top: number): Promise<void> {
  await log.evaluate((log, top) => log.parentElement?.scrollTo({ top, behavior: 'instant' }), top);
}

/** Returns the position of an entry in the viewport, in pixels. */
async function position(chat: Chat, id: string): Promise<number> {
  const box = await chat.log.locator(`[data-item="${id}"]`).boundingBox();
  expect(box, `${id} is laid out`).not.toBeNull();
  return box?.y ?? Number.NaN;
}

/** The button at the start of the conversation that loads older messages. */
function loadButton(chat: Chat): Locator {
  return chat.log.getByRole('button', { name: 'older messages' });
}

async function expectNoViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
  expect(found).toEqual([]);
}

test('scrolling up loads the whole conversation, each entry once', async ({ page, chat, startServer }) => {
  await openConversation(chat, startServer);
  await expect(chat.answers.last()).toHaveText(`Answer ${TURNS - 1}`);
  expect(await ids(chat)).toEqual(ALL.slice(-200));

  await page.mouse.move(640, 300);
  const mounted = new Set<string>();
  await expect(async () => {
    await page.mouse.wheel(0, -4000);
    const shown = await ids(chat);
    expectContiguous(shown);
    shown.forEach((id) => mounted.add(id));
    expect(shown[0]).toBe(ALL[0]);
  }).toPass({ timeout: 20_000 });
  expect(mounted).toEqual(new Set(ALL));
  await expect(loadButton(chat)).toHaveCount(0);

  // New entries are at the end, and none is duplicated.
  await page.getByRole('button', { name: 'Latest' }).click();
  await chat.send('And on');
  await expect(chat.userMessages.last()).toHaveText('And on');
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'completed');
  const after = await ids(chat);
  const firstNew = after.findIndex((id) => !ALL.includes(id));
  expectContiguous(after.slice(0, firstNew));
  expect(after[firstNew - 1]).toBe(ALL.at(-1));
  expect(new Set(after).size).toBe(after.length);
});

for (const at of [0, 300]) {
  test(`loading a page at ${at} px from the top does not move the entry in view`, async ({ page, chat, startServer }) => {
    await openConversation(chat, startServer);
    const request = await delayNextPage(page);
    await scrollTo(chat.log, at);
    await request.requested;
    await expect(loadButton(chat)).toHaveText('Loading older messages…');
    await expect(chat.log).toHaveAttribute('aria-busy', 'true');
    const inView = (await ids(chat))[at ? 8 : 0] ?? '';
    const before = await position(chat, inView);

    // A turn runs at the same time.
    const turns = await chat.turns.count();
    await chat.send('And on');
    await chat.waitForTurn('completed', turns + 1);
    await scrollTo(chat.log, at);
    const current = await position(chat, inView);
    expect(Math.abs(current - before)).toBeLessThan(1);
    request.release();
    await expect(chat.log.locator(`[data-item="${ALL.at(-201)}"]`)).toBeAttached();
    await expect(loadButton(chat)).toHaveText('Load older messages');
    expect(Math.abs((await position(chat, inView)) - before)).toBeLessThan(2);
    const shown = await ids(chat);
    expectContiguous(shown.filter((id) => ALL.includes(id)));
    expect(new Set(shown).size).toBe(shown.length);
  });
}

test('a page that could not be loaded can be requested again by keyboard', async ({ page, chat, pageErrors, startServer }) => {
  // A hundred turns have a hundred tab stops.
  test.setTimeout(90_000);
  pageErrors.allow(/_fn\/items|ERR_FAILED|Failed to load/);
  await openConversation(chat, startServer);
  await page.route('**/_fn/items', (route) => route.abort(), { times: 1 });
  await scrollTo(chat.log, 0);
  await expect(chat.log.getByText('Older messages could not be loaded.')).toBeVisible();
  await expect(loadButton(chat)).toHaveText('Load older messages');
  expect(await ids(chat)).toHaveLength(200);
  await expectNoViolations(page);
  await screenshot(page, 'older-failed');

  // Shift Tab from the message field leads to the button at the start of the log.
  await chat.messageField.focus();
  await expect(async () => {
    await page.keyboard.press('Shift+Tab');
    expect(await loadButton(chat).evaluate((button) => button === document.activeElement)).toBe(true);
  }).toPass({ intervals: [1] });
  await page.keyboard.press('Enter');
  await expect.poll(() => ids(chat).then((all) => all.length)).toBeGreaterThan(200);
  await expect(chat.log.getByText('Older messages could not be loaded.')).toHaveCount(0);
  await expect(loadButton(chat)).toBeFocused();
  await expectNoViolations(page);
});

test('a message that waits for a long conversation to load shows that in the status line', async ({ page, chat, startServer }) => {
  await openConversation(chat, startServer);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\/_fn\/send$/, async (route) => {
    await released;
    await route.continue();
  });
  await chat.send('Go on');
  const line = page.locator('.status-line');
  await expect(line).toHaveText('Sending…');
  await expect(line).toHaveText('Loading a long conversation…');
  release();
  await expect(line).toBeEmpty();
});

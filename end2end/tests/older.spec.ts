// What was said before the newest part of a conversation comes while one scrolls up.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { expect, test, type Chat } from './chat';
import { screenshot } from './gateway';
import { FakeCodex } from './support/fake-codex';
import type { Server, ServerOptions } from './support/server';

const THREAD = '00000000-0000-0000-0000-00000000cafe';
const TURNS = 130;
const REPLY = 'A line that is neither short nor long.\n\n'.repeat(3);

/** What each turn says: a question and two answers. */
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

/** A gateway with a long conversation in it, and that conversation on the page. */
async function long(
  chat: Chat,
  startServer: (options?: Partial<ServerOptions>) => Promise<Server>,
): Promise<FakeCodex> {
  const codex = new FakeCodex('older', 'normal');
  codex.putThread(THREAD, Array.from({ length: TURNS }, (_, n) => turn(n)));
  const server = await startServer({ args: [], env: codex.env });
  const made = await chat.page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD } });
  const { sessionId } = await made.json();
  await chat.open(`${server.baseURL}/c/${sessionId}`);
  return codex;
}

/** Keeps the next request for older entries waiting, until it is let go. */
async function held(page: Page): Promise<{ asked: Promise<void>; letGo: () => void }> {
  let letGo = () => {};
  const go = new Promise<void>((resolve) => (letGo = resolve));
  const asked = page.waitForRequest('**/_fn/items').then(() => {});
  await page.route(
    '**/_fn/items',
    async (route) => {
      await go;
      await route.continue();
    },
    { times: 1 },
  );
  return { asked, letGo };
}

/** What is shown is a part of the conversation, in which nothing is missing or twice. */
function isPart(shown: string[]): void {
  const from = ALL.indexOf(shown[0] ?? '');
  expect(shown).toEqual(ALL.slice(from, from + shown.length));
}

function ids(chat: Chat): Promise<string[]> {
  return chat.view().then(({ items }) => items.map(({ id }) => id));
}

async function scrollTo(log: Locator, top: number): Promise<void> {
  await log.evaluate((log, top) => log.parentElement?.scrollTo({ top, behavior: 'instant' }), top);
}

/** Where an entry stands in the window, in pixels. */
async function place(chat: Chat, id: string): Promise<number> {
  const box = await chat.log.locator(`[data-item="${id}"]`).boundingBox();
  expect(box, `${id} is laid out`).not.toBeNull();
  return box?.y ?? Number.NaN;
}

function top(chat: Chat): Locator {
  return chat.log.getByRole('button', { name: 'older messages' });
}

async function isClean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
  expect(found).toEqual([]);
}

test('all of a long conversation comes while one scrolls up, each entry once', async ({ page, chat, startServer }) => {
  await long(chat, startServer);
  await expect(chat.answers.last()).toHaveText(`Answer ${TURNS - 1}`);
  expect(await ids(chat)).toEqual(ALL.slice(-200));

  await page.mouse.move(640, 300);
  const seen = new Set<string>();
  await expect(async () => {
    await page.mouse.wheel(0, -4000);
    const shown = await ids(chat);
    isPart(shown);
    shown.forEach((id) => seen.add(id));
    expect(shown[0]).toBe(ALL[0]);
  }).toPass({ timeout: 20_000 });
  expect(seen).toEqual(new Set(ALL));
  await expect(top(chat)).toHaveCount(0);

  // What comes now stands at the end, and nothing is said twice.
  await page.getByRole('button', { name: 'Latest' }).click();
  await chat.say('And on');
  await expect(chat.said.last()).toHaveText('And on');
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'completed');
  const after = await ids(chat);
  const own = after.findIndex((id) => !ALL.includes(id));
  isPart(after.slice(0, own));
  expect(after[own - 1]).toBe(ALL.at(-1));
  expect(new Set(after).size).toBe(after.length);
});

for (const at of [0, 300]) {
  test(`what one reads stays where it is while a page comes, ${at} px from the top`, async ({ page, chat, startServer }) => {
    await long(chat, startServer);
    const request = await held(page);
    await scrollTo(chat.log, at);
    await request.asked;
    await expect(top(chat)).toHaveText('Loading older messages…');
    await expect(chat.log).toHaveAttribute('aria-busy', 'true');
    const reading = (await ids(chat))[at ? 8 : 0] ?? '';
    const before = await place(chat, reading);

    // A turn goes on at the same time.
    const turns = await chat.turns.count();
    await chat.say('And on');
    await chat.ended('completed', turns + 1);
    await scrollTo(chat.log, at);
    const now = await place(chat, reading);
    expect(Math.abs(now - before)).toBeLessThan(1);
    request.letGo();
    await expect(chat.log.locator(`[data-item="${ALL.at(-201)}"]`)).toBeAttached();
    await expect(top(chat)).toHaveText('Load older messages');
    expect(Math.abs((await place(chat, reading)) - before)).toBeLessThan(2);
    const shown = await ids(chat);
    isPart(shown.filter((id) => ALL.includes(id)));
    expect(new Set(shown).size).toBe(shown.length);
  });
}

test('a page that does not come can be asked for again, by keyboard alone', async ({ page, chat, faults, startServer }) => {
  // A hundred turns are a hundred stops on the way.
  test.setTimeout(90_000);
  faults.allow(/_fn\/items|ERR_FAILED|Failed to load/);
  await long(chat, startServer);
  await page.route('**/_fn/items', (route) => route.abort(), { times: 1 });
  await scrollTo(chat.log, 0);
  await expect(chat.log.getByText('Older messages could not be loaded.')).toBeVisible();
  await expect(top(chat)).toHaveText('Load older messages');
  expect(await ids(chat)).toHaveLength(200);
  await isClean(page);
  await screenshot(page, 'older-failed');

  // From the message backwards: the first thing that one meets in the log and can press is at its top.
  await chat.message.focus();
  await expect(async () => {
    await page.keyboard.press('Shift+Tab');
    expect(await top(chat).evaluate((button) => button === document.activeElement)).toBe(true);
  }).toPass({ intervals: [1] });
  await page.keyboard.press('Enter');
  await expect.poll(() => ids(chat).then((all) => all.length)).toBeGreaterThan(200);
  await expect(chat.log.getByText('Older messages could not be loaded.')).toHaveCount(0);
  await expect(top(chat)).toBeFocused();
  await isClean(page);
});

test('a message that waits for a long conversation to load says so', async ({ page, chat, startServer }) => {
  await long(chat, startServer);
  let letGo = () => {};
  const go = new Promise<void>((resolve) => (letGo = resolve));
  await page.route(/\/_fn\/send$/, async (route) => {
    await go;
    await route.continue();
  });
  await chat.say('Go on');
  const line = page.locator('.live-line');
  await expect(line).toHaveText('Sending…');
  await expect(line).toHaveText('Loading a long conversation…');
  letGo();
  await expect(line).toBeEmpty();
});

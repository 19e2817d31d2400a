// A conversation of thousands of items: at most a few hundred are mounted at any scroll position. (`cargo xtask bench browser`
// scrolls through ten thousand.)
import type { Page } from '@playwright/test';
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';
import { openLongConversation, THREAD_ID } from './support/long-conversation';
import { memoryBytes, watchMemory } from './support/memory';

const TURNS = 1000;
/** The limit in `app/src/conversation/window.rs`. */
const MAX_MOUNTED = 280;

interface ScrollResult {
  /** The largest number of entries that were mounted at once. */
  maxMounted: number;
  /** The largest shift of the entry in view without scrolling, in pixels. */
  maxShift: number;
  /** The ids of all entries that were mounted. */
  ids: string[];
}

/** Scrolls by `by` pixels in every second frame, until the entry `id` is mounted. */
async function scrollUntil(page: Page, by: number, id: string): Promise<ScrollResult> {
  return page.evaluate(
    async ([by, id]) => {
      const scroller = document.querySelector('.scroll') as HTMLElement;
      const frame = () => new Promise((frame) => requestAnimationFrame(frame));
      const entries = () => [...scroller.querySelectorAll('[data-item]')];
      const top = (entry: Element) => entry.getBoundingClientRect().top;
      const result = { maxMounted: 0, maxShift: 0, ids: new Set<string>() };
      while (!scroller.querySelector(`[data-item="${id}"]`)) {
        scroller.scrollBy({ top: by, behavior: 'instant' });
        const inView = entries().find((entry) => entry.getBoundingClientRect().bottom > top(scroller));
        const before = inView ? top(inView) : 0;
        for (const _ of [1, 2]) {
          await frame();
          result.maxMounted = Math.max(result.maxMounted, entries().length);
        }
        if (inView?.isConnected) result.maxShift = Math.max(result.maxShift, Math.abs(top(inView) - before));
        for (const entry of entries()) result.ids.add(entry.getAttribute('data-item') ?? '');
      }
      return { ...result, ids: [...result.ids] };
    },
    [by, id] as const,
  );
}

test('scrolling through the whole conversation and back never mounts more than the limit', async ({ page, chat, startServer }) => {
  test.setTimeout(180_000);
  await watchMemory(page);
  await openLongConversation(chat, startServer, TURNS);
  await expect(chat.answers.last()).toContainText(`Answer ${TURNS - 1}`);
  const up = await scrollUntil(page, -2500, '0-user');
  // Without the commands, which are collapsed.
  const all = Array.from({ length: TURNS }, (_, n) => [`${n}-user`, `${n}-more`, `${n}-answer`]).flat();
  expect(new Set(up.ids)).toEqual(new Set(all));
  expect(up.maxMounted).toBeLessThanOrEqual(MAX_MOUNTED);
  expect(up.maxShift).toBeLessThan(2);
  expect(await memoryBytes(page)).toBeLessThan(150e6);

  // Scrolling down again mounts loaded entries without a request.
  let requests = 0;
  page.on('request', (request) => (requests += Number(request.url().endsWith('/_fn/items'))));
  const down = await scrollUntil(page, 2500, '150-user');
  expect(down.maxMounted).toBeLessThanOrEqual(MAX_MOUNTED);
  expect(down.maxShift).toBeLessThan(2);
  const shown = (await chat.view()).items.map(({ id }) => id);
  const from = all.indexOf(shown[0] ?? '');
  expect(shown).toEqual(all.slice(from, from + shown.length));
  expect(requests).toBe(0);

  await page.getByRole('button', { name: 'Latest' }).click();
  await expect(chat.answers.last()).toContainText(`Answer ${TURNS - 1}`);
  await expect(chat.answers.last()).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Latest' })).toBeHidden();
  await chat.send('And on');
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'completed', { timeout: 10_000 });
  await expect(chat.userMessages.last()).toHaveText('And on');
  expect(await chat.log.locator('[data-item]').count()).toBeLessThanOrEqual(MAX_MOUNTED);
});

test('new messages while the user reads further up are announced, and shown on request', async ({ page, chat, startServer }) => {
  test.slow();
  await openLongConversation(chat, startServer, 300);
  await scrollUntil(page, -2500, '120-user');
  await expect(chat.log.locator('[data-item="299-answer"]')).toHaveCount(0);
  const { sessionId } = chat;
  const server = new URL(page.url()).origin;
  // Without an id, the message would be the prompt of the review that the fake codex reports too.
  const turn = { prompt: 'From elsewhere', clientMessageId: 'elsewhere' };
  await page.request.post(`${server}/api/sessions/${sessionId}/turn`, { data: turn });
  await page.getByRole('button', { name: 'New messages' }).click();
  await expect(chat.userMessages.last()).toHaveText('From elsewhere');
  await expect(chat.turns.last()).toBeInViewport();
});

test('an expanded turn of a thousand steps stays expanded while it is not mounted', async ({ page, chat, startServer }) => {
  test.setTimeout(180_000); // A development build is slow.
  const command = (n: number) => ({
    type: 'commandExecution', id: `c${n}`, command: `step ${n}`, cwd: '/', status: 'completed', commandActions: [],
    aggregatedOutput: '', exitCode: 0, durationMs: 1,
  });
  const codex = new FakeCodex('steps', 'normal');
  const steps = Array.from({ length: 1000 }, (_, n) => command(n));
  const answer = { type: 'agentMessage', id: 'end', text: 'All done.' };
  codex.writeThread(THREAD_ID, [{ id: 'long', status: 'completed', items: [...steps, answer] }], 300);
  const server = await startServer({ args: [], env: codex.env });
  const created = await page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD_ID } });
  await chat.open(`${server.baseURL}/c/${(await created.json()).sessionId}`);
  await expect(chat.answers).toHaveText(['All done.']);
  await chat.workToggle.click();
  await expect(chat.step('step 801')).toBeVisible();
  const mounted = () => chat.log.locator('[data-item]').count();
  await expect.poll(mounted).toBeLessThanOrEqual(MAX_MOUNTED);
  await scrollUntil(page, -2500, 'c0');
  await scrollUntil(page, -2500, '200-user');
  await expect(chat.log.locator('[data-item="c999"]')).toHaveCount(0);
  await page.getByRole('button', { name: 'Latest' }).click();
  await expect(chat.step('step 999')).toBeVisible();
  expect(await mounted()).toBeLessThanOrEqual(MAX_MOUNTED);
});

// A conversation of thousands of items: the page holds a few hundred, wherever one reads. (`cargo xtask bench browser`
// scrolls through ten thousand.)
import type { Page } from '@playwright/test';
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';
import { openLong as open, THREAD } from './support/long';
import { memory, watchMemory } from './support/memory';

const TURNS = 1000;
/** What `app/src/conversation/window.rs` allows. */
const MOST = 280;

interface Way {
  /** The most entries that were mounted at once. */
  most: number;
  /** How far what was read moved, in pixels, while nobody scrolled. */
  jump: number;
  /** The entries that were mounted on the way. */
  ids: string[];
}

/** Scrolls by so much with every other frame, until an entry is there. */
async function scrollUntil(page: Page, by: number, id: string): Promise<Way> {
  return page.evaluate(
    async ([by, id]) => {
      const scroller = document.querySelector('.scroll') as HTMLElement;
      const frame = () => new Promise((frame) => requestAnimationFrame(frame));
      const entries = () => [...scroller.querySelectorAll('[data-item]')];
      const top = (entry: Element) => entry.getBoundingClientRect().top;
      const way = { most: 0, jump: 0, ids: new Set<string>() };
      while (!scroller.querySelector(`[data-item="${id}"]`)) {
        scroller.scrollBy({ top: by, behavior: 'instant' });
        const reading = entries().find((entry) => entry.getBoundingClientRect().bottom > top(scroller));
        const before = reading ? top(reading) : 0;
        for (const _ of [1, 2]) {
          await frame();
          way.most = Math.max(way.most, entries().length);
        }
        if (reading?.isConnected) way.jump = Math.max(way.jump, Math.abs(top(reading) - before));
        for (const entry of entries()) way.ids.add(entry.getAttribute('data-item') ?? '');
      }
      return { ...way, ids: [...way.ids] };
    },
    [by, id] as const,
  );
}

test('from the end to the start and back, a few hundred entries are mounted', async ({ page, chat, startServer }) => {
  test.setTimeout(180_000);
  await watchMemory(page);
  await open(chat, startServer, TURNS);
  await expect(chat.answers.last()).toContainText(`Answer ${TURNS - 1}`);
  const up = await scrollUntil(page, -2500, '0-user');
  // Folded away are the commands, which nobody has unfolded.
  const all = Array.from({ length: TURNS }, (_, n) => [`${n}-user`, `${n}-more`, `${n}-answer`]).flat();
  expect(new Set(up.ids)).toEqual(new Set(all));
  expect(up.most).toBeLessThanOrEqual(MOST);
  expect(up.jump).toBeLessThan(2);
  expect(await memory(page)).toBeLessThan(150e6);

  // Down again, through what was cut off, without asking the server.
  let asked = 0;
  page.on('request', (request) => (asked += Number(request.url().endsWith('/_fn/items'))));
  const down = await scrollUntil(page, 2500, '150-user');
  expect(down.most).toBeLessThanOrEqual(MOST);
  expect(down.jump).toBeLessThan(2);
  const shown = (await chat.view()).items.map(({ id }) => id);
  const from = all.indexOf(shown[0] ?? '');
  expect(shown).toEqual(all.slice(from, from + shown.length));
  expect(asked).toBe(0);

  await page.getByRole('button', { name: 'Latest' }).click();
  await expect(chat.answers.last()).toContainText(`Answer ${TURNS - 1}`);
  await expect(chat.answers.last()).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Latest' })).toBeHidden();
  await chat.say('And on');
  await expect(chat.turns.last()).toHaveAttribute('data-status', 'completed', { timeout: 10_000 });
  await expect(chat.said.last()).toHaveText('And on');
  expect(await chat.log.locator('[data-item]').count()).toBeLessThanOrEqual(MOST);
});

test('what comes while one reads elsewhere is told, and waits at the end', async ({ page, chat, startServer }) => {
  test.slow();
  await open(chat, startServer, 300);
  await scrollUntil(page, -2500, '120-user');
  await expect(chat.log.locator('[data-item="299-answer"]')).toHaveCount(0);
  const { sessionId } = chat;
  const server = new URL(page.url()).origin;
  await page.request.post(`${server}/api/sessions/${sessionId}/turn`, { data: { prompt: 'From elsewhere' } });
  await page.getByRole('button', { name: 'New messages' }).click();
  await expect(chat.said.last()).toHaveText('From elsewhere');
  await expect(chat.turns.last()).toBeInViewport();
});

test('a turn of a thousand steps is unfolded, and stays so while it is out of sight', async ({ page, chat, startServer }) => {
  test.setTimeout(180_000); // A build for developing takes its time for each step of the way.
  const command = (n: number) => ({
    type: 'commandExecution', id: `c${n}`, command: `step ${n}`, cwd: '/', status: 'completed', commandActions: [],
    aggregatedOutput: '', exitCode: 0, durationMs: 1,
  });
  const codex = new FakeCodex('steps', 'normal');
  const steps = Array.from({ length: 1000 }, (_, n) => command(n));
  const answer = { type: 'agentMessage', id: 'end', text: 'All done.' };
  codex.putThread(THREAD, [{ id: 'long', status: 'completed', items: [...steps, answer] }], 300);
  const server = await startServer({ args: [], env: codex.env });
  const made = await page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD } });
  await chat.open(`${server.baseURL}/c/${(await made.json()).sessionId}`);
  await expect(chat.answers).toHaveText(['All done.']);
  await chat.fold.click();
  await expect(chat.step('step 801')).toBeVisible();
  const mounted = () => chat.log.locator('[data-item]').count();
  await expect.poll(mounted).toBeLessThanOrEqual(MOST);
  await scrollUntil(page, -2500, 'c0');
  await scrollUntil(page, -2500, '200-user');
  await expect(chat.log.locator('[data-item="c999"]')).toHaveCount(0);
  await page.getByRole('button', { name: 'Latest' }).click();
  await expect(chat.step('step 999')).toBeVisible();
  expect(await mounted()).toBeLessThanOrEqual(MOST);
});

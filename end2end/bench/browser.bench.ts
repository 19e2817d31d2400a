// Measures the page in a real browser: a long answer that streams, scrolling through a long conversation, the first load.
// Each result is printed, and written to target/bench-browser.json.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, withoutWhitespace, test } from '../tests/chat';
import { layoutShift, watchLayoutShift } from '../tests/support/layout';
import { openLongConversation } from '../tests/support/long-conversation';
import { memoryBytes, watchMemory } from '../tests/support/memory';
import { TARGET } from '../tests/support/server';
import { longTasks, summarize, type Task } from './long-tasks';

const RESULTS_FILE = path.join(TARGET, 'bench-browser.json');
const DELTAS = 20_000;
const DELTA_LENGTH = 5;
const TURNS = 2500;
/** Each turn has four entries. */
const HYDRATED_TURNS = 50;
/** In characters. */
const DRAFT_LENGTH = 300_000;

/** Prints a result and adds it to the file. */
function report(what: string, value: number, target: string): void {
  console.log(`${what}: ${Math.round(value * 100) / 100} (target ${target})`);
  let results: Record<string, unknown> = {};
  try {
    results = JSON.parse(readFileSync(RESULTS_FILE, 'utf8'));
  } catch {
    // The first result creates the file.
  }
  writeFileSync(RESULTS_FILE, JSON.stringify({ ...results, [what]: { value, target } }, null, 2));
}

/** Reports the long tasks of the page. */
function reportTasks(what: string, tasks: Task[]): void {
  const { count, maxCpuMs, maxWallMs } = summarize(tasks);
  report(`${what}: tasks in which the page worked for over 50 ms`, count, '0');
  report(`${what}: the longest, ms`, maxCpuMs, '<= 50');
  report(`${what}: the longest with the time others had the processor, ms`, maxWallMs, 'none');
}

test('20,000 deltas in one message', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  const length = () => page.evaluate(() => document.querySelector('.turn:last-of-type .prose')?.textContent?.length ?? 0);
  const tasks = await longTasks(page, async () => {
    await chat.send(`!standin deltas count=${DELTAS} size=${DELTA_LENGTH}`);
    // Looking into the page would be work of the page, so the server is asked.
    const receivedLength = async () => (await chat.snapshot()).entries.at(-1)?.content.item?.text?.length;
    await expect.poll(receivedLength, { timeout: 60_000, intervals: [500] }).toBe(DELTAS * DELTA_LENGTH);
    await expect.poll(length, { intervals: [500] }).toBeGreaterThan(DELTAS * (DELTA_LENGTH - 1));
  });
  await chat.waitForTurn('completed', 2);
  const { entries } = await chat.snapshot();
  const text = entries.at(-1)?.content.item?.text ?? '';
  expect(text.length).toBe(DELTAS * DELTA_LENGTH);
  await expect.poll(async () => withoutWhitespace((await chat.answers.last().textContent()) ?? '')).toBe(withoutWhitespace(text));
  reportTasks('streaming 20,000 deltas', tasks);
});

test('10,000 items from the end to the start', async ({ page, chat, startServer }) => {
  await watchMemory(page);
  await openLongConversation(chat, startServer, TURNS);
  let frames: number[] = [];
  const tasks = await longTasks(page, async () => {
    frames = await page.evaluate(async () => {
      const scroller = document.querySelector('.scroll') as HTMLElement;
      const times: number[] = [];
      let last = performance.now();
      while (!scroller.querySelector('[data-item="0-user"]')) {
        scroller.scrollBy({ top: -1500, behavior: 'instant' });
        const now = await new Promise<number>((frame) => requestAnimationFrame(frame));
        times.push(now - last);
        last = now;
      }
      return times;
    });
  });
  const slowFrames = frames.filter((time) => time > 50).length;
  report('scrolling 10,000 items: frames', frames.length, 'none');
  report('scrolling 10,000 items: frames over 50 ms', slowFrames, '0');
  reportTasks('scrolling 10,000 items', tasks);
  report('scrolling 10,000 items: memory, MB', (await memoryBytes(page)) / 1e6, '<= 150');
});

test('hydration of 200 entries', async ({ page, chat, startServer }) => {
  await openLongConversation(chat, startServer, HYDRATED_TURNS);
  await expect(page.locator('[data-item]').last()).toBeVisible();
  const tasks = await longTasks(page, async () => {
    await page.reload();
    await expect(page.locator('.not-started')).toHaveCount(0);
    await expect(chat.answers.last()).toContainText(`Answer ${HYDRATED_TURNS - 1}`);
  });
  const { maxCpuMs, maxWallMs } = summarize(tasks);
  report('hydration of 200 entries: the longest task, ms', maxCpuMs, '<= 150');
  report('hydration of 200 entries: the longest with the time others had the processor, ms', maxWallMs, 'none');
});

test('the first load', async ({ page, gateway }) => {
  await watchLayoutShift(page);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  // Not until the network is idle: the page keeps an event stream open.
  await page.goto(gateway.baseURL);
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeFocused();
  report('first load: all files as sent, KB', bytes / 1000, '<= 340');
  report('first load: layout shift', await layoutShift(page), '<= 0.02');
});

test('a key in a long draft', async ({ page, gateway }) => {
  await page.goto(gateway.baseURL);
  const field = page.getByRole('textbox', { name: 'Message' });
  await expect(field).toBeFocused();
  await field.fill('some words and more '.repeat(DRAFT_LENGTH / 20));
  const tasks = await longTasks(page, async () => {
    for (let key = 0; key < 10; key++) {
      await page.keyboard.press('x');
      // The frame that shows the key.
      await page.evaluate(() => new Promise((shown) => requestAnimationFrame(() => setTimeout(shown))));
    }
  });
  await expect(field).toHaveValue(/more x{10}$/);
  report('a key in a draft of 300,000 characters: the longest task, ms', summarize(tasks).maxCpuMs, '<= 50');
});

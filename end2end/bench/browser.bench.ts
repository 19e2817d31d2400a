// The page in a real browser: a long answer as it streams, a long conversation as it is scrolled, the first load.
// Each figure is printed, and written to target/bench-browser.json.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, letters, test } from '../tests/chat';
import { layoutShift, watchLayoutShift } from '../tests/support/layout';
import { openLong } from '../tests/support/long';
import { memory, watchMemory } from '../tests/support/memory';
import { TARGET } from '../tests/support/server';
import { longTasks, summary, type Task } from './tasks';

const FILE = path.join(TARGET, 'bench-browser.json');
const DELTAS = 20_000;
const SIZE = 5;
const TURNS = 2500;

function report(what: string, value: number, target: string): void {
  console.log(`${what}: ${Math.round(value * 100) / 100} (target ${target})`);
  let all: Record<string, unknown> = {};
  try {
    all = JSON.parse(readFileSync(FILE, 'utf8'));
  } catch {
    // The first figure makes the file.
  }
  writeFileSync(FILE, JSON.stringify({ ...all, [what]: { value, target } }, null, 2));
}

/** Tells how long the page worked at a time. */
function reportTasks(what: string, tasks: Task[]): void {
  const { long, worked, lasted } = summary(tasks);
  report(`${what}: tasks in which the page worked for over 50 ms`, long, '0');
  report(`${what}: the longest, ms`, worked, '<= 50');
  report(`${what}: the longest with the time others had the processor, ms`, lasted, 'none');
}

test('20,000 deltas in one message', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  const length = () => page.evaluate(() => document.querySelector('.turn:last-of-type .prose')?.textContent?.length ?? 0);
  const tasks = await longTasks(page, async () => {
    await chat.say(`!standin deltas count=${DELTAS} size=${SIZE}`);
    // To look for something in the page is work of the page's: the server is asked.
    const told = async () => (await chat.snapshot()).entries.at(-1)?.content.item?.text?.length;
    await expect.poll(told, { timeout: 60_000, intervals: [500] }).toBe(DELTAS * SIZE);
    await expect.poll(length, { intervals: [500] }).toBeGreaterThan(DELTAS * (SIZE - 1));
  });
  await chat.ended('completed', 2);
  const { entries } = await chat.snapshot();
  const text = entries.at(-1)?.content.item?.text ?? '';
  expect(text.length).toBe(DELTAS * SIZE);
  await expect.poll(async () => letters((await chat.answers.last().textContent()) ?? '')).toBe(letters(text));
  reportTasks('streaming 20,000 deltas', tasks);
});

test('10,000 items from the end to the start', async ({ page, chat, startServer }) => {
  await watchMemory(page);
  await openLong(chat, startServer, TURNS);
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
  const late = frames.filter((time) => time > 50).length;
  report('scrolling 10,000 items: frames', frames.length, 'none');
  report('scrolling 10,000 items: frames over 50 ms', late, '0');
  reportTasks('scrolling 10,000 items', tasks);
  report('scrolling 10,000 items: memory, MB', (await memory(page)) / 1e6, '<= 150');
});

test('the first load', async ({ page, gateway }) => {
  await watchLayoutShift(page);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(gateway.baseURL, { waitUntil: 'networkidle' });
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeFocused();
  report('first load: all files as sent, KB', bytes / 1000, '<= 340');
  report('first load: layout shift', await layoutShift(page), '<= 0.02');
});

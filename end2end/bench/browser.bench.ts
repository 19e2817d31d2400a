// The page in a real browser: a long answer as it streams, a long conversation as it is scrolled, the first load.
// Each figure is printed, and written to target/bench-browser.json.
import type { Page } from '@playwright/test';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '../tests/chat';
import { layoutShift, watchLayoutShift } from '../tests/support/layout';
import { openLong } from '../tests/support/long';
import { memory, watchMemory } from '../tests/support/memory';
import { TARGET } from '../tests/support/server';

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

declare global {
  interface Window {
    longTasks?: number[];
    frameTimes?: number[];
  }
}

/** From now on, counts the tasks that kept the page busy for more than 50 ms, and the frames that came so late. */
async function watchTasks(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.longTasks = [];
    window.frameTimes = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longTasks?.push(entry.duration);
    }).observe({ entryTypes: ['longtask'] });
    let last = performance.now();
    const frame = (now: number) => {
      window.frameTimes?.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

const worst = (all: number[]) => all.reduce((worst, each) => Math.max(worst, each), 0);

test('20,000 deltas in one message', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await watchTasks(page);
  await chat.say(`!standin deltas count=${DELTAS} size=${SIZE}`);
  await chat.ended('completed', 2);
  const answer = chat.answers.last();
  const { entries } = await chat.snapshot();
  const text = entries.at(-1)?.content.item?.text ?? '';
  expect(text.length).toBe(DELTAS * SIZE);
  const letters = (text: string | null) => text?.replace(/\s+/g, '').length ?? 0;
  await expect.poll(async () => letters(await answer.textContent())).toBe(letters(text));
  const long = await page.evaluate(() => window.longTasks ?? []);
  report('streaming 20,000 deltas: long tasks over 50 ms', long.length, '0');
  report('streaming 20,000 deltas: the longest, ms', worst(long), '<= 50');
});

test('10,000 items from the end to the start', async ({ page, chat, startServer }) => {
  await watchMemory(page);
  await openLong(chat, startServer, TURNS);
  await watchTasks(page);
  await page.evaluate(async () => {
    const scroller = document.querySelector('.scroll') as HTMLElement;
    while (!scroller.querySelector('[data-item="0-user"]')) {
      scroller.scrollBy({ top: -1500, behavior: 'instant' });
      await new Promise((frame) => requestAnimationFrame(frame));
    }
  });
  const [long, frames] = await page.evaluate(() => [window.longTasks ?? [], window.frameTimes ?? []]);
  report('scrolling 10,000 items: frames over 50 ms', frames.filter((frame) => frame > 50).length, '0');
  report('scrolling 10,000 items: the longest task, ms', worst(long), '<= 50');
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

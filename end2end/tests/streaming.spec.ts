// A long answer, while it comes.
import { expect, letters, test } from './chat';
import { belowTheFold, pointAt, scrolled } from './support/scroll';

const READY = 'Reply with exactly the single word ready.';
/** 12,000 letters in two seconds: some fifty paragraphs. */
const LONG = '!standin deltas count=600 pace_us=3500 size=20';

test('finished blocks are never drawn again', async ({ chat }) => {
  await chat.startAndFinish(READY);
  await chat.say(LONG);
  await expect(chat.answers).toHaveCount(2);
  const seen = await chat.log.evaluate(async (log) => {
    const answer = [...log.querySelectorAll('[data-kind=answer]')].at(-1);
    const turn = answer?.closest('[data-status]');
    const blocks = () => [...(answer?.lastElementChild?.children ?? [])];
    const known: { node: Element; html: string }[] = [];
    let [changed, frames] = [0, 0];
    let running = true;
    while (running) {
      running = turn?.getAttribute('data-status') === 'inProgress';
      frames += 1;
      // All but the last are finished.
      const finished = blocks().slice(0, running ? -1 : undefined);
      for (const [index, { node, html }] of known.entries()) {
        if (finished[index] !== node || node.innerHTML !== html) changed += 1;
      }
      for (const node of finished.slice(known.length)) known.push({ node, html: node.innerHTML });
      await new Promise((frame) => requestAnimationFrame(frame));
    }
    return { changed, frames, blocks: known.length };
  });
  expect(seen.frames).toBeGreaterThan(10);
  expect(seen.blocks).toBeGreaterThan(20);
  expect(seen.changed).toBe(0);
});

test('the page stays at the end of what comes', async ({ chat }) => {
  await chat.start(LONG);
  const length = async () => (await chat.answers.last().textContent())?.length ?? 0;
  for (const letters of [3000, 6000, 9000]) {
    await expect.poll(length).toBeGreaterThan(letters);
    expect(await belowTheFold(chat.log)).toBeLessThanOrEqual(1);
  }
  await chat.ended('completed');
  expect(await belowTheFold(chat.log)).toBeLessThanOrEqual(1);
});

test('a reader who scrolled up stays there, and finds back', async ({ page, chat }) => {
  // Long enough to look around while it comes.
  await chat.start('!standin deltas count=4000 pace_us=5000 size=20');
  const length = async () => (await chat.answers.last().textContent())?.length ?? 0;
  await expect.poll(length).toBeGreaterThan(3000);
  await pointAt(chat.log);
  await page.mouse.wheel(0, -400);
  await expect.poll(() => belowTheFold(chat.log)).toBeGreaterThan(100);

  const before = { place: await scrolled(chat.log), length: await length() };
  const down = page.getByRole('button', { name: 'New messages' });
  await expect(down).toBeVisible();
  await expect.poll(length).toBeGreaterThan(before.length + 1000);
  expect(await scrolled(chat.log)).toBe(before.place);

  await down.click();
  await expect.poll(() => belowTheFold(chat.log)).toBeLessThanOrEqual(1);
  await expect(down).toBeHidden();
  await chat.stopButton.click();
  await chat.ended('interrupted');
  expect(await belowTheFold(chat.log)).toBeLessThanOrEqual(1);
});

test('the whole text has come, once', async ({ chat }) => {
  await chat.startAndFinish(LONG);
  const { entries } = await chat.snapshot();
  const text = entries.map((entry) => entry.content.item?.text).find((text) => text !== undefined);
  expect(text).toHaveLength(12_000);
  expect(letters((await chat.answers.textContent()) ?? '')).toBe(letters(text ?? ''));
});

test('a message that is sent from further up leads to the end', async ({ page, chat }) => {
  await chat.startAndFinish(LONG);
  await pointAt(chat.log);
  await page.mouse.wheel(0, -2000);
  await expect.poll(() => belowTheFold(chat.log)).toBeGreaterThan(1000);
  await chat.say(READY);
  await expect(chat.said.last()).toBeInViewport();
  await chat.ended('completed', 2);
  await expect(chat.answers.last()).toBeInViewport();
});

test('what streams is drawn at most once a frame', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await page.evaluate(() => {
    const drawn = new Map<string, number>();
    const blocks = new WeakMap<Node, number>();
    let [frame, known] = [0, 0];
    // Asked for before any other of the frame, so it is called first.
    const next = () => {
      frame += 1;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        // A block that grows has its text changed in place.
        if (!target.parentElement?.closest('.block, pre code > span')) continue;
        if (!blocks.has(target)) blocks.set(target, known++);
        const key = `${blocks.get(target)} in ${frame}`;
        drawn.set(key, (drawn.get(key) ?? 0) + 1);
      }
      document.documentElement.dataset['drawn'] = JSON.stringify([...drawn.values()]);
    });
    observer.observe(document.querySelector('.log') as Node, { characterData: true, subtree: true });
  });
  const drawn = async (): Promise<number[]> =>
    JSON.parse((await page.locator('html').getAttribute('data-drawn')) ?? '[]');
  // How many frames there are in a second is the machine's matter: it streams until enough were drawn.
  await chat.say('!standin deltas count=20000 pace_us=500 size=8');
  await expect.poll(async () => (await drawn()).length).toBeGreaterThan(20);
  await chat.stopButton.click();
  await chat.ended('interrupted', 2);
  expect(Math.max(...(await drawn()))).toBe(1);
});

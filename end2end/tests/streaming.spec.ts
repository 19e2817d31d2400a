// A long answer while it streams.
import { expect, withoutWhitespace, test } from './chat';
import { distanceFromEnd, hoverConversation, scrollTop } from './support/scroll';

const READY = 'Reply with exactly the single word ready.';
/** 12,000 characters in two seconds: about fifty paragraphs. */
const LONG = '!standin deltas count=600 pace_us=3500 size=20';

test('finished blocks are never rendered again', async ({ chat }) => {
  await chat.startAndFinish(READY);
  await chat.send(LONG);
  await expect(chat.answers).toHaveCount(2);
  const observed = await chat.log.evaluate(async (log) => {
    const answer = [...log.querySelectorAll('[data-kind=answer]')].at(-1);
    const turn = answer?.closest('[data-status]');
    const blocks = () => [...(answer?.lastElementChild?.children ?? [])];
    const recorded: { node: Element; html: string }[] = [];
    let [changed, frames] = [0, 0];
    let running = true;
    while (running) {
      running = turn?.getAttribute('data-status') === 'inProgress';
      frames += 1;
      // All blocks but the last are finished.
      const finished = blocks().slice(0, running ? -1 : undefined);
      for (const [index, { node, html }] of recorded.entries()) {
        if (finished[index] !== node || node.innerHTML !== html) changed += 1;
      }
      for (const node of finished.slice(recorded.length)) recorded.push({ node, html: node.innerHTML });
      await new Promise((frame) => requestAnimationFrame(frame));
    }
    return { changed, frames, blocks: recorded.length };
  });
  expect(observed.frames).toBeGreaterThan(10);
  expect(observed.blocks).toBeGreaterThan(20);
  expect(observed.changed).toBe(0);
});

test('the page follows the end of a streaming answer', async ({ chat }) => {
  await chat.start(LONG);
  const length = async () => (await chat.answers.last().textContent())?.length ?? 0;
  for (const count of [3000, 6000, 9000]) {
    await expect.poll(length).toBeGreaterThan(count);
    expect(await distanceFromEnd(chat.log)).toBeLessThanOrEqual(1);
  }
  await chat.waitForTurn('completed');
  expect(await distanceFromEnd(chat.log)).toBeLessThanOrEqual(1);
});

test('a user who scrolled up stays there, and New messages leads to the end', async ({ page, chat }) => {
  // Long enough to scroll while it streams.
  await chat.start('!standin deltas count=4000 pace_us=5000 size=20');
  const length = async () => (await chat.answers.last().textContent())?.length ?? 0;
  await expect.poll(length).toBeGreaterThan(3000);
  await hoverConversation(chat.log);
  await page.mouse.wheel(0, -400);
  await expect.poll(() => distanceFromEnd(chat.log)).toBeGreaterThan(100);

  const before = { position: await scrollTop(chat.log), length: await length() };
  const down = page.getByRole('button', { name: 'New messages' });
  await expect(down).toBeVisible();
  await expect.poll(length).toBeGreaterThan(before.length + 1000);
  expect(await scrollTop(chat.log)).toBe(before.position);

  await down.click();
  await expect.poll(() => distanceFromEnd(chat.log)).toBeLessThanOrEqual(1);
  await expect(down).toBeHidden();
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
  expect(await distanceFromEnd(chat.log)).toBeLessThanOrEqual(1);
});

test('the text on the page equals the text on the server', async ({ chat }) => {
  await chat.startAndFinish(LONG);
  const { entries } = await chat.snapshot();
  const text = entries.map((entry) => entry.content.item?.text).find((text) => text !== undefined);
  expect(text).toHaveLength(12_000);
  expect(withoutWhitespace((await chat.answers.textContent()) ?? '')).toBe(withoutWhitespace(text ?? ''));
});

test('sending a message while scrolled up scrolls to the end', async ({ page, chat }) => {
  await chat.startAndFinish(LONG);
  await hoverConversation(chat.log);
  await page.mouse.wheel(0, -2000);
  await expect.poll(() => distanceFromEnd(chat.log)).toBeGreaterThan(1000);
  await chat.send(READY);
  await expect(chat.userMessages.last()).toBeInViewport();
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers.last()).toBeInViewport();
});

test('streaming text is updated at most once per frame', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await page.evaluate(() => {
    const updates = new Map<string, number>();
    const blocks = new WeakMap<Node, number>();
    let [frame, count] = [0, 0];
    // Requested before any other callback of the frame, so it runs first.
    const next = () => {
      frame += 1;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        // The text of a growing block is changed in place.
        if (!target.parentElement?.closest('.block, pre code > span')) continue;
        if (!blocks.has(target)) blocks.set(target, count++);
        const key = `${blocks.get(target)} in ${frame}`;
        updates.set(key, (updates.get(key) ?? 0) + 1);
      }
      document.documentElement.dataset['updates'] = JSON.stringify([...updates.values()]);
    });
    observer.observe(document.querySelector('.log') as Node, { characterData: true, subtree: true });
  });
  const updatesPerFrame = async (): Promise<number[]> =>
    JSON.parse((await page.locator('html').getAttribute('data-updates')) ?? '[]');
  // The frame rate depends on the machine, so the turn runs until there were enough updates.
  await chat.send('!standin deltas count=20000 pace_us=500 size=8');
  await expect.poll(async () => (await updatesPerFrame()).length).toBeGreaterThan(20);
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted', 2);
  expect(Math.max(...(await updatesPerFrame()))).toBe(1);
});

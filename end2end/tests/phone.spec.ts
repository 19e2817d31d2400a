// On a phone: nothing is wider than the screen, and a finger hits what it aims at.
import type { Page } from '@playwright/test';
import { expect, test, type Chat } from './chat';
import { proxy } from './support/proxy';

test.use({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });

async function fits(page: Page): Promise<void> {
  const sizes = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
    wide: [...document.querySelectorAll('header *, main *')]
      .filter((element) => {
        const box = element.getBoundingClientRect();
        let clip: Element | null = element;
        // What is clipped or scrolls inside its own box sticks out of nothing.
        while (clip && getComputedStyle(clip).overflowX === 'visible') clip = clip.parentElement;
        const clipped = clip !== null && clip.tagName !== 'HTML' && clip.tagName !== 'BODY' && clip.matches('main *, header *');
        return !clipped && box.width > 1 && box.right > document.documentElement.clientWidth + 1;
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  }));
  expect(sizes.screen).toBe(390);
  expect(sizes.content).toBeLessThanOrEqual(sizes.screen);
  expect(sizes.wide).toEqual([]);
}

/** Everything that one can press in the header and the composer is at least 44 pixels high and wide. */
async function canBeHit(chat: Chat): Promise<void> {
  const controls = await chat.page.locator('header, .compose').locator('button, a, select, label').evaluateAll((all) =>
    all
      .map((control) => ({ name: control.getAttribute('aria-label') ?? control.textContent ?? '', box: control.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0)
      .map(({ name, box }) => ({ name: name.trim(), size: Math.min(box.width, box.height) })),
  );
  expect(controls.length).toBeGreaterThan(4);
  expect(controls.filter(({ size }) => size < 44)).toEqual([]);
}

test('where everything is approved, that is said, and the header still fits', async ({ page, chat, startServer }) => {
  const server = await startServer({ env: { CODEX_GATEWAY_APPROVALS: 'accept' } });
  await chat.startAndFinish('Reply with exactly the single word ready.', server.baseURL);
  await expect(page.getByRole('banner').getByText('Approves everything')).toBeVisible();
  await fits(page);
  await canBeHit(chat);
  const settings = await page.getByRole('button', { name: 'Settings' }).boundingBox();
  expect((settings?.x ?? 0) + (settings?.width ?? 0)).toBeLessThanOrEqual(390);
  await page.goto('about:blank');
});

test('the first screen', async ({ page, chat }) => {
  await page.goto('/');
  await chat.message.fill('x');
  await expect(chat.sendButton).toBeEnabled();
  await fits(page);
  await canBeHit(chat);
  await page.getByRole('button', { name: 'Settings' }).tap();
  await expect(page.getByText('Theme')).toBeVisible();
  await canBeHit(chat);
  await fits(page);
});

test('a conversation, running and finished', async ({ page, chat }) => {
  await chat.start('!standin reasoning, plan, command, patch, slow-command');
  await expect(chat.liveLine).toContainText('sleep 25', { timeout: 15_000 });
  await fits(page);
  await chat.stopButton.tap();
  await chat.ended('interrupted');

  await chat.message.fill('!standin reasoning, command, patch, text');
  await expect(chat.sendButton).toBeEnabled();
  await chat.sendButton.tap();
  await chat.ended('completed', 2);
  await fits(page);
  await chat.fold.last().tap();
  await chat.turns.last().getByRole('button', { name: /^Ran/ }).first().tap();
  await fits(page);
});

test('a finger hits everything in a conversation', async ({ chat }) => {
  await chat.start('!standin slow-command');
  await expect(chat.stopButton).toBeVisible();
  await canBeHit(chat);
  await chat.stopButton.tap();
  await chat.ended('interrupted');
  await canBeHit(chat);
});

test('one failed, and one that is not there', async ({ page, chat, faults }) => {
  faults.allow(/status of 404/);
  await chat.start('!standin fail status=400');
  await chat.ended('failed');
  await fits(page);
  const retry = await page.getByRole('alert').getByRole('button').boundingBox();
  expect(retry?.height).toBeGreaterThanOrEqual(44);

  await page.goto('/c/nonsense');
  await expect(page.getByRole('main').getByRole('link')).toBeVisible();
  await fits(page);
});

test('one whose connection is broken', async ({ page, chat, gateway, faults }) => {
  faults.allow(/Failed to load resource/, /request failed/);
  const line = await proxy(gateway.port);
  await chat.start('Reply with exactly the single word ready.', line.baseURL);
  await chat.ended('completed');
  line.cut();
  await expect(chat.connection).toContainText('Reconnecting');
  await fits(page);
  await expect(page.getByRole('button', { name: 'Settings' })).toBeInViewport({ ratio: 1 });
  await line.close();
});

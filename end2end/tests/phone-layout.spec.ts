// The layout on a phone: nothing is wider than the screen, and touch targets are large enough.
import type { Page } from '@playwright/test';
import { expect, test, type Chat } from './chat';
import { startTcpProxy } from './support/tcp-proxy';

test.use({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });

/** Expects that neither the page nor an element is wider than the screen. */
async function expectFits(page: Page): Promise<void> {
  const sizes = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
    wide: [...document.querySelectorAll('header *, main *')]
      .filter((element) => {
        const box = element.getBoundingClientRect();
        let clip: Element | null = element;
        // Elements that are clipped, or scroll inside a container, do not count.
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

/** Expects that controls in the header and the composer are at least 44 pixels high and wide. */
async function expectTouchTargets(chat: Chat): Promise<void> {
  const controls = await chat.page.locator('header, .compose').locator('button, a, select, label').evaluateAll((all) =>
    all
      .map((control) => ({ name: control.getAttribute('aria-label') ?? control.textContent ?? '', box: control.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0)
      .map(({ name, box }) => ({ name: name.trim(), size: Math.min(box.width, box.height) })),
  );
  expect(controls.length).toBeGreaterThan(4);
  expect(controls.filter(({ size }) => size < 44)).toEqual([]);
}

test('the header fits with the badge for automatic approvals', async ({ page, chat, startServer }) => {
  const server = await startServer({ env: { CODEX_GATEWAY_APPROVALS: 'accept' } });
  await chat.startAndFinish('Reply with exactly the single word ready.', server.baseURL);
  await expect(page.getByRole('banner').getByText('Approves everything')).toBeVisible();
  await expectFits(page);
  await expectTouchTargets(chat);
  const settings = await page.getByRole('button', { name: 'Settings' }).boundingBox();
  expect((settings?.x ?? 0) + (settings?.width ?? 0)).toBeLessThanOrEqual(390);
  await page.goto('about:blank');
});

test('the first screen fits, and its touch targets are large enough', async ({ page, chat }) => {
  await page.goto('/');
  await chat.messageField.fill('x');
  await expect(chat.sendButton).toBeEnabled();
  await expectFits(page);
  await expectTouchTargets(chat);
  await page.getByRole('button', { name: 'Settings' }).tap();
  await expect(page.getByText('Theme')).toBeVisible();
  await expectTouchTargets(chat);
  await expectFits(page);
});

test('a running and a completed conversation fit', async ({ page, chat }) => {
  await chat.start('!standin reasoning, plan, command, patch, slow-command');
  await expect(chat.statusLine).toContainText('sleep 25', { timeout: 15_000 });
  await expectFits(page);
  await chat.stopButton.tap();
  await chat.waitForTurn('interrupted');

  await chat.messageField.fill('!standin reasoning, command, patch, text');
  await expect(chat.sendButton).toBeEnabled();
  await chat.sendButton.tap();
  await chat.waitForTurn('completed', 2);
  await expectFits(page);
  await chat.workToggle.last().tap();
  await chat.turns.last().getByRole('button', { name: /^Ran/ }).first().tap();
  await expectFits(page);
});

test('touch targets of a conversation are large enough', async ({ chat }) => {
  await chat.start('!standin slow-command');
  await expect(chat.stopButton).toBeVisible();
  await expectTouchTargets(chat);
  await chat.stopButton.tap();
  await chat.waitForTurn('interrupted');
  await expectTouchTargets(chat);
});

test('a failed turn and the not-found page fit', async ({ page, chat, pageErrors }) => {
  pageErrors.allow(/status of 404/);
  await chat.start('!standin fail status=400');
  await chat.waitForTurn('failed');
  await expectFits(page);
  const retry = await page.getByRole('alert').getByRole('button').boundingBox();
  expect(retry?.height).toBeGreaterThanOrEqual(44);

  await page.goto('/c/nonsense');
  await expect(page.getByRole('main').getByRole('link')).toBeVisible();
  await expectFits(page);
});

test('a conversation with a lost connection fits', async ({ page, chat, gateway, pageErrors }) => {
  pageErrors.allow(/Failed to load resource/, /request failed/);
  const proxy = await startTcpProxy(gateway.port);
  await chat.start('Reply with exactly the single word ready.', proxy.baseURL);
  await chat.waitForTurn('completed');
  proxy.cut();
  await expect(chat.connection).toContainText('Reconnecting');
  await expectFits(page);
  await expect(page.getByRole('button', { name: 'Settings' })).toBeInViewport({ ratio: 1 });
  await proxy.close();
});

// Unread conversations and notifications.
import type { Locator, Page } from '@playwright/test';
import { expect, test, Chat } from './chat';
import { clickFirstNotification, permissionRequests, setHidden, shownNotifications, stubNotifications } from './support/notifications';

const ofSession = (page: Page, id: string): Locator =>
  page.getByRole('navigation', { name: 'Conversations' }).locator(`a[href="/c/${id}"]`);

/** Returns the font weight of a name: unread ones are bold. */
const weight = (name: Locator) => name.evaluate((name) => Number(getComputedStyle(name).fontWeight));

/** Waits until the page has marked everything in the conversation as read: the list learns of the end of a turn within a second. */
async function waitUntilRead(page: Page, id: string): Promise<void> {
  const events = await (await page.request.get('/api/events?wait=0')).text();
  const { sessions } = JSON.parse(/^data: (\{"buildId.*)$/m.exec(events)?.[1] ?? '{}');
  const { newsMs } = sessions.find((session: { id: string }) => session.id === id);
  expect(newsMs).toBeGreaterThan(0);
  await expect.poll(() => page.evaluate(() => localStorage.getItem('seen'))).toContain(` ${newsMs}`);
}

test('a conversation with a finished turn is unread in all tabs and after a reload, until it is opened', async ({
  page,
  chat,
  context,
  request,
}) => {
  await chat.startAndFinish('Reply with exactly the single word first.');
  const id = chat.sessionId;
  const own = ofSession(page, id);
  await expect(own).toBeVisible();
  await waitUntilRead(page, id);
  await page.goto('/');
  await expect(own).not.toContainText('New');
  const turn = { prompt: 'Reply with exactly the single word second.', wait: true };
  await request.post(`/api/sessions/${id}/turn`, { data: turn });
  await expect.poll(async () => (await (await request.get(`/api/sessions/${id}/state`)).json()).state.activeTurn).toBe(false);
  await page.reload();
  await expect(own).toContainText('New');
  expect(await weight(own.locator('.name'))).toBe(600);

  const other = await context.newPage();
  await other.goto('/');
  await expect(ofSession(other, id)).toContainText('New');
  await ofSession(other, id).click();
  await expect(new Chat(other).answers.last()).toHaveText('second');
  await expect(ofSession(other, id)).not.toContainText('New');
  await expect(own).not.toContainText('New');
  expect(await weight(own.locator('.name'))).toBeLessThan(600);
});

test('arrow keys move through the list of conversations, and each has one tab stop', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word below.');
  await page.goto('/');
  await chat.startAndFinish('Reply with exactly the single word above.');
  const rows = page.getByRole('navigation').locator('.conversation');
  const link = (at: number) => rows.nth(at).getByRole('link');
  await expect(link(0)).toContainText('above');
  await link(0).focus();
  await page.keyboard.press('ArrowDown');
  await expect(link(1)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(link(0)).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(link(1)).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(rows.nth(1).getByRole('button', { name: /^Options/ })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Rename', exact: true })).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(link(1)).toBeFocused();
});

test('a hidden page shows notifications if the user has turned them on', async ({ page, chat }) => {
  await stubNotifications(page);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await setHidden(page, true);
  await chat.send('Reply with exactly the single word quiet.');
  await chat.waitForTurn('completed', 2);
  expect([await permissionRequests(page), await shownNotifications(page)]).toEqual([0, []]);

  await setHidden(page, false);
  await page.getByRole('button', { name: 'Settings' }).click();
  const on = page.getByRole('group', { name: 'Notifications' }).getByRole('button', { name: 'On' });
  await on.click();
  await expect(on).toHaveAttribute('aria-pressed', 'true');
  expect(await permissionRequests(page)).toBe(1);
  await page.keyboard.press('Escape');

  await chat.send('Reply with exactly the single word seen.');
  await chat.waitForTurn('completed', 3);
  expect(await shownNotifications(page), 'no notification while the page is visible').toEqual([]);

  await setHidden(page, true);
  await chat.send('!standin escalate');
  const title = 'Reply with exactly the single word ready.';
  await expect.poll(() => shownNotifications(page)).toEqual([
    { title, body: 'Codex is waiting for your answer.', tag: chat.sessionId, closed: false },
  ]);
  await clickFirstNotification(page);
  await setHidden(page, false);
  await expect.poll(async () => (await shownNotifications(page))[0]?.closed).toBe(true);
  await setHidden(page, true);
  await page.locator('.question').getByRole('button', { name: /^Decline/ }).first().click();
  await expect.poll(async () => (await shownNotifications(page))[1]?.body).toBe('The turn has ended.');

  await setHidden(page, false);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('group', { name: 'Notifications' }).getByRole('button', { name: 'Off' }).click();
  await expect(on).toHaveAttribute('aria-pressed', 'false');
});

test('if the Notification constructor is not allowed, the service worker shows the notification', async ({ page, context, chat, baseURL }) => {
  await context.grantPermissions(['notifications'], { origin: baseURL ?? '' });
  await stubNotifications(page);
  await page.addInitScript(() => {
    // As in browsers on Android.
    const refuse = () => {
      throw new TypeError('Illegal constructor. Use ServiceWorkerRegistration.showNotification() instead.');
    };
    const { Notification } = window as unknown as { Notification: object };
    Object.assign(window, { Notification: new Proxy(Notification, { construct: refuse }) });
  });
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) {
      await new Promise((changed) => navigator.serviceWorker.addEventListener('controllerchange', changed, { once: true }));
    }
  });
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('group', { name: 'Notifications' }).getByRole('button', { name: 'On' }).click();
  await page.keyboard.press('Escape');
  await chat.send('!standin deltas count=300 pace_us=10000');
  await expect(chat.stopButton).toBeVisible();
  await setHidden(page, true);
  const shown = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const all = await registration.getNotifications();
      return all.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
    });
  const id = chat.sessionId;
  const title = 'Reply with exactly the single word ready.';
  await expect.poll(shown).toEqual([{ title, body: 'The turn has ended.', tag: id, data: `/c/${id}` }]);
  await setHidden(page, false);
  await expect.poll(shown).toEqual([]);
});

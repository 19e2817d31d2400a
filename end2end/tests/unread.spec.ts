// What happened while one looked elsewhere, and how one is told.
import type { Locator, Page } from '@playwright/test';
import { expect, test, Chat } from './chat';
import { asked, hide, pressFirst, stubNotifications, told } from './support/notifications';

const ofSession = (page: Page, id: string): Locator =>
  page.getByRole('navigation', { name: 'Conversations' }).locator(`a[href="/c/${id}"]`);

const weight = (name: Locator) => name.evaluate((name) => Number(getComputedStyle(name).fontWeight));

test('a turn that ends elsewhere is new until one looks at it, in all tabs and after a reload', async ({
  page,
  chat,
  context,
  request,
}) => {
  await chat.startAndFinish('Reply with exactly the single word first.');
  const id = chat.sessionId;
  const own = ofSession(page, id);
  await expect(own).toBeVisible();
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

test('the list is gone through with arrow keys, one stop for each conversation', async ({ page, chat }) => {
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

test('who asked for it is told of what happens while the page is hidden', async ({ page, chat }) => {
  await stubNotifications(page);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await hide(page, true);
  await chat.say('Reply with exactly the single word quiet.');
  await chat.ended('completed', 2);
  expect([await asked(page), await told(page)]).toEqual([0, []]);

  await hide(page, false);
  await page.getByRole('button', { name: 'Settings' }).click();
  const on = page.getByRole('group', { name: 'Notifications' }).getByRole('button', { name: 'On' });
  await on.click();
  await expect(on).toHaveAttribute('aria-pressed', 'true');
  expect(await asked(page)).toBe(1);
  await page.keyboard.press('Escape');

  await chat.say('Reply with exactly the single word seen.');
  await chat.ended('completed', 3);
  expect(await told(page), 'while one looks, nothing').toEqual([]);

  await hide(page, true);
  await chat.say('!standin escalate');
  const title = 'Reply with exactly the single word ready.';
  await expect.poll(() => told(page)).toEqual([
    { title, body: 'Codex waits for your answer.', tag: chat.sessionId, closed: false },
  ]);
  await pressFirst(page);
  await hide(page, false);
  await expect.poll(async () => (await told(page))[0]?.closed).toBe(true);
  await hide(page, true);
  await page.locator('.question').getByRole('button', { name: /^Decline/ }).first().click();
  await expect.poll(async () => (await told(page))[1]?.body).toBe('The turn has ended.');

  await hide(page, false);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('group', { name: 'Notifications' }).getByRole('button', { name: 'Off' }).click();
  await expect(on).toHaveAttribute('aria-pressed', 'false');
});

test('where pages may not notify, their worker does', async ({ page, context, chat, baseURL }) => {
  await context.grantPermissions(['notifications'], { origin: baseURL ?? '' });
  await stubNotifications(page);
  await page.addInitScript(() => {
    // As on Android.
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
  await chat.say('!standin deltas count=300 pace_us=10000');
  await expect(chat.stopButton).toBeVisible();
  await hide(page, true);
  const shown = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const all = await registration.getNotifications();
      return all.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
    });
  const id = chat.sessionId;
  const title = 'Reply with exactly the single word ready.';
  await expect.poll(shown).toEqual([{ title, body: 'The turn has ended.', tag: id, data: `/c/${id}` }]);
  await hide(page, false);
  await expect.poll(shown).toEqual([]);
});

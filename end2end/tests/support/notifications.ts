// Stands for the system, which shows notifications, and for the window, which can be hidden.
import type { Page } from '@playwright/test';

export interface Told {
  title: string;
  body: string;
  tag: string;
  closed: boolean;
}

interface Stubbed {
  Notification: { asked: number };
  told: (Told & { click: () => void })[];
  hide: (now: boolean) => void;
}

/** Puts both in place of the browser's, before the page loads. */
export async function stubNotifications(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const told: { title: string; body: string; tag: string; closed: boolean }[] = [];
    class Stub {
      static permission = 'default';
      static asked = 0;
      static requestPermission() {
        Stub.asked += 1;
        Stub.permission = 'granted';
        return Promise.resolve('granted');
      }
      private readonly own;
      onclick: (() => void) | null = null;
      constructor(title: string, { body = '', tag = '' }: NotificationOptions = {}) {
        this.own = { title, body, tag, closed: false, click: () => this.onclick?.() };
        told.push(this.own);
      }
      close() {
        this.own.closed = true;
      }
    }
    let hidden = false;
    Object.defineProperty(document, 'hidden', { get: () => hidden });
    const hide = (now: boolean) => {
      hidden = now;
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    };
    Object.assign(window, { Notification: Stub, told, hide });
  });
}

/** The notifications that the page has shown. */
export const told = (page: Page): Promise<Told[]> =>
  page.evaluate(() => (window as unknown as Stubbed).told.map(({ title, body, tag, closed }) => ({ title, body, tag, closed })));

/** How often the page has asked whether it may show some. */
export const asked = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as Stubbed).Notification.asked);

/** Presses the first notification, and waits until the page has come to the front. */
export const pressFirst = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const pressed = new Promise<void>((focused) => (window.focus = () => focused()));
    (window as unknown as Stubbed).told[0]?.click();
    return pressed;
  });

export const hide = (page: Page, now: boolean): Promise<void> =>
  page.evaluate((now) => (window as unknown as Stubbed).hide(now), now);

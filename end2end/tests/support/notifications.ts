// Replaces the browser's notifications, and the visibility of the page.
import type { Page } from '@playwright/test';

export interface ShownNotification {
  title: string;
  body: string;
  tag: string;
  closed: boolean;
}

interface Stubbed {
  Notification: { permissionRequests: number };
  shown: (ShownNotification & { click: () => void })[];
  setHidden: (hidden: boolean) => void;
}

/** Installs the replacements. Takes effect when the page is loaded next. */
export async function stubNotifications(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const shown: { title: string; body: string; tag: string; closed: boolean }[] = [];
    class Stub {
      static permission = 'default';
      static permissionRequests = 0;
      static requestPermission() {
        Stub.permissionRequests += 1;
        Stub.permission = 'granted';
        return Promise.resolve('granted');
      }
      private readonly own;
      onclick: (() => void) | null = null;
      constructor(title: string, { body = '', tag = '' }: NotificationOptions = {}) {
        this.own = { title, body, tag, closed: false, click: () => this.onclick?.() };
        shown.push(this.own);
      }
      close() {
        this.own.closed = true;
      }
    }
    let isHidden = false;
    Object.defineProperty(document, 'hidden', { get: () => isHidden });
    const setHidden = (hidden: boolean) => {
      isHidden = hidden;
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    };
    Object.assign(window, { Notification: Stub, shown, setHidden });
  });
}

/** Returns the notifications that the page has shown. */
export const shownNotifications = (page: Page): Promise<ShownNotification[]> =>
  page.evaluate(() => (window as unknown as Stubbed).shown.map(({ title, body, tag, closed }) => ({ title, body, tag, closed })));

/** Returns how often the page has requested the permission. */
export const permissionRequests = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as Stubbed).Notification.permissionRequests);

/** Clicks the first notification, and waits until the page has focused its window. */
export const clickFirstNotification = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const focused = new Promise<void>((resolve) => (window.focus = () => resolve()));
    (window as unknown as Stubbed).shown[0]?.click();
    return focused;
  });

/** Hides or shows the page. */
export const setHidden = (page: Page, hidden: boolean): Promise<void> =>
  page.evaluate((hidden) => (window as unknown as Stubbed).setHidden(hidden), hidden);

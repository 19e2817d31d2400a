// The page as an installed app: manifest, icons, service worker, the page for an unreachable server.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './chat';
import { screenshot } from './gateway';
import { keepBusy } from './support/idle';

/** Waits until the service worker controls the page. */
async function waitForWorker(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) {
      await new Promise((changed) => navigator.serviceWorker.addEventListener('controllerchange', changed, { once: true }));
    }
  });
}

test('the manifest is complete, and its icons exist', async ({ page, request }) => {
  await page.goto('/');
  const href = await page.locator('link[rel=manifest]').getAttribute('href');
  // A proxy in front of the gateway may require credentials.
  await expect(page.locator('link[rel=manifest]')).toHaveAttribute('crossorigin', 'use-credentials');
  const answer = await request.get(href ?? '');
  expect(answer.headers()['content-type']).toContain('application/manifest+json');
  expect(answer.headers()['cache-control']).toBe('no-cache');
  const manifest = await answer.json();
  expect(manifest).toMatchObject({ name: 'Codex Gateway', display: 'standalone' });
  // URLs are relative to the manifest, so that it works under a path prefix.
  const at = (address: string) => new URL(address, new URL(href ?? '', page.url())).pathname;
  expect([at(manifest.start_url), at(manifest.scope)]).toEqual(['/', '/']);
  const touch = await page.locator('link[rel=apple-touch-icon]').getAttribute('href');
  const sizes = await page.evaluate(
    (sources) =>
      Promise.all(
        sources.map(async (source) => {
          const image = new Image();
          image.src = source;
          await image.decode();
          return image.naturalWidth;
        }),
      ),
    [...manifest.icons.filter((icon: { type: string }) => icon.type === 'image/png').map((icon: { src: string }) => at(icon.src)), touch],
  );
  expect(sizes).toEqual([192, 512, 180]);
  expect(manifest.icons.some((icon: { purpose: string }) => icon.purpose.includes('maskable'))).toBe(true);
  await expect(page.locator('meta[name=theme-color]')).toHaveCount(2);
});

for (const [locale, heading, retry] of [
  ['en-GB', 'The gateway cannot be reached', 'Try again'],
  ['zh-CN', '无法连接网关', '重试'],
] as const) {
  test.describe(locale, () => {
    test.use({ locale });

    test('if the server is unreachable, a reload shows a page that says so, with a way to retry', async ({ page, chat, startServer, pageErrors }) => {
      pageErrors.allow(/Failed to load resource/, /request failed/, /503/);
      const server = await startServer();
      // An idle page would load code, and report that the server is gone.
      await keepBusy(page);
      await page.goto(server.baseURL);
      await waitForWorker(page);
      await server.kill();
      await page.reload();
      await expect(page.getByRole('heading', { name: heading })).toBeVisible();
      await expect(page.getByRole('heading')).toHaveCount(1);
      await screenshot(page, `unreachable-${locale}`);
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      await startServer({ restartOf: server });
      await page.getByRole('link', { name: retry }).click();
      await expect(chat.messageField).toBeVisible();
    });
  });
}

test('the service worker caches nothing', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word kept.');
  await waitForWorker(page);
  await page.reload();
  await expect(chat.answers).toHaveText('kept');
  expect(await page.evaluate(() => caches.keys())).toEqual([]);
});

// A gateway under a path prefix, behind a proxy that removes the prefix or keeps it: all URLs stay below the prefix.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from './chat';
import { startPathProxy } from './support/path-proxy';
import { TARGET } from './support/server';

const SECRET = 'a secret of no fewer than thirty-two bytes';

function token(): string {
  const binary = path.resolve(process.env.SERVER_BIN ?? path.join(TARGET, 'debug/codex-gateway'));
  const env = { CODEX_GATEWAY_JWT_SECRET: SECRET };
  return execFileSync(binary, ['token', '--sub', 'ada'], { env, encoding: 'utf8' }).trim();
}

for (const stripPath of [true, false]) {
  test(`behind a proxy that ${stripPath ? 'removes' : 'keeps'} the path prefix, all requests stay below it`, async ({ page, chat, context, startServer, pageErrors }) => {
    // The browser reports the sign-in form, whose status is 401.
    pageErrors.allow(/Failed to load resource: .*401/);
    const server = await startServer({
      env: { CODEX_GATEWAY_BASE_PATH: '/codex', CODEX_GATEWAY_JWT_SECRET: SECRET, CODEX_GATEWAY_HOST: '127.0.0.1' },
    });
    const proxy = await startPathProxy({ port: server.port, path: '/codex', stripPath });
    try {
      // Signing in leads to the requested page, and the cookie is limited to the prefix.
      await page.goto(`${proxy.baseURL}/?x=1`);
      await page.getByLabel('Access token').fill(token());
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page).toHaveURL(`${proxy.baseURL}/?x=1`);
      const cookies = await context.cookies(`${proxy.baseURL}/`);
      expect(cookies.map(({ name, path }) => [name, path])).toEqual([['codex-gateway', '/codex']]);

      // Server functions, the event stream, and the URL of a new conversation.
      await chat.send('Reply with exactly the single word below.');
      await page.waitForURL(/\/codex\/c\/[^/]+$/);
      await chat.waitForTurn('completed');
      await expect(chat.answers).toHaveText('below');
      const conversation = page.url();

      // Links and the history work without a page load.
      await page.evaluate(() => (document.documentElement.dataset.same = 'yes'));
      await page.getByRole('link', { name: 'New chat' }).first().click();
      await expect(page).toHaveURL(`${proxy.baseURL}/`);
      await page.goBack();
      await expect(page).toHaveURL(conversation);
      await expect(chat.answers).toHaveText('below');
      await expect(page.locator('html')).toHaveAttribute('data-same', 'yes');

      // Hydration works, and preferences are stored for the prefix.
      await page.reload();
      await chat.waitUntilLive();
      await page.getByRole('button', { name: 'Settings' }).click();
      await page.getByRole('button', { name: 'Dark' }).click();
      await page.reload();
      await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
      expect((await context.cookies(`${proxy.origin}/other`)).length).toBe(0);

      // The worker and the manifest.
      const scope = await page.evaluate(async () => (await navigator.serviceWorker.ready).scope);
      expect(scope).toBe(`${proxy.baseURL}/`);
      const manifest = await page.evaluate(async () => {
        const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]')!;
        const manifest = await (await fetch(link.href)).json();
        const at = (address: string) => new URL(address, link.href).href;
        return { scope: at(manifest.scope), icon: (await fetch(at(manifest.icons[0].src))).status };
      });
      expect(manifest).toEqual({ scope: `${proxy.baseURL}/`, icon: 200 });

      // Downloads.
      const download = page.waitForEvent('download');
      await chat.messageField.fill('/export');
      await chat.messageField.press('Enter');
      expect((await download).url()).toContain(`${proxy.baseURL}/api/threads/`);

      // Signing out.
      await page.getByRole('button', { name: 'Settings' }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await expect(page.getByLabel('Access token')).toBeVisible();
      expect(new URL(page.url()).pathname).toBe('/codex/');
      expect(proxy.otherRequests.filter((url) => url !== '/favicon.ico')).toEqual([]);
    } finally {
      await page.goto('about:blank');
      await proxy.close();
    }
  });
}

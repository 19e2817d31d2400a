// Signing in and out in a browser, and the drafts that are kept meanwhile.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Chat, expect, test } from './chat';
import { screenshot, type Server } from './gateway';
import { TARGET } from './support/server';

const SECRET = 'a secret of no fewer than thirty-two bytes';

/** Creates a token, as an operator does on the command line. */
function token(sub: string, ttl = '1h'): string {
  const binary = path.resolve(process.env.SERVER_BIN ?? path.join(TARGET, 'debug/codex-gateway'));
  const env = { CODEX_GATEWAY_JWT_SECRET: SECRET };
  return execFileSync(binary, ['token', '--sub', sub, '--ttl', ttl], { env, encoding: 'utf8' }).trim();
}

const field = (chat: Chat) => chat.page.getByLabel(/^(Access token|访问令牌)$/);
const signInButton = (chat: Chat) => chat.page.getByRole('button', { name: /^(Sign in|登录)$/ });

async function signIn(chat: Chat, ttl?: string): Promise<void> {
  await field(chat).fill(token('ada', ttl));
  await signInButton(chat).click();
}

async function signOut(chat: Chat): Promise<void> {
  await chat.page.getByRole('button', { name: 'Settings' }).click();
  await chat.page.getByRole('button', { name: 'Sign out' }).click();
}

test.describe('with a secret', () => {
  let server: Server;

  test.beforeEach(async ({ startServer, pageErrors }) => {
    // The browser reports each response with status 401, including the form.
    pageErrors.allow(/Failed to load resource: .*401/, /request failed: GET .*\/events\?/);
    server = await startServer({ env: { CODEX_GATEWAY_JWT_SECRET: SECRET, CODEX_GATEWAY_HOST: '127.0.0.1' } });
  });

  // Deleting the conversations would need the cookie, so they end with the server.

  test('a valid token opens the requested page, and an invalid one is refused with a message', async ({ page, chat }) => {
    await page.goto(`${server.baseURL}/?x=1`);
    await expect(field(chat)).toBeFocused();
    await field(chat).fill('nonsense');
    await field(chat).press('Enter');
    await expect(page.getByRole('alert')).toHaveText('Invalid or expired token.');
    await expect(field(chat)).toHaveValue('');
    await signIn(chat);
    await expect(page).toHaveURL(`${server.baseURL}/?x=1`);

    await chat.send('Reply with exactly the single word ready.');
    await chat.waitForTurn('completed');
    await expect(chat.answers).toHaveText('ready');
    await page.reload();
    await chat.waitUntilLive();
    await signOut(chat);
    await expect(field(chat)).toBeVisible();
    await page.goBack();
    await expect(field(chat)).toBeVisible();
  });

  test('a draft is kept when the sign-in ends and the user signs in again', async ({ page, chat, context, pageErrors }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await chat.send('Reply with exactly the single word ready.');
    await chat.waitForTurn('completed');
    await page.waitForURL(/\/c\//);
    const address = page.url();
    await chat.messageField.fill('half written');

    // Signs out in another tab.
    const other = new Chat(await context.newPage());
    pageErrors.watch(other.page);
    await other.open(address);
    await signOut(other);
    await expect(field(other)).toBeVisible();

    const notice = page.getByRole('status').filter({ hasText: 'You’ve been signed out.' });
    await expect(notice).toBeVisible({ timeout: 15_000 });
    await expect(chat.answers).toHaveText('ready');
    await expect(chat.messageField).toHaveValue('half written');
    await expect(chat.sendButton).toBeDisabled();
    await screenshot(page, 'signed-out-desktop');
    await notice.getByRole('button', { name: 'Sign in' }).click();
    await signIn(chat);
    await expect(page).toHaveURL(address);
    await chat.waitUntilLive();
    await expect(chat.messageField).toHaveValue('half written');
  });

  test('drafts and sent messages of a user are removed when another one signs in', async ({ page, chat }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await chat.send('A message of Ada\'s');
    await page.waitForURL(/\/c\//);
    await chat.waitForTurn('completed');
    await page.goto(server.baseURL);
    await chat.messageField.fill('A draft of Ada\'s');
    await expect(chat.sendButton).toBeEnabled();
    await signOut(chat);
    await field(chat).fill(token('bob'));
    await signInButton(chat).click();
    // After hydration, nothing of Ada's is left.
    const storedKeys = () => page.evaluate(() => Object.keys(localStorage).filter((key) => /^(draft:|images-of-|sent)/.test(key)));
    await expect.poll(storedKeys).toEqual([]);
    await expect(chat.messageField).toHaveValue('');
    await chat.messageField.press('ArrowUp');
    await expect(chat.messageField).toHaveValue('');
    await chat.messageField.fill('Bob\'s own');
    await expect(chat.sendButton).toBeEnabled();
    await page.reload();
    await expect(chat.messageField).toHaveValue('Bob\'s own');
  });

  test('a message that is refused without a sign-in becomes a draft again', async ({ page, chat, context }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await chat.send('Reply with exactly the single word ready.');
    await chat.waitForTurn('completed');
    await page.waitForURL(/\/c\//);
    // The cookie is removed, but the stream is still open.
    await context.clearCookies();
    await chat.send('not sent');
    const notice = page.getByRole('status').filter({ hasText: 'You’ve been signed out.' });
    await expect(notice).toBeVisible();
    await expect(chat.messageField).toHaveValue('not sent');
    await expect(chat.userMessages).toHaveCount(1);
    await notice.getByRole('button', { name: 'Sign in' }).click();
    await signIn(chat);
    await expect(chat.messageField).toHaveValue('not sent');
    await expect(chat.sendButton).toBeEnabled();
    await chat.messageField.press('Enter');
    await chat.waitForTurn('completed', 2);
  });

  test('a first message that is refused without a sign-in becomes a draft again', async ({ page, chat, context }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await expect(chat.messageField).toBeVisible();
    await context.clearCookies();
    await chat.send('a first message');
    await expect(page.getByText('You’ve been signed out.')).toBeVisible();
    await expect(chat.messageField).toHaveValue('a first message');
    await signInButton(chat).click();
    await signIn(chat);
    await expect(chat.messageField).toHaveValue('a first message');
  });

  test('a user who follows a link from another site stays signed in', async ({ page, chat, gateway }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await expect(chat.messageField).toBeVisible();
    // For the browser, another host name is another site.
    await page.goto(gateway.baseURL.replace('127.0.0.1', 'localhost'));
    await page.evaluate((to) => {
      const link = document.createElement('a');
      link.href = to;
      document.body.append(link);
      link.click();
    }, server.baseURL);
    await expect(page).toHaveURL(`${server.baseURL}/`);
    await expect(chat.messageField).toBeVisible();
  });

  test.describe('without JavaScript', () => {
    test.use({ javaScriptEnabled: false });

    test('signing in and out works', async ({ page, chat, pageErrors }) => {
      pageErrors.allow(/request failed: GET .*\.(js|wasm): csp/);
      pageErrors.allow(/was preloaded using link preload but not used/);
      await page.goto(server.baseURL);
      await signIn(chat);
      await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
      await signOut(chat);
      await expect(field(chat)).toBeVisible();
    });
  });

  for (const [name, use] of Object.entries({
    desktop: { viewport: { width: 1440, height: 900 } },
    phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
    chinese: { viewport: { width: 390, height: 844 }, locale: 'zh-CN' },
  })) {
    test.describe(name, () => {
      test.use(use);

      test(`the sign-in form fits the screen and can be used: ${name}`, async ({ page, chat }) => {
        await page.goto(server.baseURL);
        for (const colorScheme of ['dark', 'light'] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          await screenshot(page, `sign-in-${name}-${colorScheme}`);
        }
        await field(chat).fill('nonsense');
        await signInButton(chat).click();
        await expect(page.getByRole('alert')).toBeVisible();
        await screenshot(page, `sign-in-refused-${name}-light`);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        await signIn(chat);
        await page.getByRole('button', { name: /^(Settings|设置)$/ }).click();
        await expect(page.getByRole('button', { name: /^(Sign out|退出登录)$/ })).toBeVisible();
        await screenshot(page, `sign-out-${name}-light`);
      });
    });
  }
});

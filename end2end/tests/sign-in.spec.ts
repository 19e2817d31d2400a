// Signing in with a browser: the form, the page behind it, its end, and that no word is lost on the way.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Chat, expect, test } from './chat';
import { screenshot, type Server } from './gateway';
import { TARGET } from './support/server';

const SECRET = 'a secret of no fewer than thirty-two bytes';

/** What an operator gets on the command line. */
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

  test.beforeEach(async ({ startServer, faults }) => {
    // The browser itself reports each answer that is a refusal, the form among them.
    faults.allow(/Failed to load resource: .*401/, /request failed: GET .*\/events\?/);
    server = await startServer({ env: { CODEX_GATEWAY_JWT_SECRET: SECRET, CODEX_GATEWAY_HOST: '127.0.0.1' } });
  });

  // Its own conversations need its cookie: they end with the server.

  test('a token opens the page that was asked for', async ({ page, chat }) => {
    await page.goto(`${server.baseURL}/?x=1`);
    await expect(field(chat)).toBeFocused();
    await field(chat).fill('nonsense');
    await field(chat).press('Enter');
    await expect(page.getByRole('alert')).toHaveText('This token is not valid, or not any more.');
    await expect(field(chat)).toHaveValue('');
    await signIn(chat);
    await expect(page).toHaveURL(`${server.baseURL}/?x=1`);

    await chat.say('Reply with exactly the single word ready.');
    await chat.ended('completed');
    await expect(chat.answers).toHaveText('ready');
    await page.reload();
    await chat.isLive();
    await signOut(chat);
    await expect(field(chat)).toBeVisible();
    await page.goBack();
    await expect(field(chat)).toBeVisible();
  });

  test('what one has written survives the end of a sign-in', async ({ page, chat, context, faults }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await chat.say('Reply with exactly the single word ready.');
    await chat.ended('completed');
    await page.waitForURL(/\/c\//);
    const address = page.url();
    await chat.message.fill('half written');

    // Signed out in another tab.
    const other = new Chat(await context.newPage());
    faults.watch(other.page);
    await other.open(address);
    await signOut(other);
    await expect(field(other)).toBeVisible();

    const notice = page.getByRole('status').filter({ hasText: 'Your sign-in has ended.' });
    await expect(notice).toBeVisible({ timeout: 15_000 });
    await expect(chat.answers).toHaveText('ready');
    await expect(chat.message).toHaveValue('half written');
    await expect(chat.sendButton).toBeDisabled();
    await screenshot(page, 'signed-out-desktop');
    await notice.getByRole('button', { name: 'Sign in' }).click();
    await signIn(chat);
    await expect(page).toHaveURL(address);
    await chat.isLive();
    await expect(chat.message).toHaveValue('half written');
  });

  test('nobody finds what another one has written', async ({ page, chat }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await chat.say('A message of Ada\'s');
    await page.waitForURL(/\/c\//);
    await chat.ended('completed');
    await page.goto(server.baseURL);
    await chat.message.fill('A draft of Ada\'s');
    await expect(chat.sendButton).toBeEnabled();
    await signOut(chat);
    await field(chat).fill(token('bob'));
    await signInButton(chat).click();
    // Once the page is alive, nothing of hers is left.
    const kept = () => page.evaluate(() => Object.keys(localStorage).filter((key) => /^(draft:|images-of-|sent)/.test(key)));
    await expect.poll(kept).toEqual([]);
    await expect(chat.message).toHaveValue('');
    await chat.message.press('ArrowUp');
    await expect(chat.message).toHaveValue('');
    await chat.message.fill('Bob\'s own');
    await expect(chat.sendButton).toBeEnabled();
    await page.reload();
    await expect(chat.message).toHaveValue('Bob\'s own');
  });

  test('a message that is refused becomes a draft again', async ({ page, chat, context }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await chat.say('Reply with exactly the single word ready.');
    await chat.ended('completed');
    await page.waitForURL(/\/c\//);
    // The cookie is gone, and the stream does not know it yet.
    await context.clearCookies();
    await chat.say('not sent');
    const notice = page.getByRole('status').filter({ hasText: 'Your sign-in has ended.' });
    await expect(notice).toBeVisible();
    await expect(chat.message).toHaveValue('not sent');
    await expect(chat.said).toHaveCount(1);
    await notice.getByRole('button', { name: 'Sign in' }).click();
    await signIn(chat);
    await expect(chat.message).toHaveValue('not sent');
    await expect(chat.sendButton).toBeEnabled();
    await chat.message.press('Enter');
    await chat.ended('completed', 2);
  });

  test('so does a first one', async ({ page, chat, context }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await expect(chat.message).toBeVisible();
    await context.clearCookies();
    await chat.say('a first message');
    await expect(page.getByText('Your sign-in has ended.')).toBeVisible();
    await expect(chat.message).toHaveValue('a first message');
    await signInButton(chat).click();
    await signIn(chat);
    await expect(chat.message).toHaveValue('a first message');
  });

  test('who follows a link of another site is signed in already', async ({ page, chat, gateway }) => {
    await page.goto(server.baseURL);
    await signIn(chat);
    await expect(chat.message).toBeVisible();
    // Another host for the browser, and so another site.
    await page.goto(gateway.baseURL.replace('127.0.0.1', 'localhost'));
    await page.evaluate((to) => {
      const link = document.createElement('a');
      link.href = to;
      document.body.append(link);
      link.click();
    }, server.baseURL);
    await expect(page).toHaveURL(`${server.baseURL}/`);
    await expect(chat.message).toBeVisible();
  });

  test.describe('without JavaScript', () => {
    test.use({ javaScriptEnabled: false });

    test('one signs in and out as well', async ({ page, chat, faults }) => {
      faults.allow(/request failed: GET .*\.(js|wasm): csp/);
      faults.allow(/was preloaded using link preload but not used/);
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

      test(`the form looks like the rest of it: ${name}`, async ({ page, chat }) => {
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

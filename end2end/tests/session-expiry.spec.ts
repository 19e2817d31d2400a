// When a session expires, its conversation continues in the thread, and the draft is kept.
import type { APIRequestContext } from '@playwright/test';
import { expect, test, type Chat, type Server } from './chat';

const READY = 'Reply with exactly the single word ready.';
const SHORT_TTL = { CODEX_GATEWAY_SESSION_TTL_MS: '4000', CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS: '100' };

/** Waits until no session is left. Lists them, because reading a session would reset its idle time. */
async function waitUntilExpired(request: APIRequestContext, server: Server): Promise<void> {
  const left = async () => (await (await request.get(`${server.baseURL}/api/sessions`)).json()).sessions.length;
  await expect.poll(left, { timeout: 15_000 }).toBe(0);
}

/** Expects the conversation and the draft on the page of the thread, and sends the draft in a new session. */
async function expectContinues(chat: Chat, expiredSession: string): Promise<void> {
  await expect(chat.page).toHaveURL(/\/t\/[^/]+$/);
  await expect(chat.answers).toHaveText(['ready']);
  await expect(chat.messageField).toHaveValue('Reply with exactly the single word more.');
  await expect(chat.sendButton).toBeEnabled();
  await chat.messageField.press('Enter');
  await chat.page.waitForURL(/\/c\/[^/]+$/);
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers).toHaveText(['ready', 'more']);
  await expect(chat.messageField).toHaveValue('');
  expect(chat.sessionId).not.toBe(expiredSession);
}

test.beforeEach(({ pageErrors }) => {
  pageErrors.allow(/Failed to load resource: net::ERR_/, /request failed: (GET|POST) /);
  pageErrors.allow(/status of 404/);
});

test('a page that was offline when its session expired continues in the thread, with the draft', async ({ page, chat, context, request, startServer }) => {
  const server = await startServer({ env: SHORT_TTL });
  await chat.startAndFinish(READY, `${server.baseURL}/`);
  const expiredSession = chat.sessionId;
  await context.setOffline(true);
  await chat.messageField.fill('Reply with exactly the single word more.');
  await waitUntilExpired(request, server);
  await context.setOffline(false);
  await expect(page.getByText('The session expired')).toBeVisible();
  await expectContinues(chat, expiredSession);
  await page.goto('about:blank');
});

test('a page that was open when its session expired continues in the thread, with the draft', async ({ page, chat, request, startServer }) => {
  const server = await startServer({ env: SHORT_TTL });
  await chat.startAndFinish(READY, `${server.baseURL}/`);
  const expiredSession = chat.sessionId;
  await chat.messageField.fill('Reply with exactly the single word more.');
  await waitUntilExpired(request, server);
  await expectContinues(chat, expiredSession);
  await page.goto('about:blank');
});

test('the URL of an expired session redirects to its thread, with the draft', async ({ page, chat, request, startServer }) => {
  const server = await startServer({ env: SHORT_TTL });
  await chat.startAndFinish(READY, `${server.baseURL}/`);
  const expiredSession = chat.sessionId;
  const address = page.url();
  await chat.messageField.fill('Reply with exactly the single word more.');
  await page.goto('about:blank');
  await waitUntilExpired(request, server);
  await page.goto(address);
  await expectContinues(chat, expiredSession);

  // After the thread was deleted, the URL is a 404.
  const { threadId } = (await (await request.get(`${server.baseURL}/api/sessions/${chat.sessionId}/snapshot`)).json()).transcript;
  await request.delete(`${server.baseURL}/api/threads/${threadId}`);
  expect((await page.goto(address))?.status()).toBe(404);
  await page.goto('about:blank');
});

test('a message sent before the page knows that its session has expired starts a new session', async ({ page, chat, request, startServer }) => {
  const server = await startServer({ env: SHORT_TTL });
  await chat.startAndFinish(READY, `${server.baseURL}/`);
  const expiredSession = chat.sessionId;
  // The page receives no events.
  await page.route('**/api/**', () => undefined);
  await page.reload();
  await expect(chat.answers).toHaveText(['ready']);
  await chat.messageField.fill('Reply with exactly the single word more.');
  await waitUntilExpired(request, server);
  await expect(page).toHaveURL(new RegExp(expiredSession));
  await page.unroute('**/api/**');
  await chat.messageField.press('Enter');
  await page.waitForURL((url) => url.pathname.startsWith('/c/') && !url.pathname.endsWith(expiredSession));
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers).toHaveText(['ready', 'more']);
  await page.goto('about:blank');
});

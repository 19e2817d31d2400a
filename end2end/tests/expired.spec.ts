// A session that expires: its conversation, the draft and the next message go on.
import type { APIRequestContext } from '@playwright/test';
import { expect, test, type Chat, type Server } from './chat';

const READY = 'Reply with exactly the single word ready.';
const SHORT = { CODEX_GATEWAY_SESSION_TTL_MS: '4000', CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS: '100' };

/** Waits until no session is left. To ask for one would be use of it; to list them is none. */
async function expired(request: APIRequestContext, server: Server): Promise<void> {
  const left = async () => (await (await request.get(`${server.baseURL}/api/sessions`)).json()).sessions.length;
  await expect.poll(left, { timeout: 15_000 }).toBe(0);
}

/** The conversation and the draft are there, and the draft can be sent. */
async function goesOn(chat: Chat, before: string): Promise<void> {
  await expect(chat.page).toHaveURL(/\/t\/[^/]+$/);
  await expect(chat.answers).toHaveText(['ready']);
  await expect(chat.message).toHaveValue('Reply with exactly the single word more.');
  await expect(chat.sendButton).toBeEnabled();
  await chat.message.press('Enter');
  await chat.page.waitForURL(/\/c\/[^/]+$/);
  await chat.ended('completed', 2);
  await expect(chat.answers).toHaveText(['ready', 'more']);
  await expect(chat.message).toHaveValue('');
  expect(chat.sessionId).not.toBe(before);
}

test.beforeEach(({ faults }) => {
  faults.allow(/Failed to load resource: net::ERR_/, /request failed: (GET|POST) /);
  faults.allow(/status of 404/);
});

test('a page that was offline meanwhile goes on in the thread, with the draft', async ({ page, chat, context, request, startServer }) => {
  const server = await startServer({ env: SHORT });
  await chat.startAndFinish(READY, `${server.baseURL}/`);
  const before = chat.sessionId;
  await context.setOffline(true);
  await chat.message.fill('Reply with exactly the single word more.');
  await expired(request, server);
  await context.setOffline(false);
  await expect(page.getByText('The session expired')).toBeVisible();
  await goesOn(chat, before);
  await page.goto('about:blank');
});

test('a page that is open meanwhile goes on in the thread, with the draft', async ({ page, chat, request, startServer }) => {
  const server = await startServer({ env: SHORT });
  await chat.startAndFinish(READY, `${server.baseURL}/`);
  const before = chat.sessionId;
  await chat.message.fill('Reply with exactly the single word more.');
  await expired(request, server);
  await goesOn(chat, before);
  await page.goto('about:blank');
});

test('the address of a session that has expired leads to its thread, with the draft', async ({ page, chat, request, startServer }) => {
  const server = await startServer({ env: SHORT });
  await chat.startAndFinish(READY, `${server.baseURL}/`);
  const before = chat.sessionId;
  const address = page.url();
  await chat.message.fill('Reply with exactly the single word more.');
  await page.goto('about:blank');
  await expired(request, server);
  await page.goto(address);
  await goesOn(chat, before);

  // A deleted conversation leads nowhere.
  const { threadId } = (await (await request.get(`${server.baseURL}/api/sessions/${chat.sessionId}/snapshot`)).json()).transcript;
  await request.delete(`${server.baseURL}/api/threads/${threadId}`);
  expect((await page.goto(address))?.status()).toBe(404);
  await page.goto('about:blank');
});

test('a message that is sent before the page knows that the session has expired begins another one', async ({ page, chat, request, startServer }) => {
  const server = await startServer({ env: SHORT });
  await chat.startAndFinish(READY, `${server.baseURL}/`);
  const before = chat.sessionId;
  // The page hears nothing.
  await page.route('**/api/**', () => undefined);
  await page.reload();
  await expect(chat.answers).toHaveText(['ready']);
  await chat.message.fill('Reply with exactly the single word more.');
  await expired(request, server);
  await expect(page).toHaveURL(new RegExp(before));
  await page.unroute('**/api/**');
  await chat.message.press('Enter');
  await page.waitForURL((url) => url.pathname.startsWith('/c/') && !url.pathname.endsWith(before));
  await chat.ended('completed', 2);
  await expect(chat.answers).toHaveText(['ready', 'more']);
  await page.goto('about:blank');
});

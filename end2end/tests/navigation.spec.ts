// Navigation while a request is in flight: the user stays on the new page, and nothing is lost.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

const READY = 'Reply with exactly the single word ready.';

/** Delays calls of a server function until the returned function is called, which waits for the response. */
async function delayCalls(page: Page, name: string): Promise<() => Promise<void>> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(`**/_fn/${name}`, async (route) => {
    await released;
    await route.continue();
  });
  return async () => {
    const responded = page.waitForResponse(`**/_fn/${name}`);
    release();
    await (await responded).finished();
  };
}

/** Opens a conversation from the sidebar. */
async function goTo(page: Page, address: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Conversations' }).locator(`a[href="${new URL(address).pathname}"]`).click();
  await page.waitForURL(address);
}

/** Opens the first screen. */
async function goHome(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'New chat' }).first().click();
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
}

test('a first message starts its conversation without leaving the page that was opened meanwhile, and becomes a draft if it fails', async ({ page, chat, pageErrors }) => {
  await chat.startAndFinish(READY);
  const other = page.url();
  await goHome(page);
  const release = await delayCalls(page, 'start');
  await chat.messageField.fill('Reply with exactly the single word elsewhere.');
  await expect(chat.sendButton).toBeEnabled();
  await chat.messageField.press('Enter');
  await expect(page.getByText('Starting Codex')).toBeVisible();
  await goTo(page, other);
  await chat.waitUntilLive();
  await expect(chat.userMessages).toHaveCount(1);
  const conversations = page.getByRole('navigation', { name: 'Conversations' }).locator('a[href^="/c/"]');
  const before = await conversations.count();
  await release();
  await expect(conversations).toHaveCount(before + 1);
  expect(page.url()).toBe(other);
  await expect(chat.userMessages).toHaveCount(1);
  await chat.send(READY);
  await chat.waitForTurn('completed', 2);

  // A message that could not be sent is a draft again, with the reason.
  pageErrors.allow(/Failed to load resource: .*503/);
  await page.unroute('**/_fn/start');
  let refuse = () => {};
  const refused = new Promise<void>((resolve) => (refuse = resolve));
  await page.route('**/_fn/start', async (route) => {
    await refused;
    await route.fulfill({ status: 503, json: { code: 'session_limit', message: 'All places are taken.' } });
  });
  await goHome(page);
  await chat.messageField.fill('Not now');
  await expect(chat.sendButton).toBeEnabled();
  await chat.messageField.press('Enter');
  await expect(page.getByText('Starting Codex')).toBeVisible();
  await goTo(page, other);
  const failed = page.waitForResponse('**/_fn/start');
  refuse();
  await (await failed).finished();
  await goHome(page);
  await expect(page.getByRole('alert')).toContainText('All sessions are busy');
  await expect(chat.messageField).toHaveValue('Not now');
});

test('messages and edits that arrive after navigation do not lead back to their conversation', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  const other = page.url();
  await chat.startAndFinish('Reply with exactly the single word first.');
  const own = page.url();

  const send = await delayCalls(page, 'send');
  await chat.send('Reply with exactly the single word second.');
  await goTo(page, other);
  await send();
  await expect(chat.answers).toHaveText(['ready']);
  expect(page.url()).toBe(other);

  // An edit in flight arrives too, without leading back.
  await goTo(page, own);
  await chat.waitForTurn('completed', 2);
  await chat.turns.last().getByRole('button', { name: 'Edit message' }).click();
  await page.getByRole('textbox', { name: 'Edit message' }).fill('Reply with exactly the single word edited.');
  const edit = await delayCalls(page, 'send');
  await page.keyboard.press('Enter');
  await goTo(page, other);
  await edit();
  await expect(chat.answers).toHaveText(['ready']);
  expect(page.url()).toBe(other);
  await expect(chat.messageField).toHaveValue('');
  await goTo(page, own);
  await expect(chat.answers).toHaveText(['first', 'edited']);
  await expect(chat.messageField).toHaveValue('');
});

test('an edit of a queued message that is in flight during navigation is not lost', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  const other = page.url();
  await chat.start('!standin slow-command');
  await expect(chat.stopButton).toBeVisible();
  const own = page.url();
  await chat.send('Reply with exactly the single word queued.');
  const queued = page.getByRole('region', { name: 'Queued' });
  await expect(queued).toContainText('word queued');
  await queued.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edit', exact: true }).fill('Reply with exactly the single word changed.');
  const change = await delayCalls(page, 'queue');
  await page.keyboard.press('Enter');
  await goTo(page, other);
  await change();
  await expect(chat.answers).toHaveText(['ready']);
  await goTo(page, own);
  await expect(queued).toContainText('word changed');
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
});

test('threads without a session have separate drafts', async ({ page, chat, request }) => {
  const threads: string[] = [];
  for (const word of ['amber', 'beryl']) {
    await chat.startAndFinish(`Reply with exactly the single word ${word}.`);
    const snapshot = await (await request.get(`/api/sessions/${chat.sessionId}/snapshot`)).json();
    threads.push(snapshot.transcript.threadId);
    const session = chat.sessionId;
    await page.goto('about:blank');
    await request.delete(`/api/sessions/${session}`);
  }
  const [amber, beryl] = threads;
  await page.goto(`/t/${amber}`);
  await expect(chat.connection).toHaveAttribute('data-state', 'closed');
  await chat.messageField.fill('For amber alone');
  await page.goto(`/t/${beryl}`);
  await expect(chat.connection).toHaveAttribute('data-state', 'closed');
  await expect(chat.messageField).toHaveValue('');
  await page.goto(`/t/${amber}`);
  await expect(chat.messageField).toHaveValue('For amber alone');
});

test('highlighting that arrives after navigation causes no error', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  const other = page.url();
  // More blocks than one request asks for: the rest would be requested after navigation.
  const texts = Array.from({ length: 20 }, () => 'text').join(', ');
  const highlight = await delayCalls(page, 'highlight');
  const requested = page.waitForRequest('**/_fn/highlight');
  await chat.start(`!standin ${texts}`);
  await chat.waitForTurn('completed');
  await requested;
  await goTo(page, other);
  // An error in the page would fail the test.
  await highlight();
  await chat.send(READY);
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers).toHaveText(['ready', 'ready']);
});

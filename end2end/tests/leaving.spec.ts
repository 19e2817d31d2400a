// The reader goes to another page while something is under way: they stay there, and nothing of theirs is lost.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

const READY = 'Reply with exactly the single word ready.';

/** Holds the calls of a server function up, until it is told to let them through; then it waits for the answer. */
async function hold(page: Page, name: string): Promise<() => Promise<void>> {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(`**/_fn/${name}`, async (route) => {
    await held;
    await route.continue();
  });
  return async () => {
    const answered = page.waitForResponse(`**/_fn/${name}`);
    release();
    await (await answered).finished();
  };
}

/** Follows a link of the list. */
async function goTo(page: Page, address: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Conversations' }).locator(`a[href="${new URL(address).pathname}"]`).click();
  await page.waitForURL(address);
}

async function toHome(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'New chat' }).first().click();
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
}

test('a first message is its own conversation\'s, wherever one is meanwhile', async ({ page, chat, faults }) => {
  await chat.startAndFinish(READY);
  const other = page.url();
  await toHome(page);
  const release = await hold(page, 'start');
  await chat.message.fill('Reply with exactly the single word elsewhere.');
  await expect(chat.sendButton).toBeEnabled();
  await chat.message.press('Enter');
  await expect(page.getByText('Starting Codex')).toBeVisible();
  await goTo(page, other);
  await chat.isLive();
  await expect(chat.said).toHaveCount(1);
  const made = page.getByRole('navigation', { name: 'Conversations' }).locator('a[href^="/c/"]');
  const before = await made.count();
  await release();
  await expect(made).toHaveCount(before + 1);
  expect(page.url()).toBe(other);
  await expect(chat.said).toHaveCount(1);
  await chat.say(READY);
  await chat.ended('completed', 2);

  // One that could not be sent is a draft, and whoever comes back learns why.
  faults.allow(/Failed to load resource: .*503/);
  await page.unroute('**/_fn/start');
  let refuse = () => {};
  const refused = new Promise<void>((resolve) => (refuse = resolve));
  await page.route('**/_fn/start', async (route) => {
    await refused;
    await route.fulfill({ status: 503, json: { code: 'session_limit', message: 'All places are taken.' } });
  });
  await toHome(page);
  await chat.message.fill('Not now');
  await expect(chat.sendButton).toBeEnabled();
  await chat.message.press('Enter');
  await expect(page.getByText('Starting Codex')).toBeVisible();
  await goTo(page, other);
  const failed = page.waitForResponse('**/_fn/start');
  refuse();
  await (await failed).finished();
  await toHome(page);
  await expect(page.getByRole('alert')).toContainText('All sessions are busy');
  await expect(chat.message).toHaveValue('Not now');
});

test('who has left a conversation is not pulled back by what was done in it', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  const other = page.url();
  await chat.startAndFinish('Reply with exactly the single word first.');
  const own = page.url();

  const send = await hold(page, 'send');
  await chat.say('Reply with exactly the single word second.');
  await goTo(page, other);
  await send();
  await expect(chat.answers).toHaveText(['ready']);
  expect(page.url()).toBe(other);

  // An edit that is on its way arrives, and is not pulled back to either.
  await goTo(page, own);
  await chat.ended('completed', 2);
  await chat.turns.last().getByRole('button', { name: 'Edit message' }).click();
  await page.getByRole('textbox', { name: 'Edit message' }).fill('Reply with exactly the single word edited.');
  const edit = await hold(page, 'send');
  await page.keyboard.press('Enter');
  await goTo(page, other);
  await edit();
  await expect(chat.answers).toHaveText(['ready']);
  expect(page.url()).toBe(other);
  await expect(chat.message).toHaveValue('');
  await goTo(page, own);
  await expect(chat.answers).toHaveText(['first', 'edited']);
  await expect(chat.message).toHaveValue('');
});

test('a change of a message in the queue is not lost on the way', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  const other = page.url();
  await chat.start('!standin slow-command');
  await expect(chat.stopButton).toBeVisible();
  const own = page.url();
  await chat.say('Reply with exactly the single word queued.');
  const queued = page.getByRole('region', { name: 'Next' });
  await expect(queued).toContainText('word queued');
  await queued.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edit', exact: true }).fill('Reply with exactly the single word changed.');
  const change = await hold(page, 'queue');
  await page.keyboard.press('Enter');
  await goTo(page, other);
  await change();
  await expect(chat.answers).toHaveText(['ready']);
  await goTo(page, own);
  await expect(queued).toContainText('word changed');
  await chat.stopButton.click();
  await chat.ended('interrupted');
});

test('each thread that no session is in has its own draft', async ({ page, chat, request }) => {
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
  await chat.message.fill('For amber alone');
  await page.goto(`/t/${beryl}`);
  await expect(chat.connection).toHaveAttribute('data-state', 'closed');
  await expect(chat.message).toHaveValue('');
  await page.goto(`/t/${amber}`);
  await expect(chat.message).toHaveValue('For amber alone');
});

test('colours that were asked for by a page that is gone do no harm', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  const other = page.url();
  // More blocks than the server is asked for at once: the rest is asked for when the page is gone.
  const texts = Array.from({ length: 20 }, () => 'text').join(', ');
  const highlight = await hold(page, 'highlight');
  const asked = page.waitForRequest('**/_fn/highlight');
  await chat.start(`!standin ${texts}`);
  await chat.ended('completed');
  await asked;
  await goTo(page, other);
  // What is left of it is asked for no more; a fault in the page would be told by the page itself.
  await highlight();
  await chat.say(READY);
  await chat.ended('completed', 2);
  await expect(chat.answers).toHaveText(['ready', 'ready']);
});

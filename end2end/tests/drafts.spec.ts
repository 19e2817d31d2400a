// Drafts and messages that could not be sent are never lost.
import { expect, test } from './chat';

const READY = 'Reply with exactly the single word ready.';

test('a draft persists over a reload, on the first screen and in a conversation', async ({ page, chat }) => {
  await page.goto('/');
  await chat.messageField.fill('a task');
  await expect(chat.sendButton).toBeEnabled();
  await chat.messageField.pressSequentially(' half written');
  await page.reload();
  await expect(chat.messageField).toHaveValue('a task half written');
  await expect(chat.sendButton).toBeEnabled();

  await chat.startAndFinish(READY);
  await chat.messageField.pressSequentially('a reply, half written');
  await page.reload();
  await expect(chat.messageField).toHaveValue('a reply, half written');

  // The conversation's draft is not shown on the first screen, and neither is the message that was sent.
  await page.goto('/');
  await chat.messageField.fill('x');
  await expect(chat.sendButton).toBeEnabled();
  await expect(chat.messageField).toHaveValue('x');
});

test('a sent message is not restored as a draft', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  await chat.send('Reply with exactly the single word more.');
  await chat.waitForTurn('completed', 2);
  await page.reload();
  await chat.waitUntilLive();
  await expect(chat.messageField).toHaveValue('');
  await page.goto('/');
  await expect(chat.messageField).toBeFocused();
  await expect(chat.messageField).toHaveValue('');
});

test('a message is queued if another client starts a turn before it arrives', async ({ page, chat, request }) => {
  await chat.startAndFinish(READY);
  // Another client starts a turn while the message is in flight.
  await page.route('**/_fn/send', async (route) => {
    const prompt = '!standin slow-command';
    await request.post(`/api/sessions/${chat.sessionId}/turn`, { data: { prompt } });
    await route.continue();
  });
  await chat.send('Reply with exactly the single word mine.');
  const waiting = page.getByRole('region', { name: 'Queued' });
  await expect(waiting).toContainText('the single word mine');
  await page.unroute('**/_fn/send');

  await chat.stopButton.click();
  await chat.waitForTurn('interrupted', 2);
  await waiting.getByRole('button', { name: 'Send now' }).click();
  await chat.waitForTurn('completed', 3);
  await expect(chat.answers.last()).toHaveText('mine');
  await expect(waiting).toBeHidden();
});

test('a message that could not be sent stays in the conversation, and Retry sends it once', async ({ page, chat, pageErrors }) => {
  pageErrors.allow(/Failed to load resource: net::ERR_FAILED/, /request failed: POST .*\/_fn\/send/);
  await chat.startAndFinish(READY);
  let attempts = 0;
  await page.route('**/_fn/send', async (route) => {
    attempts += 1;
    await (attempts === 1 ? route.abort() : route.continue());
  });
  await chat.send('Reply with exactly the single word late.');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Not sent · The gateway cannot be reached.');
  await expect(alert.getByRole('button')).toHaveCount(1);

  await alert.getByRole('button', { name: 'Retry' }).click();
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers).toHaveText(['ready', 'late']);
  await expect(chat.userMessages).toHaveCount(2);
  await expect(alert).toBeHidden();
  expect(attempts).toBe(2);
  // It was stored as a draft until it arrived, and is not any more.
  await page.reload();
  await chat.waitUntilLive();
  await expect(chat.messageField).toHaveValue('');
});

test('a first message that could not be sent stays in the composer', async ({ page, chat, pageErrors }) => {
  pageErrors.allow(/Failed to load resource: net::ERR_FAILED/, /request failed: POST .*\/_fn\/start/);
  await page.route('**/_fn/start', (route) => route.abort(), { times: 1 });
  await page.goto('/');
  await chat.send(READY);
  await expect(page.getByRole('alert')).toContainText('The conversation could not be started');
  await expect(chat.messageField).toHaveValue(READY);
  await expect(chat.sendButton).toBeEnabled();
  await chat.messageField.press('Enter');
  await expect(chat.answers).toHaveText('ready', { timeout: 10_000 });
});

test('text typed before hydration stays in the composer if its sending fails', async ({ page, chat, pageErrors }) => {
  pageErrors.allow(/Failed to load resource: net::ERR_FAILED/, /request failed: POST .*\/_fn\/start/);
  await page.route('**/_fn/start', (route) => route.abort(), { times: 1 });
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/*.wasm', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto('/', { waitUntil: 'commit' });
  await chat.messageField.fill(READY);
  release();
  await expect(chat.sendButton).toBeEnabled({ timeout: 10_000 });
  await chat.messageField.press('Enter');
  await expect(page.getByRole('alert')).toContainText('The conversation could not be started');
  await expect(chat.messageField).toHaveValue(READY);
});

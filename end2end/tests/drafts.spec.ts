// What one writes is never lost.
import { expect, test } from './chat';

const READY = 'Reply with exactly the single word ready.';

test('a draft survives a reload, on the first screen and in a conversation', async ({ page, chat }) => {
  await page.goto('/');
  await chat.message.fill('a task');
  await expect(chat.sendButton).toBeEnabled();
  await chat.message.pressSequentially(' half written');
  await page.reload();
  await expect(chat.message).toHaveValue('a task half written');
  await expect(chat.sendButton).toBeEnabled();

  await chat.startAndFinish(READY);
  await chat.message.pressSequentially('a reply, half written');
  await page.reload();
  await expect(chat.message).toHaveValue('a reply, half written');

  // Each conversation has its own, and one that was sent is gone.
  await page.goto('/');
  await chat.message.fill('x');
  await expect(chat.sendButton).toBeEnabled();
  await expect(chat.message).toHaveValue('x');
});

test('a draft that was sent does not come back', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  await chat.say('Reply with exactly the single word more.');
  await chat.ended('completed', 2);
  await page.reload();
  await chat.isLive();
  await expect(chat.message).toHaveValue('');
  await page.goto('/');
  await expect(chat.message).toBeFocused();
  await expect(chat.message).toHaveValue('');
});

test('a turn that somebody else began does not cost the message', async ({ page, chat, request }) => {
  await chat.startAndFinish(READY);
  // The message is on its way when another client begins a turn.
  await page.route('**/_fn/send', async (route) => {
    const prompt = '!standin slow-command';
    await request.post(`/api/sessions/${chat.sessionId}/turn`, { data: { prompt } });
    await route.continue();
  });
  await chat.say('Reply with exactly the single word mine.');
  const waiting = page.getByRole('region', { name: 'Next' });
  await expect(waiting).toContainText('the single word mine');
  await page.unroute('**/_fn/send');

  await chat.stopButton.click();
  await chat.ended('interrupted', 2);
  await waiting.getByRole('button', { name: 'Send now' }).click();
  await chat.ended('completed', 3);
  await expect(chat.answers.last()).toHaveText('mine');
  await expect(waiting).toBeHidden();
});

test('a message that could not be sent stays, and Retry sends it once', async ({ page, chat, faults }) => {
  faults.allow(/Failed to load resource: net::ERR_FAILED/, /request failed: POST .*\/_fn\/send/);
  await chat.startAndFinish(READY);
  let attempts = 0;
  await page.route('**/_fn/send', async (route) => {
    attempts += 1;
    await (attempts === 1 ? route.abort() : route.continue());
  });
  await chat.say('Reply with exactly the single word late.');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Not sent · The gateway cannot be reached.');
  await expect(alert.getByRole('button')).toHaveCount(1);

  await alert.getByRole('button', { name: 'Retry' }).click();
  await chat.ended('completed', 2);
  await expect(chat.answers).toHaveText(['ready', 'late']);
  await expect(chat.said).toHaveCount(2);
  await expect(alert).toBeHidden();
  expect(attempts).toBe(2);
  // It was the draft until it arrived.
  await page.reload();
  await chat.isLive();
  await expect(chat.message).toHaveValue('');
});

test('a first message that could not be sent stays in the composer', async ({ page, chat, faults }) => {
  faults.allow(/Failed to load resource: net::ERR_FAILED/, /request failed: POST .*\/_fn\/start/);
  await page.route('**/_fn/start', (route) => route.abort(), { times: 1 });
  await page.goto('/');
  await chat.say(READY);
  await expect(page.getByRole('alert')).toContainText('The conversation could not be started');
  await expect(chat.message).toHaveValue(READY);
  await expect(chat.sendButton).toBeEnabled();
  await chat.message.press('Enter');
  await expect(chat.answers).toHaveText('ready', { timeout: 10_000 });
});

test('what was written before the page came alive is kept as well', async ({ page, chat, faults }) => {
  faults.allow(/Failed to load resource: net::ERR_FAILED/, /request failed: POST .*\/_fn\/start/);
  await page.route('**/_fn/start', (route) => route.abort(), { times: 1 });
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/*.wasm', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/', { waitUntil: 'commit' });
  await chat.message.fill(READY);
  release();
  await expect(chat.sendButton).toBeEnabled({ timeout: 10_000 });
  await chat.message.press('Enter');
  await expect(page.getByRole('alert')).toContainText('The conversation could not be started');
  await expect(chat.message).toHaveValue(READY);
});

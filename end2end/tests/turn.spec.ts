// A message and its answer.
import { expect, test } from './chat';

const QUICK_CHECK = 'Reply with exactly the single word ready. Do not call tools.';

test('a first message gets an answer, at a URL of its own', async ({ page, chat }) => {
  await page.goto('/');
  await chat.send(QUICK_CHECK);
  await expect(chat.answers).toHaveText('ready', { timeout: 10_000 });
  await expect(page).toHaveURL(/\/c\/[^/]+$/);
  await expect(chat.userMessages).toHaveText(QUICK_CHECK);
  await expect(chat.messageField).toHaveValue('');
  await chat.waitForTurn('completed');

  await chat.send('Reply with exactly the single word again.');
  await expect(chat.answers).toHaveText(['ready', 'again']);
  await expect(chat.userMessages).toHaveCount(2);
});

test('a first message is shown before the server has answered', async ({ page, chat }) => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/_fn/start', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto('/');
  await chat.send(QUICK_CHECK);
  await expect(page.locator('[data-kind=user]')).toHaveText(QUICK_CHECK);
  await expect(page.getByText('Starting Codex…')).toBeVisible();
  release();
  await expect(chat.answers).toHaveText('ready', { timeout: 10_000 });
  await expect(chat.userMessages).toHaveCount(1);
});

test('a further message is shown before the server has answered, and only once', async ({ page, chat }) => {
  await chat.startAndFinish(QUICK_CHECK);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/_fn/send', async (route) => {
    await released;
    await route.continue();
  });
  await chat.send('Reply with exactly the single word more.');
  await expect(chat.userMessages).toHaveCount(2);
  await expect(chat.turns).toHaveCount(1);
  release();
  await chat.waitForTurn('completed', 2);
  await expect(chat.userMessages).toHaveCount(2);
});

test('Shift Enter inserts a line break', async ({ page, chat }) => {
  await page.goto('/');
  await chat.messageField.fill('Reply with exactly');
  await expect(chat.sendButton).toBeEnabled();
  await chat.messageField.press('Shift+Enter');
  await chat.messageField.pressSequentially('the single word two.');
  await expect(chat.messageField).toHaveValue('Reply with exactly\nthe single word two.');
  await expect(page).toHaveURL(/\/$/);
});

test('a click on a suggestion of the demo sends it', async ({ page, chat }) => {
  await page.goto('/');
  // Waits for hydration: an earlier click would be lost.
  await chat.messageField.fill('x');
  await expect(chat.sendButton).toBeEnabled();
  await page.getByRole('button', { name: 'Run a command and tell me what it prints' }).click();
  await expect(chat.userMessages).toHaveText('Run a command and tell me what it prints');
  await expect(chat.step(/^Running/)).toBeVisible({ timeout: 10_000 });
});

test('the suggestion of a long answer produces one', async ({ page, chat }) => {
  await page.goto('/');
  await chat.messageField.fill('x');
  await expect(chat.sendButton).toBeEnabled();
  await page.getByRole('button', { name: 'Write a long answer' }).click();
  await expect(chat.answers.getByRole('heading', { name: 'A long text' })).toBeVisible({ timeout: 10_000 });
});

test('a conversation is listed on the first screen, and can be opened there', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word found.');
  await page.getByRole('link', { name: 'New chat' }).click();
  const recent = page.getByRole('main').getByRole('link', { name: /Reply with exactly the single word found/ });
  await expect(recent).toBeVisible();
  await recent.click();
  await expect(chat.answers).toHaveText('found');
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
});

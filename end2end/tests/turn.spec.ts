// One question, one answer.
import { expect, test } from './chat';

const QUICK_CHECK = 'Reply with exactly the single word ready. Do not call tools.';

test('type, Enter: the answer comes at an address of its own', async ({ page, chat }) => {
  await page.goto('/');
  await chat.say(QUICK_CHECK);
  await expect(chat.answers).toHaveText('ready', { timeout: 10_000 });
  await expect(page).toHaveURL(/\/c\/[^/]+$/);
  await expect(chat.said).toHaveText(QUICK_CHECK);
  await expect(chat.message).toHaveValue('');
  await chat.ended('completed');

  await chat.say('Reply with exactly the single word again.');
  await expect(chat.answers).toHaveText(['ready', 'again']);
  await expect(chat.said).toHaveCount(2);
});

test('a first message shows at once, before the server has answered', async ({ page, chat }) => {
  let answer = () => {};
  const told = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/_fn/start', async (route) => {
    await told;
    await route.continue();
  });
  await page.goto('/');
  await chat.say(QUICK_CHECK);
  await expect(page.locator('[data-kind=user]')).toHaveText(QUICK_CHECK);
  await expect(page.getByText('Starting Codex…')).toBeVisible();
  answer();
  await expect(chat.answers).toHaveText('ready', { timeout: 10_000 });
  await expect(chat.said).toHaveCount(1);
});

test('a further message shows at once, and once only', async ({ page, chat }) => {
  await chat.startAndFinish(QUICK_CHECK);
  let answer = () => {};
  const told = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/_fn/send', async (route) => {
    await told;
    await route.continue();
  });
  await chat.say('Reply with exactly the single word more.');
  await expect(chat.said).toHaveCount(2);
  await expect(chat.turns).toHaveCount(1);
  answer();
  await chat.ended('completed', 2);
  await expect(chat.said).toHaveCount(2);
});

test('Shift Enter breaks the line', async ({ page, chat }) => {
  await page.goto('/');
  await chat.message.fill('Reply with exactly');
  await expect(chat.sendButton).toBeEnabled();
  await chat.message.press('Shift+Enter');
  await chat.message.pressSequentially('the single word two.');
  await expect(chat.message).toHaveValue('Reply with exactly\nthe single word two.');
  await expect(page).toHaveURL(/\/$/);
});

test('a suggestion of the demo runs with one click', async ({ page, chat }) => {
  await page.goto('/');
  // Once alive; before that the click would be lost.
  await chat.message.fill('x');
  await expect(chat.sendButton).toBeEnabled();
  await page.getByRole('button', { name: 'Run a command and tell me what it prints' }).click();
  await expect(chat.said).toHaveText('Run a command and tell me what it prints');
  await expect(chat.step(/^Running/)).toBeVisible({ timeout: 10_000 });
});

test('the suggestion of a long answer brings one', async ({ page, chat }) => {
  await page.goto('/');
  await chat.message.fill('x');
  await expect(chat.sendButton).toBeEnabled();
  await page.getByRole('button', { name: 'Write a long answer' }).click();
  await expect(chat.answers.getByRole('heading', { name: 'A long text' })).toBeVisible({ timeout: 10_000 });
});

test('the conversation is found again on the first screen', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word found.');
  await page.getByRole('link', { name: 'New chat' }).click();
  const recent = page.getByRole('main').getByRole('link', { name: /Reply with exactly the single word found/ });
  await expect(recent).toBeVisible();
  await recent.click();
  await expect(chat.answers).toHaveText('found');
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
});

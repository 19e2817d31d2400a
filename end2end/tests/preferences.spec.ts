// Theme and language: the choice is stored, and rendered by the server.
import { expect, test } from './chat';

test('the chosen theme persists over a reload, and is in the server-rendered page', async ({ page, context, chat }) => {
  await page.goto('/');
  await chat.messageField.fill('x');
  await expect(chat.sendButton).toBeEnabled();
  const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Dark' }).click();
  await expect(page.getByRole('button', { name: 'Dark' })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(dark).not.toBe(light);

  const html = await (await context.request.get('/')).text();
  expect(html).toMatch(/<html[^>]*data-theme="dark"/);
  await page.reload();
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(dark);
});

test('without a choice, the theme follows the system', async ({ page }) => {
  const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/');
  const dark = await colour();
  await page.emulateMedia({ colorScheme: 'light' });
  expect(await colour()).not.toBe(dark);
});

test('the chosen language applies at once, and is in the server-rendered page', async ({ page, context, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await chat.messageField.pressSequentially('a draft');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: '中文' }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', /^zh/);
  await expect(page.getByRole('textbox', { name: '消息' })).toHaveValue('a draft');
  await expect(chat.answers).toHaveText('ready');

  const html = await (await context.request.get('/')).text();
  expect(html).toMatch(/<html[^>]*lang="zh/);
  expect(html).toContain('想让 Codex 做什么？');
  expect(html).not.toContain('What should Codex do?');
});

test.describe('in a browser that prefers Chinese', () => {
  test.use({ locale: 'zh-CN' });

  test('the page is Chinese', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByRole('heading', { name: '想让 Codex 做什么？' })).toBeVisible();
  });
});

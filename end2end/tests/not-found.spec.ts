// Unknown conversations and invalid URLs.
import { expect, test } from './chat';

test('an unknown conversation is a 404 page with a link to a new chat', async ({ page, pageErrors }) => {
  pageErrors.allow(/console error: Failed to load resource: the server responded with a status of 404/);
  const answer = await page.goto('/c/nonsense');
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole('heading', { name: 'Conversation not found' })).toBeVisible();
  await expect(page.getByRole('main').getByRole('link')).toHaveCount(1);
  await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);

  await page.getByRole('main').getByRole('link', { name: 'New chat' }).click();
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
  await expect(page).toHaveURL(/\/$/);
});

test('invalid URLs are 404 pages, and their content is not executed', async ({ page, request, pageErrors }) => {
  pageErrors.allow(/status of 404/);
  for (const path of ['/c/', '/c/a/b', '/c/%00', '/c/..%2f..%2fetc', `/c/${'x'.repeat(4000)}`]) {
    const answer = await request.get(path);
    expect(answer.status(), path).toBe(404);
  }
  await page.goto('/c/%3Cscript%3Ewindow.__pwned=1%3C%2Fscript%3E');
  expect(await page.evaluate(() => '__pwned' in window)).toBe(false);
});

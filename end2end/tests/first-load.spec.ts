// The first load of the page, with and without JavaScript.
import { expect, test } from './chat';
import { keepBusy } from './support/idle';
import { layoutShift, watchLayoutShift } from './support/layout';

test('the first screen shows workspace, model, permissions and demo mode', async ({ page, gateway }) => {
  await page.goto('/');
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await expect(page.getByText(gateway.workspace)).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Model' })).toHaveValue(/\S/);
  const access = page.getByRole('combobox', { name: 'What Codex may do' });
  await expect(access.locator('option:checked')).toHaveText('Can edit this folder · asks first');
  await expect(page.getByText('Replies here are scripted, not from a model.')).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  // The browser blocks the scripts of the page, and reports that as failed requests.
  test.beforeEach(({ pageErrors }) => pageErrors.allow(/request failed: GET .*\.(js|wasm): csp/));

  test('the first screen is readable', async ({ page, gateway }) => {
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
    await expect(page.getByText(gateway.workspace)).toBeVisible();
    const access = page.getByRole('combobox', { name: 'What Codex may do' });
    await expect(access.locator('option:checked')).toHaveText('Can edit this folder · asks first');
  });

  test('a conversation is readable', async ({ page, request }) => {
    const { sessionId } = await (await request.post('/api/sessions')).json();
    const prompt = 'Reply with exactly the single word ready. Do not call tools.';
    expect((await request.post(`/api/sessions/${sessionId}/turn`, { data: { prompt } })).ok()).toBe(true);
    const status = async () => {
      const { state } = await (await request.get(`/api/sessions/${sessionId}/state`)).json();
      return state.lastTurnStatus;
    };
    await expect.poll(status).toBe('completed');

    await page.goto(`/c/${sessionId}`);
    await expect(page.locator('[data-kind=user]')).toHaveText(prompt);
    await expect(page.locator('[data-kind=answer]')).toHaveText('ready');
    await request.delete(`/api/sessions/${sessionId}`);
  });
});

test('browser files have content-hashed URLs and are cached as immutable', async ({ page }) => {
  await keepBusy(page);
  const files = new Map<string, string>();
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith('/pkg/')) files.set(pathname, response.headers()['cache-control'] ?? '');
  });
  await page.goto('/');
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeFocused();
  expect([...files.keys()].map((path) => path.split('.').pop()).sort()).toEqual(['css', 'js', 'wasm']);
  for (const [path, cacheControl] of files) {
    expect(path).toMatch(/^\/pkg\/[0-9a-f]{16}\//);
    expect(cacheControl).toBe('public, max-age=31536000, immutable');
  }
  const [path] = [...files.keys()];
  const otherHash = await page.request.get(String(path).replace(/[0-9a-f]{16}/, '0'.repeat(16)));
  expect(otherHash.status(), 'the URL with another hash').toBe(404);
});

test('hydration causes no layout shift', async ({ page, chat }) => {
  await watchLayoutShift(page);
  await page.goto('/');
  await chat.messageField.fill('ready?');
  await expect(chat.sendButton).toBeEnabled();
  expect(await layoutShift(page)).toBeLessThan(0.02);

  await chat.startAndFinish('!standin reasoning, plan, text');
  await page.reload();
  await chat.waitUntilLive();
  expect(await layoutShift(page)).toBeLessThan(0.02);
});

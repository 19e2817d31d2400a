// The first screen, from the first byte on.
import { expect, test } from './chat';
import { layoutShift, watchLayoutShift } from './support/layout';

test('the first screen says what one works with', async ({ page, gateway }) => {
  await page.goto('/');
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await expect(page.getByText(gateway.workspace)).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Model' })).toHaveValue(/\S/);
  await expect(page.getByText('Can edit this folder')).toBeVisible();
  await expect(page.getByText('A stand-in answers here, not a language model.')).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  // The scripts that the page asks for are not loaded then; the browser calls that a failure.
  test.beforeEach(({ faults }) => faults.allow(/request failed: GET .*\.(js|wasm): csp/));

  test('the first screen can be read', async ({ page, gateway }) => {
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
    await expect(page.getByText(gateway.workspace)).toBeVisible();
    await expect(page.getByText('Can edit this folder')).toBeVisible();
  });

  test('a conversation can be read', async ({ page, request }) => {
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

test('nothing moves when the page comes alive', async ({ page, chat }) => {
  await watchLayoutShift(page);
  await page.goto('/');
  await chat.message.fill('ready?');
  await expect(chat.sendButton).toBeEnabled();
  expect(await layoutShift(page)).toBeLessThan(0.02);

  await chat.startAndFinish('!standin reasoning, plan, text');
  await page.reload();
  await chat.isLive();
  expect(await layoutShift(page)).toBeLessThan(0.02);
});

// The page without JavaScript, and with a WASM module that cannot be loaded.
import { expect, test } from './chat';

test('without JavaScript, the page says what it needs', async ({ browser, gateway }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(gateway.baseURL);
  const line = page.locator('.no-script');
  await expect(line).toBeVisible();
  await expect(line).toContainText('Codex Gateway needs JavaScript and WebAssembly');
  await context.close();
});

test('if the WASM module cannot be loaded, the page says so after ten seconds, with a link to reload', async ({ page, gateway, pageErrors }) => {
  pageErrors.allow(/Failed to load resource/, /request failed/, /preload/);
  await page.route('**/*.wasm', (route) => route.abort());
  await page.goto(gateway.baseURL);
  const line = page.locator('.not-started');
  await expect(line).toBeVisible({ timeout: 15_000 });
  await expect(line).toContainText('has not started');
  await expect(line.locator('code')).toContainText('Error');
  await page.unroute('**/*.wasm');
  await line.getByRole('link', { name: 'Reload' }).click();
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await expect(line).toHaveCount(0, { timeout: 10_000 });
});

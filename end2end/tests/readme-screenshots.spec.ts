// The screenshots of the README, in target/screenshots.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test as base } from './chat';
import { screenshot, type Server } from './gateway';

/** A gateway whose workspace has a short path. */
const test = base.extend<{ readmeGateway: Server }>({
  readmeGateway: async ({ startServer }, use) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'gateway-'));
    const workspace = path.join(directory, 'notes');
    mkdirSync(workspace);
    await use(await startServer({ env: { CODEX_GATEWAY_CWD: workspace } }));
    rmSync(directory, { recursive: true, force: true });
  },
});

test.describe('on a laptop', () => {
  test.use({ viewport: { width: 1280, height: 1040 }, colorScheme: 'light' });

  test('screenshot of a turn with its work expanded', async ({ page, chat, readmeGateway }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await chat.startAndFinish('Show me what you can do', readmeGateway.baseURL);
    await chat.workToggle.click();
    await chat.step(/^Edited/).click();
    await chat.log.evaluate((log) => log.parentElement?.scrollTo(0, log.scrollHeight));
    await expect(page.getByRole('button', { name: 'Go to the newest message' })).toBeHidden();
    await chat.messageField.focus();
    await screenshot(page, 'readme-chat');
  });
});

test.describe('on a phone in dark mode', () => {
  test.use({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' });

  test('screenshot of a command execution', async ({ page, chat, readmeGateway }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await chat.startAndFinish('Run a command and tell me what it prints', readmeGateway.baseURL);
    await chat.workToggle.click();
    await chat.step(/^Ran/).click();
    await expect(chat.log.getByText('step 6 of 6')).toBeVisible();
    // Without the hover state of the last tap.
    await page.mouse.move(0, 0);
    await screenshot(page, 'readme-phone-dark');
  });
});

// The pictures of the README, in target/screenshots.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test as base } from './chat';
import { screenshot, type Server } from './gateway';

/** A gateway whose workspace has a name that one likes to read. */
const test = base.extend<{ tidy: Server }>({
  tidy: async ({ startServer }, use) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'gateway-'));
    const workspace = path.join(directory, 'notes');
    mkdirSync(workspace);
    await use(await startServer({ env: { CODEX_GATEWAY_CWD: workspace } }));
    rmSync(directory, { recursive: true, force: true });
  },
});

test.describe('a laptop', () => {
  test.use({ viewport: { width: 1280, height: 1040 }, colorScheme: 'light' });

  test('a turn with its work', async ({ page, chat, tidy }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await chat.startAndFinish('Show me what you can do', tidy.baseURL);
    await chat.fold.click();
    await chat.step(/^Edited/).click();
    await chat.log.evaluate((log) => log.parentElement?.scrollTo(0, log.scrollHeight));
    await expect(page.getByRole('button', { name: 'Go to the newest message' })).toBeHidden();
    await chat.message.focus();
    await screenshot(page, 'readme-chat');
  });
});

test.describe('a phone at night', () => {
  test.use({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' });

  test('a command that was run', async ({ page, chat, tidy }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await chat.startAndFinish('Run a command and tell me what it prints', tidy.baseURL);
    await chat.fold.click();
    await chat.step(/^Ran/).click();
    await expect(chat.log.getByText('step 6 of 6')).toBeVisible();
    // Without the mark that a finger leaves.
    await page.mouse.move(0, 0);
    await screenshot(page, 'readme-phone-dark');
  });
});

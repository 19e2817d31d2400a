// HTML and scripts in messages, answers and URLs are displayed as text.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

const HOSTILE = [
  '<script>window.__pwned = "script"</script>',
  '<img src=x onerror="window.__pwned = 1">',
  '</code></pre><svg onload="window.__pwned = 2">',
  '</script><script>window.__pwned = 3</script>',
  '[a link](javascript:window.__pwned=4)',
  '<a href="javascript:window.__pwned=5">another</a>',
  '![an image](https://127.0.0.1:1/pixel.png)',
  '{{constructor.constructor("window.__pwned = 6")()}}',
];

async function expectNotExecuted(page: Page): Promise<void> {
  expect(await page.evaluate(() => '__pwned' in window)).toBe(false);
  await expect(page.locator('a[href^="javascript" i], main img, main script, main [onerror], main [onload]')).toHaveCount(0);
}

test('HTML in messages and answers is displayed as text, live and server-rendered', async ({ page, chat }) => {
  await chat.startAndFinish(HOSTILE.join('\n'));
  for (const how of ['live', 'rendered']) {
    await test.step(how, async () => {
      for (const line of HOSTILE) {
        await expect(chat.userMessages).toContainText(line);
        await expect(chat.answers.last()).toContainText(line);
      }
      await expectNotExecuted(page);
    });
    await page.reload();
    await chat.waitUntilLive();
  }
  // Titles too.
  await page.goto('/');
  await expect(page.getByRole('main').getByRole('link', { name: /<script>window/ })).toBeVisible();
  await expectNotExecuted(page);
});

test('HTML in an answer outside of code is displayed as text', async ({ page, chat }) => {
  // The stand-in model repeats a word exactly. It can contain anything but spaces.
  const words = ['<img/src=x/onerror=window.__pwned=1>', '[x](javascript:window.__pwned=2)', '<svg/onload=window.__pwned=3>'];
  for (const [turn, word] of words.entries()) {
    const prompt = `Reply with exactly the single word ${word}`;
    await (turn === 0 ? chat.start(prompt) : chat.send(prompt));
    await chat.waitForTurn('completed', turn + 1);
    await expect(chat.answers.last()).toContainText('__pwned');
    await expectNotExecuted(page);
  }
  await page.reload();
  await chat.waitUntilLive();
  await expect(chat.answers).toHaveCount(words.length);
  await expectNotExecuted(page);
});

test('scripts in the URL are not executed', async ({ page }) => {
  await page.goto('/?x=<script>window.__pwned=1</script>#<img src=x onerror=window.__pwned=2>');
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await expectNotExecuted(page);
});

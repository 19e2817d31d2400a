// Whatever is said, by whom ever, is text.
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

async function isHarmless(page: Page): Promise<void> {
  expect(await page.evaluate(() => '__pwned' in window)).toBe(false);
  await expect(page.locator('a[href^="javascript" i], main img, main script, main [onerror], main [onload]')).toHaveCount(0);
}

test('what one says, quoted by the model, is text: live, and as the server renders it', async ({ page, chat }) => {
  await chat.startAndFinish(HOSTILE.join('\n'));
  for (const how of ['live', 'rendered']) {
    await test.step(how, async () => {
      for (const line of HOSTILE) {
        await expect(chat.said).toContainText(line);
        await expect(chat.answers.last()).toContainText(line);
      }
      await isHarmless(page);
    });
    await page.reload();
    await chat.isLive();
  }
  // Where titles are shown, too.
  await page.goto('/');
  await expect(page.getByRole('main').getByRole('link', { name: /<script>window/ })).toBeVisible();
  await isHarmless(page);
});

test('what the model says outside of code is text', async ({ page, chat }) => {
  // A single word may be of anything but spaces, and is said as it is.
  const words = ['<img/src=x/onerror=window.__pwned=1>', '[x](javascript:window.__pwned=2)', '<svg/onload=window.__pwned=3>'];
  for (const [turn, word] of words.entries()) {
    const prompt = `Reply with exactly the single word ${word}`;
    await (turn === 0 ? chat.start(prompt) : chat.say(prompt));
    await chat.ended('completed', turn + 1);
    await expect(chat.answers.last()).toContainText('__pwned');
    await isHarmless(page);
  }
  await page.reload();
  await chat.isLive();
  await expect(chat.answers).toHaveCount(words.length);
  await isHarmless(page);
});

test('a model name, a path: nothing from the address runs', async ({ page }) => {
  await page.goto('/?x=<script>window.__pwned=1</script>#<img src=x onerror=window.__pwned=2>');
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await isHarmless(page);
});

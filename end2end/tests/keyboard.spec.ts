// By keyboard alone.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

/** Presses Tab until what has the focus is called so; what came before it. */
async function tabTo(page: Page, name: RegExp, key = 'Tab'): Promise<string[]> {
  const passed: string[] = [];
  // Each conversation in the list is a stop.
  for (let presses = 0; presses < 200; presses += 1) {
    await page.keyboard.press(key);
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return { name: '', seen: true };
      const style = getComputedStyle(element);
      const ring = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0;
      const label = element.getAttribute('aria-label') ?? element.textContent ?? '';
      // A text area shows its focus by its caret and its frame.
      return { name: label.trim(), seen: ring || element.tagName === 'TEXTAREA' };
    });
    expect(focused.seen, `focus is visible on ${focused.name}`).toBe(true);
    if (name.test(focused.name)) return passed;
    passed.push(focused.name);
  }
  throw new Error(`${name} is not reached by ${key}; passed ${passed.join(', ')}`);
}

test('from a cold page to an answer and its work', async ({ page, chat }) => {
  await page.goto('/');
  await expect(chat.message).toBeFocused();
  await page.keyboard.type('!standin reasoning, command, text');
  await expect(chat.sendButton).toBeEnabled();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/c\//);
  await chat.ended('completed');

  await expect(chat.message).toBeFocused();
  await tabTo(page, /^Worked/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(chat.fold).toHaveAttribute('aria-expanded', 'true');
  await tabTo(page, /^Ran/);
  await page.keyboard.press('Space');
  await expect(chat.log.getByText('step 6 of 6')).toBeVisible();
  await tabTo(page, /^Copy$/);
});

test('the model, the settings and a new conversation are reached', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await tabTo(page, /^Model/);
  const model = page.getByRole('combobox', { name: 'Model' });
  const before = await model.inputValue();
  await page.keyboard.press('ArrowDown');
  await expect(model).not.toHaveValue(before);

  await tabTo(page, /^Settings/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await tabTo(page, /^Dark/);
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Dark' })).toBeHidden();

  await tabTo(page, /^New chat/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
  await expect(chat.message).toBeFocused();
});

test('a failed turn is tried again', async ({ page, chat }) => {
  await chat.start('!standin fail status=400');
  await chat.ended('failed');
  await tabTo(page, /^Retry/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await chat.ended('failed', 2);
});

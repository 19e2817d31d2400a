// Everything can be done by keyboard.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

/** Presses Tab until an element of that name has the focus. Returns the names of the elements before it. */
async function tabTo(page: Page, name: RegExp, key = 'Tab'): Promise<string[]> {
  const passed: string[] = [];
  // Each conversation in the list is a tab stop.
  for (let presses = 0; presses < 200; presses += 1) {
    await page.keyboard.press(key);
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return { name: '', visible: true };
      const style = getComputedStyle(element);
      const ring = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0;
      const label = element.getAttribute('aria-label') ?? element.textContent ?? '';
      // A text area shows the focus by its caret and its frame.
      return { name: label.trim(), visible: ring || element.tagName === 'TEXTAREA' };
    });
    expect(focused.visible, `focus is visible on ${focused.name}`).toBe(true);
    if (name.test(focused.name)) return passed;
    passed.push(focused.name);
  }
  throw new Error(`${name} cannot be reached by ${key}; passed ${passed.join(', ')}`);
}

test('a message is sent, and the work and code of its answer are reached by keyboard', async ({ page, chat }) => {
  await page.goto('/');
  await expect(chat.messageField).toBeFocused();
  await page.keyboard.type('!standin reasoning, command, text');
  await expect(chat.sendButton).toBeEnabled();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/c\//);
  await chat.waitForTurn('completed');

  await expect(chat.messageField).toBeFocused();
  await tabTo(page, /^Worked/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(chat.workToggle).toHaveAttribute('aria-expanded', 'true');
  await tabTo(page, /^Ran/);
  await page.keyboard.press('Space');
  await expect(chat.log.getByText('step 6 of 6')).toBeVisible();
  await tabTo(page, /^Copy$/);
});

test('model, settings and a new conversation are reached by keyboard', async ({ page, chat }) => {
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
  await expect(chat.messageField).toBeFocused();
});

test('a failed turn is retried by keyboard', async ({ page, chat }) => {
  await chat.start('!standin fail status=400');
  await chat.waitForTurn('failed');
  await tabTo(page, /^Retry/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await chat.waitForTurn('failed', 2);
});

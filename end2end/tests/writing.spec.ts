// Writing on: undo, Enter on glass, long texts, what is dropped, and drafts in a browser that stores nothing.
import type { Page } from '@playwright/test';
import { expect, test, type Chat } from './chat';

const word = (word: string) => `Reply with exactly the single word ${word}.`;

const refusal = (page: Page) => page.locator('.composer > .why');
/** A PNG of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Drops a file on an element, as far as a page can do that to itself; returns `true` if the page took the event over. */
function drop(page: Page, selector: string, files: { name: string; type: string }[]): Promise<boolean> {
  return page.locator(selector).first().evaluate((element, { files, pixel }) => {
    const dataTransfer = new DataTransfer();
    const content = Uint8Array.from(atob(pixel), (character) => character.charCodeAt(0));
    for (const { name, type } of files) dataTransfer.items.add(new File([content], name, { type }));
    const fire = (kind: string) => element.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
    fire('dragover');
    return !fire('drop');
  }, { files, pixel: PIXEL });
}

async function isAlive(chat: Chat): Promise<void> {
  await chat.page.goto('/');
  await chat.message.fill('x');
  await expect(chat.sendButton).toBeEnabled({ timeout: 10_000 });
  await chat.message.fill('');
}

test('undo brings back what a suggestion, a recalled message and a key changed', async ({ page, chat }) => {
  await chat.startAndFinish(word('first'));
  await chat.message.press('ArrowUp');
  await expect(chat.message).toHaveValue(word('first'));
  await chat.message.press('End');
  await chat.message.pressSequentially(' Now');
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  await expect(chat.message).toHaveValue('');

  await chat.message.pressSequentially('/re');
  await expect(page.getByRole('option', { name: /\/rename/ })).toBeVisible();
  await page.getByRole('option', { name: /\/rename/ }).click();
  await expect(chat.message).toHaveValue('/rename ');
  await page.keyboard.press('Control+z');
  await expect(chat.message).not.toHaveValue('/rename ');
});

test('the key that is pressed in a long text is there at once', async ({ page, chat }) => {
  await isAlive(chat);
  const text = `${'A line that stands for many others.\n'.repeat(8_500)}end`;
  await chat.message.evaluate((area: HTMLTextAreaElement, text) => {
    area.focus();
    area.value = text;
    area.setSelectionRange(text.length, text.length);
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, text);
  // The copy that holds the field's place has a part of it.
  const mirrored = await page.locator('.composer .grow').getAttribute('data-value');
  expect(mirrored!.length).toBeLessThan(10_000);
  await chat.message.press('!');
  await expect(chat.message).toHaveValue(`${text}!`);
  await page.reload();
  await expect(chat.message).toHaveValue(`${text}!`);
  await chat.message.fill('');
});

test('a prompt that is longer than Codex takes stays in the field, and the limit is said', async ({ page, chat }) => {
  await isAlive(chat);
  const length = 1_048_577;
  await chat.message.evaluate((area: HTMLTextAreaElement, length) => {
    area.value = 'a'.repeat(length);
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, length);
  await chat.sendButton.click();
  await expect(refusal(page)).toContainText(/1048577 characters of 1048576/);
  expect(await chat.message.evaluate((area: HTMLTextAreaElement) => area.value.length)).toBe(length);
  await chat.message.fill('');
  await expect(refusal(page)).toHaveCount(0);
});

test('what is dropped anywhere is taken or refused in words, and never opened', async ({ page, chat }) => {
  await isAlive(chat);
  for (const place of ['.sidebar', 'main', '.composer textarea']) {
    expect(await drop(page, place, [{ name: 'data.csv', type: 'text/csv' }])).toBe(true);
    await expect(refusal(page)).toContainText('data.csv');
    await chat.message.pressSequentially('x');
    await expect(refusal(page)).toHaveCount(0);
  }
  const many = Array.from({ length: 9 }, (_, n) => ({ name: `${n}.png`, type: 'image/png' }));
  expect(await drop(page, 'main', many)).toBe(true);
  await expect(page.locator('.composer .images li')).toHaveCount(8);
  await expect(refusal(page)).toContainText('8 images');
});

test('a full storage never brings an old draft back', async ({ page, chat }) => {
  await isAlive(chat);
  await chat.message.fill('an old draft');
  await page.evaluate(() => {
    const real = Storage.prototype.setItem;
    Storage.prototype.setItem = function (key, value) {
      if (key.startsWith('draft:')) throw new DOMException('full', 'QuotaExceededError');
      real.call(this, key, value);
    };
  });
  await chat.message.fill('what is written now');
  await page.reload();
  await expect(chat.message).not.toHaveValue('an old draft');
});

test.describe('on glass', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 800 } });

  test('Enter starts a line, a button sends, and a setting changes it', async ({ page, chat }) => {
    await isAlive(chat);
    await expect(chat.message).toHaveAttribute('enterkeyhint', 'enter');
    await chat.message.pressSequentially('one');
    await chat.message.press('Enter');
    await chat.message.pressSequentially('two');
    await expect(chat.message).toHaveValue('one\ntwo');

    await page.keyboard.press('Control+k');
    await page.keyboard.type('Enter sends');
    await page.keyboard.press('Enter');
    await expect(chat.message).toHaveAttribute('enterkeyhint', 'send');
    await chat.message.fill(word('sent'));
    await chat.message.press('Enter');
    await page.waitForURL(/\/c\/[^/]+$/);
    await chat.ended('completed');
  });
});

test('a request is declined with words about what to do instead', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await chat.asked();
  const box = page.locator('.question');
  await box.getByRole('button', { name: /^Decline and tell Codex/ }).click();
  const field = box.getByRole('textbox', { name: 'What should Codex do instead?' });
  await expect(field).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(field).toHaveCount(0);
  await expect(box).toBeVisible();
  await box.getByRole('button', { name: /^Decline and tell Codex/ }).click();
  await field.fill(word('instead'));
  await page.keyboard.press('Enter');
  await expect(box).toBeHidden();
  await chat.ended('completed');
  await expect(chat.turns).toHaveCount(1);
  await expect(chat.said.last()).toContainText('instead');
  await expect(chat.answers.last()).toHaveText('instead');
});

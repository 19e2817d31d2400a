// Text input in the composer: undo, Enter on touch screens, long texts, dropped files, drafts without storage.
import type { Page } from '@playwright/test';
import { expect, test, type Chat } from './chat';

const replyWith = (word: string) => `Reply with exactly the single word ${word}.`;

/** The message that says why an attachment or a text is rejected. */
const rejection = (page: Page) => page.locator('.composer > .error');
/** A PNG of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Drops files on an element with synthetic events. Returns `true` if the page handled the drop. */
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

/** Opens the first screen and waits for hydration. */
async function openFirstScreen(chat: Chat): Promise<void> {
  await chat.page.goto('/');
  await chat.messageField.fill('x');
  await expect(chat.sendButton).toBeEnabled({ timeout: 10_000 });
  await chat.messageField.fill('');
}

test('undo reverts a recalled message, typed text and a chosen suggestion', async ({ page, chat }) => {
  await chat.startAndFinish(replyWith('first'));
  await chat.messageField.press('ArrowUp');
  await expect(chat.messageField).toHaveValue(replyWith('first'));
  await chat.messageField.press('End');
  await chat.messageField.pressSequentially(' Now');
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  await expect(chat.messageField).toHaveValue('');

  await chat.messageField.pressSequentially('/re');
  await expect(page.getByRole('option', { name: /\/rename/ })).toBeVisible();
  await page.getByRole('option', { name: /\/rename/ }).click();
  await expect(chat.messageField).toHaveValue('/rename ');
  await page.keyboard.press('Control+z');
  await expect(chat.messageField).not.toHaveValue('/rename ');
});

test('typing in a long text does not copy all of it for the layout, and the draft is stored', async ({ page, chat }) => {
  await openFirstScreen(chat);
  const text = `${'A line that stands for many others.\n'.repeat(8_500)}end`;
  await chat.messageField.evaluate((area: HTMLTextAreaElement, text) => {
    area.focus();
    area.value = text;
    area.setSelectionRange(text.length, text.length);
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, text);
  // The hidden copy that determines the field's height contains only a part of the text.
  const mirrored = await page.locator('.composer .auto-grow').getAttribute('data-value');
  expect(mirrored!.length).toBeLessThan(10_000);
  await chat.messageField.press('!');
  await expect(chat.messageField).toHaveValue(`${text}!`);
  await page.reload();
  await expect(chat.messageField).toHaveValue(`${text}!`);
  await chat.messageField.fill('');
});

test('a prompt over the limit of Codex stays in the field, with a message that names the limit', async ({ page, chat }) => {
  await openFirstScreen(chat);
  const length = 1_048_577;
  await chat.messageField.evaluate((area: HTMLTextAreaElement, length) => {
    area.value = 'a'.repeat(length);
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, length);
  // The browser lays a million characters out first.
  await chat.sendButton.click({ timeout: 30_000 });
  await expect(rejection(page)).toContainText(/1048577 characters of 1048576/);
  expect(await chat.messageField.evaluate((area: HTMLTextAreaElement) => area.value.length)).toBe(length);
  await chat.messageField.fill('');
  await expect(rejection(page)).toHaveCount(0);
});

test('files dropped anywhere are attached or rejected with a reason, and never opened by the browser', async ({ page, chat }) => {
  await openFirstScreen(chat);
  for (const target of ['.sidebar', 'main', '.composer textarea']) {
    expect(await drop(page, target, [{ name: 'data.csv', type: 'text/csv' }])).toBe(true);
    await expect(rejection(page)).toContainText('data.csv');
    await chat.messageField.pressSequentially('x');
    await expect(rejection(page)).toHaveCount(0);
  }
  const many = Array.from({ length: 9 }, (_, n) => ({ name: `${n}.png`, type: 'image/png' }));
  expect(await drop(page, 'main', many)).toBe(true);
  await expect(page.locator('.composer .images li')).toHaveCount(8);
  await expect(rejection(page)).toContainText('8 images');
});

test('if the storage is full, an old draft is not restored', async ({ page, chat }) => {
  await openFirstScreen(chat);
  await chat.messageField.fill('an old draft');
  await page.evaluate(() => {
    const original = Storage.prototype.setItem;
    Storage.prototype.setItem = function (key, value) {
      if (key.startsWith('draft:')) throw new DOMException('full', 'QuotaExceededError');
      original.call(this, key, value);
    };
  });
  await chat.messageField.fill('what is written now');
  await page.reload();
  await expect(chat.messageField).not.toHaveValue('an old draft');
});

test.describe('on a touch screen', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 800 } });

  test('Enter inserts a line break, unless the setting makes it send', async ({ page, chat }) => {
    await openFirstScreen(chat);
    await expect(chat.messageField).toHaveAttribute('enterkeyhint', 'enter');
    await chat.messageField.pressSequentially('one');
    await chat.messageField.press('Enter');
    await chat.messageField.pressSequentially('two');
    await expect(chat.messageField).toHaveValue('one\ntwo');

    await page.keyboard.press('Control+k');
    await page.keyboard.type('Enter sends');
    await page.keyboard.press('Enter');
    await expect(chat.messageField).toHaveAttribute('enterkeyhint', 'send');
    await chat.messageField.fill(replyWith('sent'));
    await chat.messageField.press('Enter');
    await page.waitForURL(/\/c\/[^/]+$/);
    await chat.waitForTurn('completed');
  });
});

test('a request can be declined with a message about what to do instead', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await chat.waitUntilAnswerable();
  const box = page.locator('.question');
  await box.getByRole('button', { name: /^Decline and tell Codex/ }).click();
  const field = box.getByRole('textbox', { name: 'What should Codex do instead?' });
  await expect(field).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(field).toHaveCount(0);
  await expect(box).toBeVisible();
  await box.getByRole('button', { name: /^Decline and tell Codex/ }).click();
  await field.fill(replyWith('instead'));
  await page.keyboard.press('Enter');
  await expect(box).toBeHidden();
  await chat.waitForTurn('completed');
  await expect(chat.turns).toHaveCount(1);
  await expect(chat.userMessages.last()).toContainText('instead');
  await expect(chat.answers.last()).toHaveText('instead');
});

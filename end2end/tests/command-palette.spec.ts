// The command palette, and keyboard shortcuts.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './chat';

const palette = (page: Page): Locator => page.getByRole('dialog', { name: 'Command palette' });
const options = (page: Page): Locator => palette(page).getByRole('option');

async function expectNoViolations(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }
}

async function open(page: Page): Promise<void> {
  await page.keyboard.press('ControlOrMeta+k');
  await expect(palette(page).getByRole('combobox')).toBeFocused();
}

test('a conversation without a session is found by its title and opened', async ({ page, chat, request }) => {
  await chat.startAndFinish('Reply with exactly the single word quokka.');
  const session = chat.sessionId;
  await page.goto('/');
  await expect(chat.messageField).toBeFocused();
  await request.delete(`/api/sessions/${session}`);
  await open(page);
  await page.keyboard.type('quokka');
  await expect(options(page)).toHaveText([/single word quokka/]);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/t\/[^/]+$/);
  await expect(chat.answers).toHaveText('quokka');
  await expect(palette(page)).toBeHidden();
});

test('commands are chosen by arrow keys, by typing and by their shortcuts', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await open(page);
  await expect(options(page).first()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.type('theme');
  await expect(options(page)).toHaveText(['Use system theme', 'Use light theme', 'Use dark theme']);
  await page.keyboard.press('ArrowUp');
  await expect(options(page).last()).toHaveAttribute('aria-selected', 'true');
  const active = await palette(page).getByRole('combobox').getAttribute('aria-activedescendant');
  expect(await options(page).last().getAttribute('id')).toBe(active);
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');

  await open(page);
  await page.keyboard.type('search this');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('search').getByRole('textbox')).toBeFocused();
  await page.keyboard.press('Escape');

  await page.keyboard.press('ControlOrMeta+Shift+o');
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
  await open(page);
  await page.keyboard.type('stop');
  await expect(palette(page)).toContainText('Nothing found');
  await page.keyboard.press('Escape');
  await expect(palette(page)).toBeHidden();
  await expect(chat.messageField).toBeFocused();
});

test('Ctrl K directly after a choice opens the palette anew', async ({ page, chat }) => {
  await page.goto('/');
  await expect(chat.messageField).toBeFocused();
  await open(page);
  for (const theme of ['dark', 'light', 'dark']) {
    await page.keyboard.type(`${theme} theme`);
    await expect(options(page)).toHaveCount(1);
    // The browser reports the end of the dialog in the next frame only.
    await page.evaluate(() => {
      const press = (target: EventTarget, init: KeyboardEventInit) =>
        target.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }));
      press(document.activeElement!, { key: 'Enter' });
      press(document.body, { key: 'k', ctrlKey: true });
    });
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await expect(palette(page).getByRole('combobox')).toBeFocused();
    await expect(palette(page).getByRole('combobox')).toHaveValue('');
    expect(await options(page).count()).toBeGreaterThan(4);
  }
});

test('Stop in the palette stops the turn, and Esc closes the palette without stopping it', async ({ page, chat }) => {
  await chat.start('!standin slow-command');
  await expect(chat.statusLine).toContainText('sleep 25', { timeout: 15_000 });
  await open(page);
  await page.keyboard.press('Escape');
  await expect(palette(page)).toBeHidden();
  await expect(chat.stopButton).toBeVisible();
  await open(page);
  await page.keyboard.type('stop');
  await page.keyboard.press('Enter');
  await chat.waitForTurn('interrupted');
});

test('the sidebar stays hidden or shown over a reload', async ({ page, chat }) => {
  await page.goto('/');
  const sidebar = page.getByRole('navigation', { name: 'Conversations' });
  await expect(chat.messageField).toBeFocused();
  await expect(sidebar).toBeVisible();
  await page.keyboard.press('ControlOrMeta+b');
  await expect(sidebar).toBeHidden();
  await page.reload();
  await expect(sidebar).toBeHidden();
  await page.getByRole('button', { name: 'Conversations' }).click();
  await expect(sidebar).toBeVisible();
  await page.reload();
  await expect(sidebar).toBeVisible();
});

test('? lists all shortcuts, except in a text field', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await chat.messageField.press('?');
  await expect(chat.messageField).toHaveValue('?');
  const keys = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(keys).toBeHidden();
  await page.getByRole('log').click();
  await chat.messageField.blur();
  await page.keyboard.press('?');
  await expect(keys).toMatchAriaSnapshot(`
    - dialog "Keyboard shortcuts":
      - heading "Keyboard shortcuts" [level=2]
      - button "Close"
      - term: Search this conversation
      - definition: Ctrl F
      - term: Toggle the details panel
      - definition: Ctrl .
      - term: Command palette
      - definition: Ctrl K
      - term: New chat
      - definition: Ctrl Shift O
      - term: Toggle the sidebar
      - definition: Ctrl B
      - term: Keyboard shortcuts
      - definition: "?"
      - term: Send the message
      - definition: Enter
  `);
  await expectNoViolations(page);
  await keys.getByRole('button', { name: 'Close' }).click();
  await expect(keys).toBeHidden();
});

test('commands are found by synonyms and slash commands, in groups', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await open(page);
  await expect(palette(page).getByRole('group').first()).toHaveAccessibleName('This conversation');
  await page.keyboard.type('duplicate');
  await expect(options(page)).toHaveText([/^Fork this conversation/]);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('/comp');
  await expect(options(page)).toHaveText([/^Compact/]);
});

test('the palette has no axe violations and the expected accessibility tree', async ({ page, chat }) => {
  await page.goto('/');
  await expect(chat.messageField).toBeFocused();
  await open(page);
  await page.keyboard.type('theme');
  await expect(options(page)).toHaveCount(3);
  await expectNoViolations(page);
  await expect(palette(page)).toMatchAriaSnapshot(`
    - dialog "Command palette":
      - combobox "Command palette" [expanded]
      - listbox "Command palette":
        - group "Settings":
          - paragraph: Settings
          - option "Use system theme" [selected]
          - option "Use light theme"
          - option "Use dark theme"
  `);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });

  test('options of the palette are at least 44 px high', async ({ page, chat }) => {
    await page.goto('/');
    await chat.messageField.fill('x');
    await expect(chat.sendButton).toBeEnabled();
    await page.getByRole('button', { name: 'Conversations' }).tap();
    await page.getByRole('button', { name: 'Command palette' }).tap();
    const sizes = await options(page).evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().height)));
    expect(sizes.length).toBeGreaterThan(4);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(44);
    await options(page).filter({ hasText: 'Use dark theme' }).tap();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await expect(chat.messageField).toBeVisible();
  });
});

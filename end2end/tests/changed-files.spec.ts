// The files that a turn has changed: their list, their diffs, comments on lines.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, type Chat } from './chat';
import { FakeCodex } from './support/fake-codex';
import type { Locator } from '@playwright/test';

const DESKTOP = { viewport: { width: 1440, height: 900 } };

function changed(chat: Chat): Locator {
  return chat.log.locator('.changed');
}

function file(within: Locator, path: RegExp): Locator {
  return within.locator('.file').filter({ has: within.page().getByRole('button', { name: path }) });
}

/** Starts a conversation whose first turn changes files in every way. */
async function startChanging(chat: Chat, startServer: (options: object) => Promise<{ baseURL: string }>, name: string) {
  const codex = new FakeCodex(name, 'changes');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('Change them all', `${server.baseURL}/`);
}

test.describe('with every kind of change', () => {
  test.use(DESKTOP);

  test.beforeEach(async ({ chat, startServer }, testInfo) => {
    await startChanging(chat, startServer, `changes-${testInfo.testId}`);
  });

  test('net changes of a turn are listed below its answer', async ({ chat }) => {
    const list = changed(chat);
    await expect(list.locator('header')).toHaveText(/^6 files changed\+506−6Show all changes$/);
    // One row for each changed file. Changes that were undone, failed or were declined have none.
    await expect(list.locator('.file')).toHaveText([
      /^src\/server\.rs\+4−2$/,
      /^docs\/table\.mdnew\+500$/,
      /^src\/old\.rsdeleted−3$/,
      /^src\/helpers\.rsmoved → src\/support\/helpers\.rs$/,
      /^assets\/logo\.png$/,
      /^check\.py\+2−1$/,
    ]);
    await expect(chat.workToggle).toHaveText(/6 files\s*\+506−6/);
    await expect(list).not.toContainText('−0');
  });

  test('a file row expands to its diff with line numbers of both sides', async ({ chat }) => {
    const server = file(changed(chat), /server\.rs/);
    await server.getByRole('button').first().click();
    const lines = server.locator('.line');
    await expect(server.locator('.skipped')).toHaveText(['11 unchanged lines', '70 unchanged lines']);
    await expect(lines.filter({ hasText: 'from_secs(10)' }).locator('.number')).toHaveText(['14', '']);
    await expect(lines.filter({ hasText: 'from_secs(30)' }).locator('.number')).toHaveText(['', '15']);
    // The diff is the net result of both changes, so the line of the first one is not in it.
    await expect(lines.filter({ hasText: 'RETRIES' })).toHaveText(/RETRIES: u32 = 5;/);

    const hidden = file(changed(chat), /check\.py/);
    await hidden.getByRole('button').first().click();
    const markers = await hidden.locator('.codepoint').evaluateAll((all) => all.map((one) => one.getAttribute('data-label')));
    expect(markers).toEqual(['U+202E', 'U+2066', 'U+2069', 'U+2066', 'U+001B', 'U+000D']);
    await expect(hidden.locator('.removed .word')).toHaveCount(0);

    for (const [path, words] of [
      [/logo\.png/, 'Binary file not shown'],
      [/helpers\.rs/, 'Contents unchanged'],
    ] as const) {
      await file(changed(chat), path).getByRole('button').first().click();
      await expect(file(changed(chat), path)).toContainText(words);
    }
  });

  test('a long diff shows 400 lines, and Show all shows the rest', async ({ chat }) => {
    const table = file(changed(chat), /table\.md/);
    await table.getByRole('button').first().click();
    await expect(table.locator('.line')).toHaveCount(400);
    await table.getByRole('button', { name: 'Show all' }).click();
    await expect(table.locator('.line')).toHaveCount(500);
  });

  test('the side-by-side layout persists over a reload, and falls back to one column in a narrow panel', async ({ page, chat }) => {
    await changed(chat).getByRole('button', { name: 'Show all changes' }).click();
    const panel = page.getByRole('complementary', { name: 'Details' });
    await expect(panel).toBeFocused();
    await expect(panel.locator('.file')).toHaveCount(6);
    await panel.getByRole('button', { name: 'Side by side' }).click();
    const twins = panel.locator('.paired');
    await expect(twins.first()).toBeVisible();
    const [removed, added] = await Promise.all(
      ['from_secs(10)', 'from_secs(30)'].map((text) => panel.locator('.line').filter({ hasText: text }).boundingBox()),
    );
    expect(added!.x).toBeGreaterThan(removed!.x + 100);

    await page.setViewportSize({ width: 800, height: 900 });
    await expect(twins.first()).toBeHidden();
    await page.setViewportSize(DESKTOP.viewport);
    await page.reload();
    await chat.waitUntilLive();
    await page.getByRole('button', { name: 'Details' }).click();
    await expect(panel.getByRole('button', { name: 'Side by side' })).toHaveAttribute('aria-pressed', 'true');
    await expect(twins.first()).toBeVisible();
  });

  test('a comment on a line is added to the draft', async ({ page, chat }) => {
    const server = file(changed(chat), /server\.rs/);
    await server.getByRole('button').first().click();
    await server.getByRole('button', { name: 'Comment on src/server.rs:15' }).click();
    const field = server.getByRole('textbox');
    await expect(field).toBeFocused();
    await field.fill('Why thirty?');
    await field.press('Enter');
    await expect(server).toContainText('Added to your message.');
    const first = 'src/server.rs:15\n> +const PATIENCE: Duration = Duration::from_secs(30);\nWhy thirty?';
    await expect(chat.messageField).toHaveValue(first);

    // By keyboard: arrow keys move between lines, C comments.
    await server.getByRole('group').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('c');
    await expect(field).toBeFocused();
    await field.press('Escape');
    await expect(field).toBeHidden();
    await server.locator('button.number').nth(2).focus();
    await page.keyboard.press('c');
    await field.fill('And this?');
    await field.press('Enter');
    await expect(chat.messageField).toHaveValue(
      `${first}\n\nsrc/server.rs:14\n> -const PATIENCE: Duration = Duration::from_secs(10);\nAnd this?`,
    );
    await page.reload();
    await expect(chat.messageField).toHaveValue(/And this\?$/);
  });
});

test('a wide diff on a phone does not widen the page', async ({ page, chat, startServer }, testInfo) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await startChanging(chat, startServer, `wide-${testInfo.testId}`);
  await file(changed(chat), /server\.rs/).getByRole('button').first().click();
  await expect(changed(chat).locator('.diff')).toBeVisible();
  const widths = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const log = document.querySelector('[role=log]')!.parentElement!;
    const diff = document.querySelector('.changed .diff')!;
    return [scrollWidth - clientWidth, log.scrollWidth - log.clientWidth, diff.scrollWidth - diff.clientWidth];
  });
  expect(widths).toEqual([0, 0, 0]);
});

test('an image that the agent has viewed is shown', async ({ page, chat, startServer }, testInfo) => {
  const codex = new FakeCodex(`picture-${testInfo.testId}`, 'changes');
  const server = await startServer({ args: [], env: codex.env });
  await page.goto(server.baseURL);
  writeFileSync(path.join(server.workspace, 'picture.png'), await page.screenshot());
  await chat.startAndFinish('Look at it', `${server.baseURL}/`);
  await chat.workToggle.click();
  await chat.step(/^Looked at picture\.png/).click();
  const picture = chat.log.getByRole('img', { name: 'The picture' });
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(100);
});

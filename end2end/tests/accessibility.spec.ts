// What axe finds: nothing.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

async function isClean(page: Page, where: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    const axe = new AxeBuilder({ page });
    // The themes differ in their colours alone.
    const { violations } = await (theme === 'light' ? axe : axe.withRules(['color-contrast'])).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
    expect(found, `${where}, ${theme}`).toEqual([]);
  }
}

test('the first screen, the settings, and what is not there', async ({ page, chat, faults }) => {
  faults.allow(/status of 404/);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await page.goto('/');
  await expect(page.getByRole('main').getByRole('link', { name: /single word ready/ })).toBeVisible();
  await isClean(page, 'first screen');
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByText('Theme')).toBeVisible();
  await isClean(page, 'settings');
  await page.goto('/c/nonsense');
  await expect(page.getByRole('main').getByRole('link')).toBeVisible();
  await isClean(page, 'not found');
});

test('a conversation, running, stopped, failed, finished and opened', async ({ page, chat }) => {
  test.slow(); // Many states, and axe looks at each twice.
  await chat.start('!standin reasoning, plan, command, patch, slow-command');
  await expect(chat.liveLine).toContainText('sleep 25', { timeout: 15_000 });
  await isClean(page, 'running');
  await chat.stopButton.click();
  await chat.ended('interrupted');
  await isClean(page, 'stopped');

  await chat.say('!standin fail status=400');
  await chat.ended('failed', 2);
  await isClean(page, 'failed');

  await chat.say('!standin reasoning, plan, command, patch, text');
  await chat.ended('completed', 3);
  await isClean(page, 'finished');
  const turn = chat.turns.last();
  await turn.getByRole('button', { name: /^Worked/ }).click();
  for (const step of [/^Thought/, /^Plan/, /^Ran/, /^Edited/]) {
    await turn.locator('[data-kind=step]').getByRole('button', { name: step }).first().click();
  }
  await isClean(page, 'opened');
});

test('what a turn has changed, a comment on a line, and the details', async ({ page, chat, startServer }, testInfo) => {
  test.slow(); // As above, with hundreds of lines.
  const codex = new FakeCodex(`axe-${testInfo.testId}`, 'changes');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('Change them all', `${server.baseURL}/`);
  const changed = chat.log.locator('.changed');
  await changed.getByRole('button', { name: /server\.rs/ }).click();
  await changed.getByRole('button', { name: 'Comment on src/server.rs:15' }).click();
  await expect(changed.getByRole('textbox')).toBeFocused();
  await isClean(page, 'a comment');
  await changed.getByRole('button', { name: 'Show all changes' }).click();
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByRole('button', { name: 'Side by side' }).click();
  for (const tab of ['Changes', 'Plan', 'Usage', 'Events']) {
    await panel.getByRole('tab', { name: tab }).click();
    if (tab === 'Events') {
      await chat.say('Change them again');
      await panel.getByRole('button', { name: /turn\/completed/ }).click();
    }
    await isClean(page, `details, ${tab}`);
  }
  await page.goto('about:blank');
});

test('the form to sign in, before and after a token that is not good', async ({ page, startServer, faults }) => {
  faults.allow(/status of 401/);
  const server = await startServer({
    env: { CODEX_GATEWAY_JWT_SECRET: 'a secret of no fewer than thirty-two bytes', CODEX_GATEWAY_HOST: '127.0.0.1' },
  });
  await page.goto(server.baseURL);
  await isClean(page, 'the form');
  await page.getByLabel('Access token').fill('nonsense');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await isClean(page, 'the form again');
});

test('code in its colours', async ({ page, chat }) => {
  await chat.startAndFinish('!standin text');
  await expect(page.locator('.hl-k').first()).toBeVisible();
  // Every colour that there is, though this code has but a few.
  await page.locator('figure.code code').evaluate((code) => {
    for (const token of 'acdefghiknst') {
      const span = document.createElement('span');
      span.className = `hl-${token}`;
      span.textContent = ` token ${token} `;
      code.append(span);
    }
  });
  await isClean(page, 'code');
});

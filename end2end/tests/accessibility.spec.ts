// axe finds no violations on any page.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

async function expectNoViolations(page: Page, where: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    const axe = new AxeBuilder({ page });
    // The themes differ only in their colours.
    const { violations } = await (theme === 'light' ? axe : axe.withRules(['color-contrast'])).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
    expect(found, `${where}, ${theme}`).toEqual([]);
  }
}

test('first screen, settings and not-found page have no axe violations', async ({ page, chat, pageErrors }) => {
  pageErrors.allow(/status of 404/);
  await chat.startAndFinish('Reply with exactly the single word ready.');
  await page.goto('/');
  await expect(page.getByRole('main').getByRole('link', { name: /single word ready/ })).toBeVisible();
  await expectNoViolations(page, 'first screen');
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByText('Theme')).toBeVisible();
  await expectNoViolations(page, 'settings');
  await page.goto('/c/nonsense');
  await expect(page.getByRole('main').getByRole('link')).toBeVisible();
  await expectNoViolations(page, 'not found');
});

test('a conversation has no axe violations while running, stopped, failed, completed and expanded', async ({ page, chat }) => {
  test.slow(); // Many states, each checked in two themes.
  await chat.start('!standin reasoning, plan, command, patch, slow-command');
  await expect(chat.statusLine).toContainText('sleep 25', { timeout: 15_000 });
  await expectNoViolations(page, 'running');
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
  await expectNoViolations(page, 'stopped');

  await chat.send('!standin fail status=400');
  await chat.waitForTurn('failed', 2);
  await expectNoViolations(page, 'failed');

  await chat.send('!standin reasoning, plan, command, patch, text');
  await chat.waitForTurn('completed', 3);
  await expectNoViolations(page, 'completed');
  const turn = chat.turns.last();
  await turn.getByRole('button', { name: /^Worked/ }).click();
  for (const step of [/^Thought/, /^Plan/, /^Ran/, /^Edited/]) {
    await turn.locator('[data-kind=step]').getByRole('button', { name: step }).first().click();
  }
  await expectNoViolations(page, 'expanded');
});

test('changed files, a line comment and the details panel have no axe violations', async ({ page, chat, startServer }, testInfo) => {
  test.slow(); // Many states, with hundreds of lines.
  const codex = new FakeCodex(`axe-${testInfo.testId}`, 'changes');
  const server = await startServer({ args: [], env: codex.env });
  await chat.startAndFinish('Change them all', `${server.baseURL}/`);
  const changed = chat.log.locator('.changed');
  await changed.getByRole('button', { name: /server\.rs/ }).click();
  await changed.getByRole('button', { name: 'Comment on src/server.rs:15' }).click();
  await expect(changed.getByRole('textbox')).toBeFocused();
  await expectNoViolations(page, 'line comment');
  await changed.getByRole('button', { name: 'Show all changes' }).click();
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByRole('button', { name: 'Side by side' }).click();
  for (const tab of ['Changes', 'Plan', 'Usage', 'Events']) {
    await panel.getByRole('tab', { name: tab }).click();
    if (tab === 'Events') {
      await chat.send('Change them again');
      await panel.getByRole('button', { name: /turn\/completed/ }).click();
    }
    await expectNoViolations(page, `details, ${tab}`);
  }
  await page.goto('about:blank');
});

test('the sign-in form has no axe violations before and after an invalid token', async ({ page, startServer, pageErrors }) => {
  pageErrors.allow(/status of 401/);
  const server = await startServer({
    env: { CODEX_GATEWAY_JWT_SECRET: 'a secret of no fewer than thirty-two bytes', CODEX_GATEWAY_HOST: '127.0.0.1' },
  });
  await page.goto(server.baseURL);
  await expectNoViolations(page, 'sign-in form');
  await page.getByLabel('Access token').fill('nonsense');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expectNoViolations(page, 'sign-in form with an error');
});

test('highlighted code has no axe violations in any token colour', async ({ page, chat }) => {
  await chat.startAndFinish('!standin text');
  await expect(page.locator('.hl-k').first()).toBeVisible();
  // Adds a token of every colour: the code has only a few.
  await page.locator('figure.code code').evaluate((code) => {
    for (const token of 'acdefghiknst') {
      const span = document.createElement('span');
      span.className = `hl-${token}`;
      span.textContent = ` token ${token} `;
      code.append(span);
    }
  });
  await expectNoViolations(page, 'code');
});

// Server requests: approvals and questions of codex, and how the user answers them.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { Chat, expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

/** The box above the composer that shows a request. */
const box = (page: Page): Locator => page.locator('.question');

/** The row of a request in the log. */
const row = (chat: Chat, words: RegExp): Locator => chat.log.locator('[data-kind=step]').filter({ hasText: words }).last();

/** The button that creates a rule. */
const always = (question: Locator): Locator =>
  question.getByRole('button', { name: /^Always, without the sandbox, in this folder: / });

/** Returns the URL of the page's icon. */
const icon = (page: Page) => page.locator('link[rel=icon]').getAttribute('href');

/** Returns the answers that the fake codex received: it prints them at the end of its turn. */
const received = async (chat: Chat) => JSON.parse((await chat.answers.last().textContent()) ?? '');

test('a command waits for approval, and runs when it is allowed', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await expect(box(page)).toContainText('Run this command?');
  await expect(box(page)).toContainText('uname -sm');
  // A deadline that is a day away is not shown.
  await expect(box(page)).not.toContainText('Auto-declines');
  await expect(page).toHaveTitle(/^\(1\) Waiting for you · /);
  expect(await icon(page)).toBe('/assets/favicon-waiting.svg');
  await expect(chat.statusLine).toContainText('Waiting for you');
  await expect(row(chat, /Asked to run/)).toContainText('Waiting for you');

  await box(page).getByRole('button', { name: /^Allow once/ }).click();
  await expect(box(page)).toBeHidden();
  await chat.waitForTurn('completed');
  await expect(page).not.toHaveTitle(/Waiting/);
  expect(await icon(page)).toBe('/assets/favicon.svg');
  await chat.workToggle.click();
  await expect(row(chat, /Asked to run/)).toContainText('allowed');
  await expect(chat.step(/^Ran/)).toBeVisible();
});

test('1 allows and Esc declines, and Enter does neither', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await expect(box(page)).toBeFocused();
  await chat.waitUntilAnswerable();
  await page.keyboard.press('Enter');
  await expect(box(page)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(box(page)).toBeHidden();
  await chat.waitForTurn('completed');
  await expect(row(chat, /Asked to run/)).toContainText('declined');
  await expect(chat.messageField).toBeFocused();

  await chat.send('!standin escalate');
  await expect(box(page)).toBeFocused();
  await chat.waitUntilAnswerable();
  await page.keyboard.press('1');
  await expect(box(page)).toBeHidden();
  await chat.waitForTurn('completed', 2);
});

test('a request does not take the focus from the message field while the user types', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await expect(box(page)).toBeFocused();
  await chat.waitUntilAnswerable();
  await page.keyboard.press('Escape');
  await chat.waitForTurn('completed');
  await chat.send('!standin deltas count=200 pace_us=5000 size=5, escalate');
  await chat.messageField.fill('While I write');
  await expect(box(page)).toBeVisible({ timeout: 10_000 });
  await expect(chat.messageField).toBeFocused();
  await page.keyboard.type(' 1');
  await expect(chat.messageField).toHaveValue('While I write 1');
  await expect(box(page)).toBeVisible();
  await box(page).getByRole('button', { name: /^Decline/ }).first().click();
  await chat.waitForTurn('completed', 2);
});

test('a request does not take the focus from another text field, and typing there does not answer it', async ({ page, chat }) => {
  await chat.start('!standin deltas count=200 pace_us=5000 size=5, escalate');
  const search = page.getByRole('searchbox');
  await search.click();
  await chat.waitUntilAnswerable();
  await page.keyboard.type('1');
  await expect(search).toHaveValue('1');
  await expect(search).toBeFocused();
  await expect(box(page)).toBeVisible();
  await box(page).getByRole('button', { name: /^Decline/ }).first().click();
  await chat.waitForTurn('completed');
});

test('stopping the turn withdraws its request', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await expect(box(page)).toBeVisible();
  await chat.stopButton.click();
  await expect(box(page)).toBeHidden();
  await chat.waitForTurn('interrupted');
  await expect(row(chat, /Asked to run/)).toContainText('withdrawn');
});

test('a question waits while no page is open, and can be answered later', async ({ page, chat, context, pageErrors }) => {
  await chat.start('!standin question');
  await expect(box(page)).toContainText('Which colour do you like better?');
  const address = page.url();
  await page.goto('about:blank');

  const later = new Chat(await context.newPage());
  pageErrors.watch(later.page);
  await later.page.goto('/');
  await expect(later.page.getByRole('main').getByRole('link', { name: /standin question/ })).toContainText('Waiting for you');
  await later.open(address);
  await box(later.page).getByRole('button', { name: /^Green/ }).click();
  await box(later.page).getByRole('button', { name: 'Send' }).click();
  await later.waitForTurn('completed');
  await page.goto(address);
});

test('if two tabs answer, the first answer counts and the other tab is told', async ({ page, chat, context, pageErrors }) => {
  pageErrors.allow(/Failed to load resource: .*409/);
  await chat.start('!standin escalate');
  const second = new Chat(await context.newPage());
  pageErrors.watch(second.page);
  await second.open(page.url());
  await expect(box(second.page)).toBeVisible();
  // The answer of the second tab is delayed until that of the first has arrived.
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await second.page.route('**/_fn/answer', async (route) => {
    await released;
    await route.continue();
  });
  await box(second.page).getByRole('button', { name: /^Allow once/ }).click();
  await box(page).getByRole('button', { name: /^Decline/ }).first().click();
  await expect(box(page)).toBeHidden();
  release();
  await expect(second.page.getByText('That was answered elsewhere')).toBeVisible();
  await expect(box(second.page)).toBeHidden();
  await Promise.all([chat.waitForTurn('completed'), second.waitForTurn('completed')]);
  await expect(row(second, /Asked to run/)).toContainText('declined');
});

test('buttons of a new request are disabled at first, so that a click meant for the previous one does not answer it', async ({ page, chat, startServer }) => {
  const codex = new FakeCodex('replaced', 'asks-together');
  const server = await startServer({ args: [], env: codex.env });
  await page.addInitScript(() => {
    const seen = new Set<Element>();
    const initialStates: string[] = [];
    new MutationObserver(() => {
      for (const box of document.querySelectorAll('.question')) {
        if (seen.has(box)) continue;
        seen.add(box);
        const buttons = [...box.querySelectorAll<HTMLButtonElement>('.choices button')];
        initialStates.push(buttons.every((button) => button.disabled) ? 'disabled' : 'enabled');
        document.documentElement.dataset['initial'] = initialStates.join(' ');
      }
    }).observe(document, { childList: true, subtree: true });
  });
  await chat.start('Ask me everything', `${server.baseURL}/`);
  const question = box(page);
  await expect(question).toContainText('1 of 5');
  await question.getByRole('button', { name: /^Allow once/ }).click();
  await expect(question).toContainText('Make these changes?');
  await expect(question.getByRole('button', { name: /^Decline/ }).first()).toBeEnabled();
  await expect(page.locator('html')).toHaveAttribute('data-initial', /^disabled disabled$/);
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
});

test('several pending requests are answered one after the other, each in its own form', async ({ page, chat, startServer }) => {
  const codex = new FakeCodex('several', 'asks-together');
  const server = await startServer({ args: [], env: codex.env });
  await chat.start('Ask me everything', `${server.baseURL}/`);
  const question = box(page);
  await expect(page).toHaveTitle(/^\(5\) /);
  await expect(question).toContainText('1 of 5');

  await expect(always(question)).toBeVisible();
  await chat.waitUntilAnswerable();
  await page.keyboard.press('2');

  await expect(question).toContainText('Make these changes?');
  await expect(question).toContainText('notes.md');
  await expect(question.locator('.added').filter({ hasText: 'new' })).toBeVisible();
  await question.getByRole('button', { name: 'Next' }).click();

  await expect(question).toContainText('Grant extra permissions?');
  await expect(question.getByRole('listitem')).toHaveText(['Use the network', 'Read/a', 'Write/a', 'Write/b']);
  await question.getByRole('button', { name: /^Allow for this session/ }).click();

  await expect(question).toContainText('Which one?');
  await expect(question.getByRole('button', { name: 'Send' })).toBeDisabled();
  await question.getByRole('textbox', { name: 'Which one?' }).fill('Red');
  await question.getByLabel('The password?').fill('hush-hush');
  await expect(question.getByLabel('The password?')).toHaveAttribute('type', 'password');
  await question.getByRole('button', { name: 'Send' }).click();

  await expect(question).toContainText('maps needs input');
  await question.getByRole('textbox', { name: /^City/ }).fill('Rome');
  await question.getByRole('spinbutton', { name: /^Nights/ }).fill('2');
  await question.getByRole('button', { name: /^second/ }).click();
  await question.getByRole('button', { name: /^Yes/ }).click();
  await question.getByRole('button', { name: 'Send' }).click();

  await expect(question).toContainText('Make these changes?');
  await question.getByRole('button', { name: /^Allow once/ }).click();
  await chat.waitForTurn('completed');
  const answers = await received(chat);
  // Rules are the gateway's: codex is only told to accept.
  expect(answers['item/commandExecution/requestApproval'].decision).toEqual('accept');
  expect(answers['item/fileChange/requestApproval']).toEqual({ decision: 'accept' });
  expect(answers['item/permissions/requestApproval'].scope).toBe('session');
  expect(answers['item/tool/requestUserInput'].answers).toEqual({
    colour: { answers: ['Red'] },
    password: { answers: ['hush-hush'] },
  });
  expect(answers['mcpServer/elicitation/request'].content).toEqual({
    city: 'Rome',
    nights: 2,
    class: 'second',
    breakfast: true,
  });
  await chat.workToggle.click();
  await row(chat, /Asked a question/).getByRole('button').first().click();
  await expect(row(chat, /Asked a question/)).toContainText('[secret]');
  await page.goto('about:blank');
});

test('a rule allows further commands and is shown in the log, and codex asks again after it was revoked', async ({ page, chat }) => {
  await chat.start('!standin escalate alone=true');
  await expect(always(box(page))).toContainText('uname -sm …');
  await chat.waitUntilAnswerable();
  await always(box(page)).click();
  await chat.waitForTurn('completed', 1);
  await chat.workToggle.last().click();
  await expect(row(chat, /always allowed from now on/)).toBeVisible();

  await chat.send('!standin escalate alone=true');
  await chat.waitForTurn('completed', 2);
  await expect(box(page)).toBeHidden();
  // Its row stays visible when the work is collapsed.
  const ruled = row(chat, /allowed by your rule: uname -sm …/);
  await ruled.getByRole('button').first().click();
  await ruled.getByRole('button', { name: 'Always allowed' }).click();

  const rules = page.getByRole('dialog', { name: 'Always allowed' });
  await expect(rules.getByRole('listitem')).toContainText('uname -sm …');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }
  await rules.getByRole('button', { name: /^Revoke/ }).click();
  await expect(rules).toContainText('Nothing is always allowed.');
  await page.keyboard.press('Escape');

  await chat.send('!standin escalate alone=true');
  await expect(box(page)).toContainText('Run this command?');
  await chat.waitUntilAnswerable();
  await page.keyboard.press('Escape');
  await chat.waitForTurn('completed', 3);
});

test('every kind of request has no axe violations', async ({ page, chat, startServer }) => {
  const codex = new FakeCodex('accessible', 'asks-together');
  const server = await startServer({ args: [], env: codex.env });
  await chat.start('Ask me everything', `${server.baseURL}/`);
  for (let position = 1; position <= 5; position++) {
    await expect(box(page)).toContainText(`${position} of 5`);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => ({ id, html: nodes.map((node) => node.html) }))).toEqual([]);
    }
    await box(page).getByRole('button', { name: 'Next' }).click();
  }
  await page.goto('about:blank');
});

test('with automatic approvals, the page always shows a badge', async ({ page, chat, startServer }) => {
  const server = await startServer({ env: { CODEX_GATEWAY_APPROVALS: 'accept' } });
  await page.goto(server.baseURL);
  await expect(page.locator('.badge.warning')).toHaveText('Approves everything');
  await chat.start('!standin escalate', `${server.baseURL}/`);
  await expect(page.locator('.badge.warning')).toHaveText('Approves everything');
  await chat.waitForTurn('completed');
  await expect(box(page)).toBeHidden();
  await chat.workToggle.click();
  await expect(row(chat, /Asked to run/)).toContainText('approved automatically');
  await page.goto('about:blank');
});

// What codex asks the user, and how it is answered.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { Chat, expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

/** The box above the composer. */
const box = (page: Page): Locator => page.locator('.question');

/** The row that stands in the log for what was asked. */
const row = (chat: Chat, words: RegExp): Locator => chat.log.locator('[data-kind=step]').filter({ hasText: words }).last();

/** The button that allows something from then on. */
const always = (question: Locator): Locator =>
  question.getByRole('button', { name: /^Always, without the sandbox, in this folder: / });

const icon = (page: Page) => page.locator('link[rel=icon]').getAttribute('href');

/** What the fake codex was answered: it says so at the end of its turn. */
const received = async (chat: Chat) => JSON.parse((await chat.answers.last().textContent()) ?? '');

test('a command waits for its permission, and runs once it is given', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await expect(box(page)).toContainText('Run this command?');
  await expect(box(page)).toContainText('uname -sm');
  await expect(box(page)).toContainText(/Declined in 2[34] h/);
  await expect(page).toHaveTitle(/^\(1\) Waiting for you · /);
  expect(await icon(page)).toBe('/assets/favicon-waiting.svg');
  await expect(chat.liveLine).toContainText('Waiting for you');
  await expect(row(chat, /Asked to run/)).toContainText('Waiting for you');

  await box(page).getByRole('button', { name: /^Allow once/ }).click();
  await expect(box(page)).toBeHidden();
  await chat.ended('completed');
  await expect(page).not.toHaveTitle(/Waiting/);
  expect(await icon(page)).toBe('/assets/favicon.svg');
  await chat.fold.click();
  await expect(row(chat, /Asked to run/)).toContainText('allowed');
  await expect(chat.step(/^Ran/)).toBeVisible();
});

test('one key answers, and Enter alone allows nothing', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await expect(box(page)).toBeFocused();
  await chat.asked();
  await page.keyboard.press('Enter');
  await expect(box(page)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(box(page)).toBeHidden();
  await chat.ended('completed');
  await expect(row(chat, /Asked to run/)).toContainText('declined');
  await expect(chat.message).toBeFocused();

  await chat.say('!standin escalate');
  await expect(box(page)).toBeFocused();
  await chat.asked();
  await page.keyboard.press('1');
  await expect(box(page)).toBeHidden();
  await chat.ended('completed', 2);
});

test('who is writing is not interrupted, and keys go where they write', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await expect(box(page)).toBeFocused();
  await chat.asked();
  await page.keyboard.press('Escape');
  await chat.ended('completed');
  await chat.say('!standin deltas count=200 pace_us=5000 size=5, escalate');
  await chat.message.fill('While I write');
  await expect(box(page)).toBeVisible({ timeout: 10_000 });
  await expect(chat.message).toBeFocused();
  await page.keyboard.type(' 1');
  await expect(chat.message).toHaveValue('While I write 1');
  await expect(box(page)).toBeVisible();
  await box(page).getByRole('button', { name: /^Decline/ }).first().click();
  await chat.ended('completed', 2);
});

test('nobody who writes elsewhere loses the focus, nor answers by what they write', async ({ page, chat }) => {
  await chat.start('!standin deltas count=200 pace_us=5000 size=5, escalate');
  const search = page.getByRole('searchbox');
  await search.click();
  await chat.asked();
  await page.keyboard.type('1');
  await expect(search).toHaveValue('1');
  await expect(search).toBeFocused();
  await expect(box(page)).toBeVisible();
  await box(page).getByRole('button', { name: /^Decline/ }).first().click();
  await chat.ended('completed');
});

test('stopping the turn takes the question back', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await expect(box(page)).toBeVisible();
  await chat.stopButton.click();
  await expect(box(page)).toBeHidden();
  await chat.ended('interrupted');
  await expect(row(chat, /Asked to run/)).toContainText('withdrawn');
});

test('a question waits while nobody is there, and for whoever comes back', async ({ page, chat, context, faults }) => {
  await chat.start('!standin question');
  await expect(box(page)).toContainText('Which colour do you like better?');
  const address = page.url();
  await page.goto('about:blank');

  const later = new Chat(await context.newPage());
  faults.watch(later.page);
  await later.page.goto('/');
  await expect(later.page.getByRole('main').getByRole('link', { name: /standin question/ })).toContainText('Waiting for you');
  await later.open(address);
  await box(later.page).getByRole('button', { name: /^Green/ }).click();
  await box(later.page).getByRole('button', { name: 'Send' }).click();
  await later.ended('completed');
  await page.goto(address);
});

test('of two tabs one answers, and the other is told', async ({ page, chat, context, faults }) => {
  faults.allow(/Failed to load resource: .*409/);
  await chat.start('!standin escalate');
  const second = new Chat(await context.newPage());
  faults.watch(second.page);
  await second.open(page.url());
  await expect(box(second.page)).toBeVisible();
  // The second one's answer is held up until the first one's has arrived.
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await second.page.route('**/_fn/answer', async (route) => {
    await held;
    await route.continue();
  });
  await box(second.page).getByRole('button', { name: /^Allow once/ }).click();
  await box(page).getByRole('button', { name: /^Decline/ }).first().click();
  await expect(box(page)).toBeHidden();
  release();
  await expect(second.page.getByText('That was answered elsewhere')).toBeVisible();
  await expect(box(second.page)).toBeHidden();
  await Promise.all([chat.ended('completed'), second.ended('completed')]);
  await expect(row(second, /Asked to run/)).toContainText('declined');
});

test('what has just come cannot be answered by a click that was meant for what it replaces', async ({ page, chat, startServer }) => {
  const codex = new FakeCodex('replaced', 'asks-together');
  const server = await startServer({ args: [], env: codex.env });
  await page.addInitScript(() => {
    const seen = new Set<Element>();
    const first: string[] = [];
    new MutationObserver(() => {
      for (const box of document.querySelectorAll('.question')) {
        if (seen.has(box)) continue;
        seen.add(box);
        const buttons = [...box.querySelectorAll<HTMLButtonElement>('.choices button')];
        first.push(buttons.every((button) => button.disabled) ? 'waits' : 'answers');
        document.documentElement.dataset['first'] = first.join(' ');
      }
    }).observe(document, { childList: true, subtree: true });
  });
  await chat.start('Ask me everything', `${server.baseURL}/`);
  const question = box(page);
  await expect(question).toContainText('1 of 5');
  await question.getByRole('button', { name: /^Allow once/ }).click();
  await expect(question).toContainText('Make these changes?');
  await expect(question.getByRole('button', { name: /^Decline/ }).first()).toBeEnabled();
  await expect(page.locator('html')).toHaveAttribute('data-first', /^waits waits$/);
  await chat.stopButton.click();
  await chat.ended('interrupted');
});

test('several wait at once, each with its own form', async ({ page, chat, startServer }) => {
  const codex = new FakeCodex('several', 'asks-together');
  const server = await startServer({ args: [], env: codex.env });
  await chat.start('Ask me everything', `${server.baseURL}/`);
  const question = box(page);
  await expect(page).toHaveTitle(/^\(5\) /);
  await expect(question).toContainText('1 of 5');

  await expect(always(question)).toBeVisible();
  await chat.asked();
  await page.keyboard.press('2');

  await expect(question).toContainText('Make these changes?');
  await expect(question).toContainText('notes.md');
  await expect(question.locator('.added').filter({ hasText: 'new' })).toBeVisible();
  await question.getByRole('button', { name: 'Next' }).click();

  await expect(question).toContainText('Allow more than the sandbox does?');
  await expect(question.getByRole('listitem')).toHaveText(['Use the network', 'Read/a', 'Write/a', 'Write/b']);
  await question.getByRole('button', { name: /^Allow for this session/ }).click();

  await expect(question).toContainText('Which one?');
  await expect(question.getByRole('button', { name: 'Send' })).toBeDisabled();
  await question.getByRole('textbox', { name: 'Which one?' }).fill('Red');
  await question.getByLabel('The password?').fill('hush-hush');
  await expect(question.getByLabel('The password?')).toHaveAttribute('type', 'password');
  await question.getByRole('button', { name: 'Send' }).click();

  await expect(question).toContainText('maps asks');
  await question.getByRole('textbox', { name: /^City/ }).fill('Rome');
  await question.getByRole('spinbutton', { name: /^Nights/ }).fill('2');
  await question.getByRole('button', { name: /^second/ }).click();
  await question.getByRole('button', { name: /^Yes/ }).click();
  await question.getByRole('button', { name: 'Send' }).click();

  await expect(question).toContainText('Make these changes?');
  await question.getByRole('button', { name: /^Allow once/ }).click();
  await chat.ended('completed');
  const answers = await received(chat);
  // What is allowed always, codex need not know.
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
  await chat.fold.click();
  await row(chat, /Asked a question/).getByRole('button').first().click();
  await expect(row(chat, /Asked a question/)).toContainText('[secret]');
  await page.goto('about:blank');
});

test('what is always allowed is told as such, and asked about again once it is revoked', async ({ page, chat }) => {
  await chat.start('!standin escalate alone=true');
  await expect(always(box(page))).toContainText('uname -sm …');
  await chat.asked();
  await always(box(page)).click();
  await chat.ended('completed', 1);
  await chat.fold.last().click();
  await expect(row(chat, /always allowed from now on/)).toBeVisible();

  await chat.say('!standin escalate alone=true');
  await chat.ended('completed', 2);
  await expect(box(page)).toBeHidden();
  // It stays in sight when the work folds away.
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

  await chat.say('!standin escalate alone=true');
  await expect(box(page)).toContainText('Run this command?');
  await chat.asked();
  await page.keyboard.press('Escape');
  await chat.ended('completed', 3);
});

test('every box is accessible', async ({ page, chat, startServer }) => {
  const codex = new FakeCodex('accessible', 'asks-together');
  const server = await startServer({ args: [], env: codex.env });
  await chat.start('Ask me everything', `${server.baseURL}/`);
  for (let place = 1; place <= 5; place++) {
    await expect(box(page)).toContainText(`${place} of 5`);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => ({ id, html: nodes.map((node) => node.html) }))).toEqual([]);
    }
    await box(page).getByRole('button', { name: 'Next' }).click();
  }
  await page.goto('about:blank');
});

test('where everything is approved the page says so all the time', async ({ page, chat, startServer }) => {
  const server = await startServer({ env: { CODEX_GATEWAY_APPROVALS: 'accept' } });
  await page.goto(server.baseURL);
  await expect(page.locator('.badge.alarm')).toHaveText('Approves everything');
  await chat.start('!standin escalate', `${server.baseURL}/`);
  await expect(page.locator('.badge.alarm')).toHaveText('Approves everything');
  await chat.ended('completed');
  await expect(box(page)).toBeHidden();
  await chat.fold.click();
  await expect(row(chat, /Asked to run/)).toContainText('approved automatically');
  await page.goto('about:blank');
});

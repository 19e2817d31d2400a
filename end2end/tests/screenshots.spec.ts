// Pictures of every state, in target/screenshots, for people to look at.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test, type Chat } from './chat';
import { screenshot } from './gateway';
import { FakeCodex } from './support/fake-codex';
import { proxy } from './support/proxy';
import { pointAt } from './support/scroll';

const DEVICES = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

/** One picture in each theme, without waiting for what moves. */
async function picture({ page }: Chat, name: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await screenshot(page, `${name}-${colorScheme}`);
  }
}

async function openEverything(chat: Chat): Promise<void> {
  await chat.fold.click();
  const steps = chat.log.locator('[data-kind=step]');
  for (const step of [/^(Thought|思考)/, /^(Plan|计划)/, /^(Ran|运行|已运行)/, /^(Edited|编辑|已编辑)/]) {
    await steps.getByRole('button', { name: step }).first().click();
  }
}

test.beforeEach(({ gateway }) => {
  rmSync(path.join(gateway.workspace, 'standin-notes.md'), { force: true });
});

for (const [device, use] of Object.entries(DEVICES)) {
  test.describe(device, () => {
    test.use(use);
    const named = (name: string) => `${name}-${device}`;

    test('work', async ({ page, chat }) => {
      await chat.start('Show me what you can do');
      await expect(chat.step(/^Running/)).toBeVisible({ timeout: 15_000 });
      await chat.ended('completed');
      await picture(chat, named('finished'));
      await openEverything(chat);
      await page.mouse.move(0, 0);
      await chat.said.scrollIntoViewIfNeeded();
      await picture(chat, named('opened'));
      await chat.log.locator('[data-kind=step]').last().scrollIntoViewIfNeeded();
      await picture(chat, named('opened-below'));
      await page.goto('/');
      await expect(page.getByRole('main').getByRole('link', { name: /Show me what you can do/ })).toBeVisible();
      await expect(page.getByText(/just now|ago/).first()).toBeVisible();
      await picture(chat, named('first'));
      await page.getByRole('button', { name: 'Settings' }).click();
      await expect(page.getByText('Theme')).toBeVisible();
      await picture(chat, named('settings'));
    });

    test('streaming', async ({ page, chat }) => {
      await chat.start('Stream a long text');
      await expect(chat.log.getByRole('heading', { name: 'Chapter 2' })).toBeAttached({ timeout: 20_000 });
      await picture(chat, named('streaming'));
      await pointAt(chat.log);
      await chat.log.evaluate((log) => log.parentElement?.scrollBy(0, -300));
      await expect(page.getByRole('button', { name: 'New messages' })).toBeVisible();
      await picture(chat, named('scrolled-up'));
    });

    test('running and stopped', async ({ chat }) => {
      await chat.start('Run the slow command');
      await expect(chat.log.locator('[data-kind=step] pre').last()).toContainText('started, sleeping');
      await chat.say('And then look at the tests');
      await picture(chat, named('running'));
      await chat.stopButton.click();
      await chat.ended('interrupted');
      await picture(chat, named('stopped'));
    });

    test('questions', async ({ page, chat, startServer }) => {
      const codex = new FakeCodex(named('pictures'), 'asks-together');
      const server = await startServer({ args: [], env: codex.env });
      await chat.start('Ask me everything', `${server.baseURL}/`);
      for (const kind of ['command', 'fileChange', 'permissions', 'userInput', 'elicitation']) {
        await expect(page.locator('.question')).toHaveAttribute('data-kind', kind);
        await picture(chat, named(`asks-${kind}`));
        await page.getByRole('button', { name: 'Next' }).click();
      }
      codex.openGate();
      await chat.ended('completed');
      await picture(chat, named('withdrawn'));
      await page.goto('about:blank');
    });

    test('changes and details', async ({ page, chat, startServer }) => {
      const codex = new FakeCodex(named('changes'), 'changes');
      const server = await startServer({ args: [], env: codex.env });
      await chat.startAndFinish('Change them all', `${server.baseURL}/`);
      await picture(chat, named('changed'));
      const changed = chat.log.locator('.changed');
      await changed.getByRole('button', { name: /server\.rs/ }).click();
      await changed.getByRole('button', { name: 'Comment on src/server.rs:15' }).click();
      await changed.getByRole('textbox').fill('Why thirty?');
      await changed.scrollIntoViewIfNeeded();
      await page.mouse.move(0, 0);
      await picture(chat, named('diff'));
      await page.keyboard.press('Enter');
      const panel = page.getByRole('complementary', { name: 'Details' });
      await changed.getByRole('button', { name: 'Show all changes' }).click();
      for (const name of ['Plan', 'Usage', 'Events', 'Changes']) {
        await panel.getByRole('tab', { name }).click();
        if (name === 'Events') {
          // On a phone it is behind the panel.
          await page.locator('form.composer').evaluate((form: HTMLFormElement) => form.requestSubmit());
          await expect(panel.getByRole('button', { name: /turn\/completed/ })).toBeVisible();
          await panel.getByRole('button', { name: /tokenUsage/ }).click();
        }
        await page.mouse.move(0, 0);
        await picture(chat, named(`panel-${name.toLowerCase()}`));
      }
      // A phone has no room for two sides.
      if (device === 'desktop') {
        await panel.getByRole('button', { name: 'Side by side' }).click();
        await page.mouse.move(0, 0);
        await picture(chat, named('panel-sides'));
      }
      if (device === 'desktop') {
        await page.setViewportSize({ width: 1024, height: 800 });
        await picture(chat, named('panel-over'));
      }
      await page.goto('about:blank');
    });

    test('every kind of step', async ({ page, chat, startServer, faults }) => {
      faults.allow(/status of 404/); // Its pictures are not there.
      const codex = new FakeCodex(named('kinds'), 'normal');
      const server = await startServer({ args: [], env: codex.env });
      await chat.startAndFinish('Do one of each', `${server.baseURL}/`);
      await chat.fold.click();
      for (const step of await chat.log.locator('.step > .row:enabled').all()) {
        if ((await step.getAttribute('aria-expanded')) === 'false') await step.click();
      }
      await page.mouse.move(0, 0);
      await chat.said.scrollIntoViewIfNeeded();
      await picture(chat, named('kinds'));
      await chat.log.getByText('no road').scrollIntoViewIfNeeded();
      await picture(chat, named('kinds-middle'));
      await chat.answers.last().scrollIntoViewIfNeeded();
      await picture(chat, named('kinds-end'));
      await page.goto('about:blank');
    });

    test('a long output, and a command that outlives its turn', async ({ page, chat, startServer }) => {
      await chat.startAndFinish('!standin big-output');
      await chat.fold.click();
      await chat.step(/^Ran/).click();
      await chat.log.getByRole('button', { name: 'Show all' }).scrollIntoViewIfNeeded();
      await page.mouse.move(0, 0);
      await picture(chat, named('long-output'));
      const codex = new FakeCodex(named('outlives'), 'outlives');
      const server = await startServer({ args: [], env: codex.env });
      await chat.startAndFinish('Watch', `${server.baseURL}/`);
      await expect(chat.step(/^Still running npm run watch/)).toBeVisible();
      await picture(chat, named('outlives'));
      await page.goto('about:blank');
    });

    test('conversations', async ({ page, chat, request }) => {
      await chat.startAndFinish('!standin reasoning, command, text');
      await page.goto('/');
      await chat.start('Run the slow command');
      await expect(chat.step(/^Running/)).toBeVisible({ timeout: 15_000 });
      if (device === 'phone') await page.getByRole('button', { name: 'Conversations' }).click();
      await page.getByRole('button', { name: /^Options for “Run/ }).first().click();
      await picture(chat, named('conversations'));
      await request.delete(`/api/sessions/${chat.sessionId}`);
      await page.goto('/');
      if (device === 'phone') await page.getByRole('button', { name: 'Conversations' }).click();
      await page.getByRole('navigation').getByRole('link', { name: /Run the slow command/ }).first().click();
      await page.waitForURL(/\/t\/[^/]+$/);
      await expect(chat.said).toHaveCount(1);
      await picture(chat, named('past'));
    });

    test('everywhere', async ({ page, chat, request }) => {
      await chat.startAndFinish('Show me what you can do');
      const first = chat.sessionId;
      await page.keyboard.press('ControlOrMeta+f');
      await page.keyboard.type('standin');
      await expect(page.getByRole('search').getByRole('status')).toHaveText(/^1 of/);
      await expect(chat.log.locator('[data-found]')).toBeInViewport();
      await picture(chat, named('search'));
      await page.keyboard.press('Escape');
      await page.keyboard.press('ControlOrMeta+k');
      await expect(page.getByRole('option', { name: /Show me what you can do/ }).first()).toBeVisible();
      await picture(chat, named('palette'));
      await page.keyboard.type('no such thing at all');
      await expect(page.getByRole('dialog').getByRole('status')).toBeVisible();
      await picture(chat, named('palette-nothing'));
      await page.keyboard.press('Escape');
      await chat.message.blur();
      await page.keyboard.press('?');
      await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
      await picture(chat, named('keys'));
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Settings' }).click();
      await picture(chat, named('settings-conversation'));
      await page.keyboard.press('Escape');
      await page.goto('/');
      await request.post(`/api/sessions/${first}/turn`, { data: { prompt: 'Reply with exactly the single word new.', wait: true } });
      await page.reload();
      if (device === 'phone') await page.getByRole('button', { name: 'Conversations' }).click();
      await expect(page.getByRole('navigation').getByText('New', { exact: true })).toBeAttached();
      await picture(chat, named('unread'));
    });

    test('a question', async ({ page, chat }) => {
      await chat.start('!standin reasoning, command, escalate');
      await expect(page.locator('.question')).toBeVisible({ timeout: 15_000 });
      await picture(chat, named('asks'));
      await page.locator('.question').getByRole('button', { name: /^Decline/ }).first().click();
      await chat.ended('completed');
      await picture(chat, named('declined'));
    });

    test('everything is approved', async ({ page, chat, startServer }) => {
      const server = await startServer({ env: { CODEX_GATEWAY_APPROVALS: 'accept' } });
      await page.goto(server.baseURL);
      await picture(chat, named('approves-everything-first'));
      await chat.start('!standin escalate', `${server.baseURL}/`);
      await chat.ended('completed');
      await picture(chat, named('approves-everything'));
      await page.goto('about:blank');
    });

    test('failures', async ({ page, chat, gateway, request, faults }) => {
      faults.allow(/Failed to load resource/, /request failed/);
      const line = await proxy(gateway.port);
      await chat.start('!standin fail status=400', line.baseURL);
      await chat.ended('failed');
      await picture(chat, named('failed'));
      await page.route('**/_fn/send', (route) => route.abort());
      await chat.say('A message that is not sent');
      await expect(page.getByText(/^Not sent ·/)).toBeVisible();
      await picture(chat, named('unsent'));
      line.cut();
      await expect(page.getByText(/Reconnecting in/)).toBeVisible();
      await picture(chat, named('disconnected'));
      line.mend();
      await chat.isLive();
      await request.delete(`/api/sessions/${chat.sessionId}`);
      await expect(page.getByText('This conversation was deleted.')).toBeVisible();
      await picture(chat, named('closed'));
      await page.goto('/c/nonsense');
      await picture(chat, named('not-found'));
      await page.goto('about:blank');
      await line.close();
    });

    test.describe('Chinese', () => {
      test.use({ locale: 'zh-CN' });

      test('in Chinese', async ({ page, chat }) => {
        await page.goto('/');
        await chat.say('演示一下你能做什么');
        await chat.isLive();
        await chat.ended('completed');
        await openEverything(chat);
        await chat.said.scrollIntoViewIfNeeded();
        await picture(chat, named('chinese-opened'));
        await page.keyboard.press('ControlOrMeta+k');
        await expect(page.getByRole('option', { name: '新对话' })).toBeVisible();
        await picture(chat, named('chinese-palette'));
        await page.keyboard.press('Escape');
        await page.goto('/');
        await expect(page.getByRole('main').getByRole('link', { name: /演示一下/ })).toBeVisible();
        await picture(chat, named('chinese-first'));
      });
    });
  });
}

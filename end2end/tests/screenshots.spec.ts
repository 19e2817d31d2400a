// Screenshots of every state, in target/screenshots, for visual inspection.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test, type Chat } from './chat';
import { screenshot } from './gateway';
import { FakeCodex } from './support/fake-codex';
import { startTcpProxy } from './support/tcp-proxy';
import { hoverConversation } from './support/scroll';

const DEVICES = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

/** Takes a screenshot in each theme, without animations. */
async function takeScreenshots({ page }: Chat, name: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await screenshot(page, `${name}-${colorScheme}`);
  }
}

/** Expands the work of the turn and one step of each kind. */
async function expandSteps(chat: Chat): Promise<void> {
  await chat.workToggle.click();
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

    test('a turn with its work, the first screen and the settings', async ({ page, chat }) => {
      await chat.start('Show me what you can do');
      await expect(chat.step(/^Running/)).toBeVisible({ timeout: 15_000 });
      await chat.waitForTurn('completed');
      await takeScreenshots(chat, named('finished'));
      await expandSteps(chat);
      await page.mouse.move(0, 0);
      await chat.userMessages.scrollIntoViewIfNeeded();
      await takeScreenshots(chat, named('opened'));
      await chat.log.locator('[data-kind=step]').last().scrollIntoViewIfNeeded();
      await takeScreenshots(chat, named('opened-below'));
      await page.goto('/');
      await expect(page.getByRole('main').getByRole('link', { name: /Show me what you can do/ })).toBeVisible();
      await expect(page.getByText(/just now|ago/).first()).toBeVisible();
      await takeScreenshots(chat, named('first'));
      await page.getByRole('button', { name: 'Settings' }).click();
      await expect(page.getByText('Theme')).toBeVisible();
      await takeScreenshots(chat, named('settings'));
    });

    test('a streaming answer', async ({ page, chat }) => {
      await chat.start('Stream a long text');
      await expect(chat.log.getByRole('heading', { name: 'Chapter 2' })).toBeAttached({ timeout: 20_000 });
      await takeScreenshots(chat, named('streaming'));
      await hoverConversation(chat.log);
      await chat.log.evaluate((log) => log.parentElement?.scrollBy(0, -300));
      await expect(page.getByRole('button', { name: 'New messages' })).toBeVisible();
      await takeScreenshots(chat, named('scrolled-up'));
    });

    test('a running and a stopped turn', async ({ chat }) => {
      await chat.start('Run the slow command');
      await expect(chat.log.locator('[data-kind=step] pre').last()).toContainText('started, sleeping');
      await chat.send('And then look at the tests');
      await takeScreenshots(chat, named('running'));
      await chat.stopButton.click();
      await chat.waitForTurn('interrupted');
      await takeScreenshots(chat, named('stopped'));
    });

    test('every kind of server request', async ({ page, chat, startServer }) => {
      const codex = new FakeCodex(named('pictures'), 'asks-together');
      const server = await startServer({ args: [], env: codex.env });
      await chat.start('Ask me everything', `${server.baseURL}/`);
      for (const kind of ['command', 'fileChange', 'permissions', 'userInput', 'elicitation']) {
        await expect(page.locator('.question')).toHaveAttribute('data-kind', kind);
        await takeScreenshots(chat, named(`asks-${kind}`));
        await page.getByRole('button', { name: 'Next' }).click();
      }
      codex.openGate();
      await chat.waitForTurn('completed');
      await takeScreenshots(chat, named('withdrawn'));
      await page.goto('about:blank');
    });

    test('changed files and the details panel', async ({ page, chat, startServer }) => {
      const codex = new FakeCodex(named('changes'), 'changes');
      const server = await startServer({ args: [], env: codex.env });
      await chat.startAndFinish('Change them all', `${server.baseURL}/`);
      await takeScreenshots(chat, named('changed'));
      const changed = chat.log.locator('.changed');
      await changed.getByRole('button', { name: /server\.rs/ }).click();
      await changed.getByRole('button', { name: 'Comment on src/server.rs:15' }).click();
      await changed.getByRole('textbox').fill('Why thirty?');
      await changed.scrollIntoViewIfNeeded();
      await page.mouse.move(0, 0);
      await takeScreenshots(chat, named('diff'));
      await page.keyboard.press('Enter');
      const panel = page.getByRole('complementary', { name: 'Details' });
      await changed.getByRole('button', { name: 'Show all changes' }).click();
      for (const name of ['Plan', 'Usage', 'Events', 'Changes']) {
        await panel.getByRole('tab', { name }).click();
        if (name === 'Events') {
          // On a phone, the composer is behind the panel.
          await page.locator('form.composer').evaluate((form: HTMLFormElement) => form.requestSubmit());
          await expect(panel.getByRole('button', { name: /turn\/completed/ })).toBeVisible();
          await panel.getByRole('button', { name: /tokenUsage/ }).click();
        }
        await page.mouse.move(0, 0);
        await takeScreenshots(chat, named(`panel-${name.toLowerCase()}`));
      }
      // A phone has no room for the side-by-side layout.
      if (device === 'desktop') {
        await panel.getByRole('button', { name: 'Side by side' }).click();
        await page.mouse.move(0, 0);
        await takeScreenshots(chat, named('panel-sides'));
      }
      if (device === 'desktop') {
        await page.setViewportSize({ width: 1024, height: 800 });
        await takeScreenshots(chat, named('panel-over'));
      }
      await page.goto('about:blank');
    });

    test('every kind of step', async ({ page, chat, startServer, pageErrors }) => {
      pageErrors.allow(/status of 404/); // Its images do not exist.
      const codex = new FakeCodex(named('kinds'), 'normal');
      const server = await startServer({ args: [], env: codex.env });
      await chat.startAndFinish('Do one of each', `${server.baseURL}/`);
      await chat.workToggle.click();
      for (const step of await chat.log.locator('.step > .row:enabled').all()) {
        if ((await step.getAttribute('aria-expanded')) === 'false') await step.click();
      }
      await page.mouse.move(0, 0);
      await chat.userMessages.scrollIntoViewIfNeeded();
      await takeScreenshots(chat, named('kinds'));
      await chat.log.getByText('no road').scrollIntoViewIfNeeded();
      await takeScreenshots(chat, named('kinds-middle'));
      await chat.answers.last().scrollIntoViewIfNeeded();
      await takeScreenshots(chat, named('kinds-end'));
      await page.goto('about:blank');
    });

    test('a long output, and a command that outlives its turn', async ({ page, chat, startServer }) => {
      await chat.startAndFinish('!standin big-output');
      await chat.workToggle.click();
      await chat.step(/^Ran/).click();
      await chat.log.getByRole('button', { name: 'Show all' }).scrollIntoViewIfNeeded();
      await page.mouse.move(0, 0);
      await takeScreenshots(chat, named('long-output'));
      const codex = new FakeCodex(named('outlives'), 'outlives');
      const server = await startServer({ args: [], env: codex.env });
      await chat.startAndFinish('Watch', `${server.baseURL}/`);
      await expect(chat.step(/^Still running npm run watch/)).toBeVisible();
      await takeScreenshots(chat, named('outlives'));
      await page.goto('about:blank');
    });

    test('the list of conversations', async ({ page, chat, request }) => {
      await chat.startAndFinish('!standin reasoning, command, text');
      await page.goto('/');
      await chat.start('Run the slow command');
      await expect(chat.step(/^Running/)).toBeVisible({ timeout: 15_000 });
      if (device === 'phone') await page.getByRole('button', { name: 'Conversations' }).click();
      await page.getByRole('button', { name: /^Options for “Run/ }).first().click();
      await takeScreenshots(chat, named('conversations'));
      await request.delete(`/api/sessions/${chat.sessionId}`);
      await page.goto('/');
      if (device === 'phone') await page.getByRole('button', { name: 'Conversations' }).click();
      await page.getByRole('navigation').getByRole('link', { name: /Run the slow command/ }).first().click();
      await page.waitForURL(/\/t\/[^/]+$/);
      await expect(chat.userMessages).toHaveCount(1);
      await takeScreenshots(chat, named('past'));
    });

    test('search, palette, shortcuts and an unread conversation', async ({ page, chat, request }) => {
      await chat.startAndFinish('Show me what you can do');
      const first = chat.sessionId;
      await page.keyboard.press('ControlOrMeta+f');
      await page.keyboard.type('standin');
      await expect(page.getByRole('search').getByRole('status')).toHaveText(/^1 of/);
      await expect(chat.log.locator('[data-found]')).toBeInViewport();
      await takeScreenshots(chat, named('search'));
      await page.keyboard.press('Escape');
      await page.keyboard.press('ControlOrMeta+k');
      await expect(page.getByRole('option', { name: /Show me what you can do/ }).first()).toBeVisible();
      await takeScreenshots(chat, named('palette'));
      await page.keyboard.type('no such thing at all');
      await expect(page.getByRole('dialog').getByRole('status')).toBeVisible();
      await takeScreenshots(chat, named('palette-nothing'));
      await page.keyboard.press('Escape');
      await chat.messageField.blur();
      await page.keyboard.press('?');
      await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
      await takeScreenshots(chat, named('keys'));
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Settings' }).click();
      await takeScreenshots(chat, named('settings-conversation'));
      await page.keyboard.press('Escape');
      await page.goto('/');
      await request.post(`/api/sessions/${first}/turn`, { data: { prompt: 'Reply with exactly the single word new.', wait: true } });
      await page.reload();
      if (device === 'phone') await page.getByRole('button', { name: 'Conversations' }).click();
      await expect(page.getByRole('navigation').getByText('New', { exact: true })).toBeAttached();
      await takeScreenshots(chat, named('unread'));
    });

    test('a pending and a declined approval', async ({ page, chat }) => {
      await chat.start('!standin reasoning, command, escalate');
      await expect(page.locator('.question')).toBeVisible({ timeout: 15_000 });
      await takeScreenshots(chat, named('asks'));
      await page.locator('.question').getByRole('button', { name: /^Decline/ }).first().click();
      await chat.waitForTurn('completed');
      await takeScreenshots(chat, named('declined'));
    });

    test('automatic approvals', async ({ page, chat, startServer }) => {
      const server = await startServer({ env: { CODEX_GATEWAY_APPROVALS: 'accept' } });
      await page.goto(server.baseURL);
      await takeScreenshots(chat, named('approves-everything-first'));
      await chat.start('!standin escalate', `${server.baseURL}/`);
      await chat.waitForTurn('completed');
      await takeScreenshots(chat, named('approves-everything'));
      await page.goto('about:blank');
    });

    test('failed, unsent, disconnected, deleted and unknown conversations', async ({ page, chat, gateway, request, pageErrors }) => {
      pageErrors.allow(/Failed to load resource/, /request failed/);
      const proxy = await startTcpProxy(gateway.port);
      await chat.start('!standin fail status=400', proxy.baseURL);
      await chat.waitForTurn('failed');
      await takeScreenshots(chat, named('failed'));
      await page.route('**/_fn/send', (route) => route.abort());
      await chat.send('A message that is not sent');
      await expect(page.getByText(/^Not sent ·/)).toBeVisible();
      await takeScreenshots(chat, named('unsent'));
      proxy.cut();
      await expect(page.getByText(/Reconnecting in/)).toBeVisible();
      await takeScreenshots(chat, named('disconnected'));
      proxy.restore();
      await chat.waitUntilLive();
      await request.delete(`/api/sessions/${chat.sessionId}`);
      await expect(page.getByText('This conversation was deleted.')).toBeVisible();
      await takeScreenshots(chat, named('closed'));
      await page.goto('/c/nonsense');
      await takeScreenshots(chat, named('not-found'));
      await page.goto('about:blank');
      await proxy.close();
    });

    test.describe('in Chinese', () => {
      test.use({ locale: 'zh-CN' });

      test('a turn, the palette and the first screen', async ({ page, chat }) => {
        await page.goto('/');
        await chat.send('演示一下你能做什么');
        await chat.waitUntilLive();
        await chat.waitForTurn('completed');
        await expandSteps(chat);
        await chat.userMessages.scrollIntoViewIfNeeded();
        await takeScreenshots(chat, named('chinese-opened'));
        await page.keyboard.press('ControlOrMeta+k');
        await expect(page.getByRole('option', { name: '新对话' })).toBeVisible();
        await takeScreenshots(chat, named('chinese-palette'));
        await page.keyboard.press('Escape');
        await page.goto('/');
        await expect(page.getByRole('main').getByRole('link', { name: /演示一下/ })).toBeVisible();
        await takeScreenshots(chat, named('chinese-first'));
      });
    });
  });
}

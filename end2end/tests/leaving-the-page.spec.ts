// A page that is left while one of its requests or timers is under way: what arrives later finds the page's signals gone.
import type { Page } from '@playwright/test';
import { expect, test, type Chat, type Server } from './chat';
import { FakeCodex } from './support/fake-codex';
import { openLongConversation } from './support/long-conversation';
import { TARGET, type ServerOptions } from './support/server';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const READY = 'Reply with exactly the single word ready.';
/** A PNG of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

interface Fixtures {
  page: Page;
  chat: Chat;
  startServer: (options?: Partial<ServerOptions>) => Promise<Server>;
}

/** A request of the page, and what the user does before and to cause it. */
interface Case {
  path: string;
  open?: (fixtures: Fixtures) => Promise<unknown>;
  cause: (fixtures: Fixtures) => Promise<unknown>;
}

const sidebar = (page: Page) => page.getByRole('navigation', { name: 'Conversations' });

/** Opens the menu of the conversation in the sidebar, and chooses a command. */
async function chooseInSidebar({ page, chat }: Fixtures, command: string): Promise<void> {
  const row = sidebar(page).getByRole('listitem').filter({ has: page.locator(`a[href="/c/${chat.sessionId}"]`) });
  await row.hover();
  await row.getByRole('button', { name: /^Options for/ }).click();
  await row.getByRole('button', { name: command, exact: true }).click();
}

async function command({ chat }: Fixtures, text: string): Promise<void> {
  await chat.messageField.fill(text);
  await chat.messageField.press('Enter');
}

async function openFolder({ page, startServer }: Fixtures): Promise<void> {
  const root = path.join(TARGET, 'e2e', 'leaving-folder');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(path.join(root, '.codex'), { recursive: true });
  writeFileSync(path.join(root, '.codex/config.toml'), '[mcp_servers.marker]\ncommand = "true"\n');
  const server = await startServer({ env: { CODEX_GATEWAY_CWD: root } });
  await page.goto(server.baseURL);
  const chat = page.getByRole('textbox', { name: 'Message' });
  await chat.fill(READY);
  await expect(page.getByRole('button', { name: 'Send' })).toBeEnabled();
  await chat.press('Enter');
  await page.waitForURL(/\/c\/[^/]+$/);
}

const CASES: Record<string, Case> = {
  'the suggestions of files': {
    path: '/_fn/files',
    cause: ({ chat }) => chat.messageField.pressSequentially('@a'),
  },
  'an interrupt': {
    path: '/_fn/interrupt',
    open: ({ chat }) => chat.start('!standin slow-command'),
    cause: ({ chat }) => chat.stopButton.click(),
  },
  'an answer to a request': {
    path: '/_fn/answer',
    open: async ({ chat }) => {
      await chat.start('!standin escalate');
      await chat.waitUntilAnswerable();
    },
    cause: ({ page }) => page.locator('.question [data-decline]').click(),
  },
  'an upload': {
    path: '/api/uploads',
    cause: ({ page }) =>
      page.getByLabel('Attach images').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: PIXEL }),
  },
  'a search of the conversation': {
    path: '/_fn/search',
    cause: async ({ page }) => {
      await page.keyboard.press('ControlOrMeta+f');
      await page.keyboard.type('ready');
    },
  },
  'a page of older entries': {
    path: '/_fn/items',
    open: ({ chat, startServer }) => openLongConversation(chat, startServer, 100),
    cause: ({ chat }) => chat.log.evaluate((log) => log.parentElement?.scrollTo({ top: 0, behavior: 'instant' })),
  },
  'a rename': {
    path: '/_fn/rename',
    cause: async (fixtures) => {
      await chooseInSidebar(fixtures, 'Rename');
      await sidebar(fixtures.page).getByRole('textbox', { name: 'Rename', exact: true }).fill('Zanzibar');
      await fixtures.page.keyboard.press('Enter');
    },
  },
  'a rename by command': {
    path: '/_fn/rename',
    cause: (fixtures) => command(fixtures, '/rename Zanzibar'),
  },
  'an archiving': {
    path: '/_fn/act',
    cause: (fixtures) => command(fixtures, '/archive'),
  },
  'a compaction': {
    path: '/_fn/act',
    cause: (fixtures) => command(fixtures, '/compact'),
  },
  'a fork': {
    path: '/_fn/act',
    cause: async ({ chat }) => {
      await chat.turns.first().hover();
      await chat.turns.first().getByRole('button', { name: 'Fork from here' }).click();
    },
  },
  'an edit in a fork': {
    path: '/_fn/fork-and-send',
    cause: async ({ page, chat }) => {
      await chat.turns.first().hover();
      await chat.turns.first().getByRole('button', { name: 'Edit message' }).click();
      await page.getByRole('textbox', { name: 'Edit message' }).fill(READY);
      await page.getByRole('button', { name: 'Fork instead' }).click();
    },
  },
  'the rules': {
    path: '/_fn/rules',
    cause: async ({ page }) => {
      await page.keyboard.press('ControlOrMeta+k');
      await page.keyboard.type('Always allowed');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('dialog', { name: 'Always allowed' })).toBeVisible();
      await page.keyboard.press('Escape');
    },
  },
  'a message': {
    path: '/_fn/send',
    cause: ({ chat }) => chat.send(READY),
  },
  'a decision about the folder': {
    path: '/_fn/trust',
    open: openFolder,
    cause: async ({ page }) => {
      const question = page.getByRole('region', { name: 'Codex settings of this folder' });
      const trust = question.getByRole('button', { name: 'Trust', exact: true });
      if (!(await trust.isVisible())) await question.getByText('Trust it?').click();
      await trust.click();
    },
  },
};

/** Opens the first screen without loading the page anew. */
async function goHome(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'New chat' }).first().click();
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
}

/** Expects that the page still reacts. Errors of the page fail the test by themselves. */
async function expectAlive(page: Page, chat: Chat): Promise<void> {
  await page.getByRole('button', { name: 'Settings' }).first().click();
  await page.keyboard.press('Escape');
  await chat.messageField.fill('alive');
  await expect(chat.sendButton).toBeEnabled();
  await chat.messageField.fill('');
}

for (const [name, { path, open, cause }] of Object.entries(CASES)) {
  for (const outcome of ['arrives', 'fails'] as const) {
    test(`${name} that ${outcome} after the page was left leaves the page alive`, async ({
      page,
      chat,
      pageErrors,
      startServer,
    }) => {
      if (outcome === 'fails') pageErrors.allow(/Failed to load resource/, /request failed/);
      const fixtures = { page, chat, startServer };
      await (open?.(fixtures) ?? chat.startAndFinish(READY));
      await expect(chat.turns.first()).toBeVisible();
      let release = () => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      const isOwn = (url: URL) => url.pathname === path;
      await page.route(isOwn, async (route) => {
        await released;
        await (outcome === 'arrives' ? route.continue() : route.abort());
      });
      const requested = page.waitForRequest((request) => isOwn(new URL(request.url())));
      await cause(fixtures);
      const request = await requested;
      await goHome(page);
      release();
      await (outcome === 'arrives' ? (await request.response())?.finished() : expect.poll(() => request.failure()).not.toBeNull());
      await expectAlive(page, chat);
    });
  }
}

test('a conversation that arrives after another page was opened leaves the page alive', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  const { pathname } = new URL(page.url());
  await goHome(page);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/_fn/snapshot', async (route) => {
    await released;
    await route.continue();
  });
  const requested = page.waitForRequest('**/_fn/snapshot');
  await sidebar(page).locator(`a[href="${pathname}"]`).click();
  const request = await requested;
  await goHome(page);
  release();
  await (await request.response())?.finished();
  await expectAlive(page, chat);
});

test('timers of a page that was left leave the next page alive', async ({ page, chat, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await chat.startAndFinish('!standin text');
  await page.clock.install();
  // The label of the button, the search of the conversation and the draft wait for a moment.
  await chat.log.getByRole('button', { name: 'Copy' }).first().click();
  await page.keyboard.press('ControlOrMeta+f');
  await page.keyboard.type('rea');
  await chat.messageField.fill('a draft');
  await goHome(page);
  await page.clock.runFor(10_000);
  await expectAlive(page, chat);
});

test('a card that is left while its buttons are locked leaves the next page alive', async ({ page, chat, startServer }) => {
  const codex = new FakeCodex('leaving', 'asks-together');
  const server = await startServer({ args: [], env: codex.env });
  await page.clock.install();
  await chat.start('Ask', server.baseURL);
  await expect(page.locator('.question')).toBeVisible();
  await goHome(page);
  await page.clock.runFor(10_000);
  await expectAlive(page, chat);
});

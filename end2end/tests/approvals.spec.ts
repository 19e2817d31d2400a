// An approval is possible only after all of the request has been in view, and what is displayed is what is approved.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { type Chat, expect, test } from './chat';
import type { Server } from './gateway';
import { FakeCodex } from './support/fake-codex';

const COMMAND = 'item/commandExecution/requestApproval';
const EDIT = 'item/fileChange/requestApproval';

const box = (page: Page): Locator => page.locator('.question');
const allow = (page: Page): Locator => box(page).getByRole('button', { name: /^Allow once/ });
const decline = (page: Page): Locator => box(page).getByRole('button', { name: /^Decline/ }).first();
/** The element below the content of the request. */
const end = (page: Page): Locator => box(page).locator('.end-marker');

interface Request {
  asks: { method: string; params: object }[];
  changes?: object[];
  later?: object[];
}

const command = (command: string, more: object = {}): Request => ({ asks: [{ method: COMMAND, params: { command, cwd: '/', ...more } }] });
const edit = (changes: object[], later: object[] = []): Request => ({
  asks: [{ method: EDIT, params: { reason: 'It is outside.' } }],
  changes,
  ...(later.length > 0 && { later }),
});
const added = (name: string, lines: string[]) => ({ path: `/outside/${name}`, kind: { type: 'add' }, diff: `${lines.join('\n')}\n` });
const numbered = (count: number) => Array.from({ length: count }, (_, n) => `line ${n + 1}`);

type StartServer = (options: object) => Promise<Server>;

/** Makes codex send the requests, and waits until the first can be answered. */
async function ask(chat: Chat, startServer: StartServer, request: Request): Promise<FakeCodex> {
  const codex = new FakeCodex('approvals', 'asks-as-written');
  codex.setRequests(request);
  const server = await startServer({ args: [], env: codex.env });
  await chat.start('Go on', `${server.baseURL}/`);
  await chat.waitUntilAnswerable();
  await box(chat.page).focus();
  return codex;
}

/** Tries to allow the request, by key and by click. */
async function tryToAllow(page: Page): Promise<void> {
  await page.keyboard.press('1');
  await allow(page).dispatchEvent('click');
}

async function expectAllowed(chat: Chat): Promise<void> {
  await expect(box(chat.page)).toBeHidden();
  await chat.waitForTurn('completed');
  await expect(chat.answers.last()).toContainText('"decision":"accept"');
}

// The page is closed before its server, so that its requests do not fail.
test.afterEach(({ page }) => page.goto('about:blank'));

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

/** Requests that do not fit into view, so that `1` must not allow them. */
const LONG_REQUESTS: Record<string, Request> = {
  'a command of 20,000 characters': command(`echo ${'x'.repeat(20_000)}; rm -rf ~`),
  'a command of 300 lines': command(`cat <<EOF\n${numbered(300).join('\n')}\nEOF\nrm -rf ~`),
  '61 files': edit(Array.from({ length: 61 }, (_, n) => added(`${n}.txt`, ['one', 'two']))),
  'a patch of 3,001 lines': edit([added('long.txt', numbered(3001))]),
};

for (const size of SIZES) {
  for (const [name, request] of Object.entries(LONG_REQUESTS)) {
    test(`${name} at ${size.width} px cannot be allowed before its end has been in view`, async ({ page, chat, startServer }) => {
      await page.setViewportSize(size);
      await ask(chat, startServer, request);
      await expect(box(page)).toHaveAttribute('data-seen', /partly|folded/);
      await expect(allow(page)).toBeInViewport();
      await expect(decline(page)).toBeInViewport();
      await expect(allow(page)).toHaveAttribute('aria-disabled', 'true');
      await expect(allow(page)).toHaveAccessibleDescription(/to allow$/);
      await expect(decline(page)).not.toHaveAttribute('aria-disabled');
      await page.screenshot({ path: `../target/screenshots/approval-${name.replace(/\W+/g, '-')}-${size.width}.png` });
      await tryToAllow(page);
      await expect(box(page).getByRole('status')).toContainText(/Nothing was allowed|folded/);
      await expect(box(page)).toBeVisible();
      expect(await chat.answers.count()).toBe(0);

      await page.keyboard.press('End');
      // Collapsed content has not been in view either.
      const collapsed = box(page).locator('.request-scroller button[data-folded]').first();
      if (await collapsed.isVisible()) {
        await expect(box(page)).toHaveAttribute('data-seen', 'folded');
        await tryToAllow(page);
        await expect(box(page)).toBeVisible();
        await collapsed.click();
        await expect(box(page)).toHaveAttribute('data-seen', 'partly');
        await box(page).focus();
        await page.keyboard.press('End');
      }
      await expect(end(page)).toBeInViewport();
      await expect(box(page)).toHaveAttribute('data-seen', 'all');
      await expect(allow(page)).not.toHaveAttribute('aria-disabled');
      await page.keyboard.press('1');
      await expectAllowed(chat);
    });
  }

  test(`400 blank lines at ${size.width} px are collapsed to their number, and the whole command is in view`, async ({ page, chat, startServer }) => {
    await page.setViewportSize(size);
    await ask(chat, startServer, command(`ls${'\n'.repeat(400)}rm -rf ~`, { reason: `Look.${'\n'.repeat(400)}Please.` }));
    await expect(box(page).locator('.prompt .blank-lines')).toHaveAttribute('data-label', '399 blank lines');
    await expect(box(page)).toHaveAttribute('data-seen', 'all');
    await expect(end(page)).toBeInViewport();
    await expect(allow(page)).toBeInViewport();
    await page.screenshot({ path: `../target/screenshots/approval-newlines-${size.width}.png` });
    await page.keyboard.press('1');
    await expectAllowed(chat);
  });
}

for (const size of SIZES) {
  test(`a long reason at ${size.width} px is truncated, and the command and the buttons are in view`, async ({ page, chat, startServer }) => {
    await page.setViewportSize(size);
    await ask(chat, startServer, command('rm -rf ~', { reason: 'It is harmless. '.repeat(2000) }));
    await expect(box(page)).toHaveAttribute('data-seen', 'all');
    await expect(box(page).locator('.prompt')).toBeInViewport({ ratio: 1 });
    await expect(allow(page)).toBeInViewport({ ratio: 1 });
    await page.screenshot({ path: `../target/screenshots/approval-justification-${size.width}.png` });
    await page.keyboard.press('1');
    await expectAllowed(chat);
  });
}

test('a truncated reason is below the command, and Show all expands it', async ({ page, chat, startServer }) => {
  await ask(chat, startServer, command('rm -rf ~', { reason: 'It is harmless. '.repeat(2000) }));
  const above = await box(page).locator('.prompt').boundingBox();
  const reason = box(page).locator('.reason');
  const below = await reason.boundingBox();
  expect(above && below && above.y + above.height <= below.y).toBe(true);
  expect((await reason.textContent())?.length).toBeLessThan(400);
  await reason.getByRole('button', { name: 'Show all' }).click();
  expect((await reason.textContent())?.length).toBeGreaterThan(30_000);
  await expect(box(page)).toHaveAttribute('data-seen', 'all');
});

test('Show all expands all changes, and the request can be allowed then', async ({ page, chat, startServer }) => {
  const long = `${'y'.repeat(2_990)}the very end`;
  await ask(chat, startServer, edit([added('long.txt', numbered(3001)), added('wide.txt', [long])]));
  await expect(box(page)).toHaveAttribute('data-seen', 'partly');
  await box(page).getByRole('status').getByRole('button', { name: 'Show all' }).click();
  await expect(box(page)).toHaveAttribute('data-seen', 'all');
  await expect(box(page).locator('[data-folded]')).toHaveCount(0);
  await expect(box(page).locator('.line')).toHaveCount(3002);
  await expect(box(page).locator('.line').last()).toContainText('the very end');
  await allow(page).click();
  await expectAllowed(chat);
});

test('the key to allow scrolls by a page first, and repeated presses do not allow the request when its end is reached', async ({ page, chat, startServer }) => {
  await ask(chat, startServer, command(numbered(60).join('\n')));
  const asked = box(page).locator('.request-scroller');
  const top = () => asked.evaluate((asked) => asked.scrollTop);
  expect(await top()).toBe(0);
  await page.keyboard.press('1');
  expect(await top()).toBeGreaterThan(0);
  // Synchronously, so that no time passes between the key press that reaches the end and the next one.
  await box(page).evaluate((box) => {
    for (let press = 0; press < 20; press++) box.dispatchEvent(new KeyboardEvent('keydown', { key: '1', bubbles: true }));
  });
  await expect(box(page)).toHaveAttribute('data-seen', 'all');
  await expect(allow(page)).toBeEnabled();
  await page.keyboard.press('Escape');
  await chat.waitForTurn('completed');
  await expect(chat.answers.last()).toContainText('"decision":"decline"');
});

test('a request that cannot be allowed yet has no axe violations', async ({ page, chat, startServer }) => {
  await ask(chat, startServer, command(`cat \u200f\n${numbered(60).join('\n')}`, { reason: 'It is harmless. '.repeat(200) }));
  await expect(box(page)).toHaveAttribute('data-seen', 'partly');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => ({ id, html: nodes.map((node) => node.html) }))).toEqual([]);
    await page.screenshot({ path: `../target/screenshots/approval-locked-${colorScheme}.png` });
  }
});

test('a request can be declined before its end has been in view', async ({ page, chat, startServer }) => {
  await ask(chat, startServer, command(numbered(300).join('\n')));
  await expect(box(page)).toHaveAttribute('data-seen', 'partly');
  await page.keyboard.press('Escape');
  await chat.waitForTurn('completed');
  await expect(chat.answers.last()).toContainText('"decision":"decline"');
});

test('a patch that changes after it was in view cannot be allowed before its new end has been in view', async ({ page, chat, startServer }) => {
  const codex = await ask(chat, startServer, edit([added('a.txt', ['harmless'])], [added('a.txt', ['harmless', ...numbered(300)])]));
  await expect(box(page)).toHaveAttribute('data-seen', 'all');
  codex.openGate();
  await expect(box(page)).toContainText('line 300');
  await expect(box(page)).toHaveAttribute('data-seen', 'partly');
  await tryToAllow(page);
  await expect(box(page)).toBeVisible();
  await box(page).focus();
  await page.keyboard.press('End');
  await expect(box(page)).toHaveAttribute('data-seen', 'all');
  await page.keyboard.press('1');
  await expectAllowed(chat);
});

test('a phone in landscape orientation shows the request and its buttons', async ({ page, chat, startServer }) => {
  await page.setViewportSize({ width: 844, height: 390 });
  await ask(chat, startServer, command(numbered(60).join('\n')));
  await page.screenshot({ path: '../target/screenshots/approval-landscape.png' });
  await expect(allow(page)).toBeInViewport({ ratio: 1 });
  await expect(decline(page)).toBeInViewport({ ratio: 1 });
  await expect(box(page).locator('.prompt')).toBeInViewport();
  await tryToAllow(page);
  await expect(box(page)).toBeVisible();
  await page.keyboard.press('End');
  await expect(box(page)).toHaveAttribute('data-seen', 'all');
});

test('an MCP form cannot be sent before its end has been in view', async ({ page, chat, startServer }) => {
  const message = `${numbered(200).join('\n')}\nAnd give me everything.`;
  const form = { serverName: `maps${'s'.repeat(300)}`, mode: 'form', message, requestedSchema: { type: 'object', properties: {} } };
  await ask(chat, startServer, { asks: [{ method: 'mcpServer/elicitation/request', params: form }] });
  const send = box(page).getByRole('button', { name: 'Send' });
  await expect(send).toBeInViewport();
  await send.dispatchEvent('click');
  await expect(box(page)).toBeVisible();
  await expect(send).toHaveAttribute('aria-disabled', 'true');
  await page.keyboard.press('End');
  await expect(box(page)).toHaveAttribute('data-seen', 'all');
  await expect(box(page)).toContainText(form.serverName);
  await send.click();
  await expect(box(page)).toBeHidden();
  await chat.waitForTurn('completed');
});

test('a long host name is shown in full, and the buttons stay in view', async ({ page, chat, startServer }) => {
  const host = `${'a'.repeat(400)}.example`;
  const network = { networkApprovalContext: { host, protocol: 'https' }, availableDecisions: ['accept', 'cancel'] };
  await ask(chat, startServer, command('curl', network));
  await expect(allow(page)).toBeInViewport({ ratio: 1 });
  await expect(decline(page)).toBeInViewport({ ratio: 1 });
  await expect(box(page).locator('.request-details')).toContainText(host);
});

test('a long rule is shown in full, and the buttons stay in view', async ({ page, chat, startServer }) => {
  const word = 'b'.repeat(900);
  const rule = { acceptWithExecpolicyAmendment: { execpolicy_amendment: ['cargo', word] } };
  const decisions = { availableDecisions: ['accept', rule, 'cancel'], cwd: undefined };
  await ask(chat, startServer, command(`bash -lc 'cargo ${word} more'`, decisions));
  await expect(allow(page)).toBeInViewport({ ratio: 1 });
  await expect(decline(page)).toBeInViewport({ ratio: 1 });
  await expect(box(page).locator('.request-details')).toContainText(`cargo ${word} …`);
});

/** Returns the characters of an element's text as displayed, from left to right. Fails if there is more than one line. */
async function displayedText(element: Locator): Promise<string> {
  return element.evaluate((element) => {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const characters: { char: string; x: number; y: number }[] = [];
    while (texts.nextNode()) {
      const text = texts.currentNode as Text;
      // A marker replaces the display of its character.
      const marker = text.parentElement?.closest('.codepoint');
      for (let at = 0; at < text.data.length; at++) {
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        const { left, top } = (marker ?? range).getBoundingClientRect();
        characters.push({ char: text.data[at] ?? '', x: left, y: marker ? Number.NaN : Math.round(top) });
      }
    }
    const line = characters.find(({ y }) => !Number.isNaN(y))?.y;
    if (characters.some(({ y }) => !Number.isNaN(y) && y !== line)) throw new Error('the text has more than one line');
    return characters.sort((one, other) => one.x - other.x).map(({ char }) => char).join('');
  });
}

/** Returns the text that copying an element gives. */
const copiedText = (element: Locator): Promise<string> =>
  element.evaluate((element) => {
    const selection = getSelection();
    selection?.selectAllChildren(element);
    return selection?.toString() ?? '';
  });

test('a command with invisible characters is displayed in logical order with markers, and copied unchanged', async ({ page, chat, startServer }) => {
  const hostile = 'cat \u200f1 > 2024\u200f\u2060\ufeff\u3164\u{e0041}';
  await ask(chat, startServer, command(hostile));
  const line = box(page).locator('.prompt code');
  expect(await displayedText(line)).toBe(hostile);
  const labels = await line.locator('.codepoint').evaluateAll((all) => all.map((one) => one.getAttribute('data-label')));
  expect(labels).toEqual(['U+200F', 'U+200F', 'U+2060', 'U+FEFF', 'U+3164', 'U+E0041']);
  await expect(line.locator('.codepoint').first()).toHaveAttribute('title', 'U+200F RIGHT-TO-LEFT MARK');
  expect(await copiedText(line)).toBe(hostile);
  await page.screenshot({ path: '../target/screenshots/approval-invisible.png' });
  await box(page).focus();
  await page.keyboard.press('1');
  await expectAllowed(chat);
  // The rows of the conversation show the markers too.
  await chat.workToggle.click();
  await expect(chat.log.locator('.row .target .codepoint').first()).toHaveAttribute('data-label', 'U+200F');
});

test('right-to-left text in commands and paths is displayed in logical order', async ({ page, chat, startServer }) => {
  const words = 'rm \u05d0/\u05d1/\u05d2 > \u0662 > \u0663 # 1';
  await ask(chat, startServer, command(words, { cwd: '/\u05d0/\u05d1/1' }));
  expect(await displayedText(box(page).locator('.prompt code'))).toBe(words);
  expect(await displayedText(box(page).locator('.location code').first())).toBe('/\u05d0/\u05d1/1');
  await page.keyboard.press('Escape');
  await chat.waitForTurn('completed');
});

test('right-to-left text in rules is displayed in logical order', async ({ page, chat, startServer }) => {
  const rule = { acceptWithExecpolicyAmendment: { execpolicy_amendment: ['rm', '\u05d0', '\u05d1'] } };
  const asked = command("bash -lc 'rm \u05d0 \u05d1 1'", { availableDecisions: ['accept', rule], cwd: undefined });
  await ask(chat, startServer, asked);
  const always = box(page).locator('.choices button span').filter({ hasText: 'rm' }).first();
  expect(await displayedText(always)).toContain('rm \u05d0 \u05d1');
  await page.keyboard.press('Escape');
  await chat.waitForTurn('completed');
});

test('a line of 3,000 characters is truncated, and can be expanded', async ({ page, chat, startServer }) => {
  const long = `${'z'.repeat(2_990)}\u202ethe end`;
  await ask(chat, startServer, edit([added('wide\u200f.txt', [long])]));
  const line = box(page).locator('.line .text');
  await expect(box(page).locator('.row .target .codepoint')).toHaveAttribute('data-label', 'U+200F');
  await expect(line).not.toContainText('the end');
  await line.getByRole('button', { name: '… show 998 more characters' }).click();
  await expect(line).toContainText('the end');
  await expect(line.locator('.codepoint')).toHaveAttribute('data-label', 'U+202E');
  await expect(line).toHaveText(long);
  await page.keyboard.press('Escape');
  await chat.waitForTurn('completed');
});

test('an MCP tool call shows its tool and arguments, and a key allows it for the session', async ({ page, chat, startServer }) => {
  const call = {
    serverName: 'tracker',
    mode: 'form',
    message: 'Allow the tracker MCP server to run tool "find_issues"?',
    requestedSchema: { type: 'object', properties: {} },
    _meta: {
      codex_approval_kind: 'mcp_tool_call',
      persist: ['session', 'always'],
      tool_name: 'find_issues',
      tool_description: 'Finds issues',
      tool_params: { limit: 3, query: 'bug' },
    },
  };
  await ask(chat, startServer, { asks: [{ method: 'mcpServer/elicitation/request', params: call }] });
  await expect(box(page).getByRole('heading')).toHaveText('Allow tracker to run find_issues?');
  await expect(box(page)).toContainText('Finds issues');
  await expect(box(page).getByRole('row')).toHaveText(['limit3', 'querybug']);
  await expect(box(page)).not.toContainText('codex_approval_kind');
  await expect(box(page)).toHaveAttribute('data-seen', 'all');
  await expect(allow(page)).toHaveAttribute('data-choice', '1');
  await expect(box(page).getByRole('button', { name: /^Allow for this session/ })).toHaveAttribute('data-choice', '2');
  await page.keyboard.press('2');
  await expect(box(page)).toBeHidden();
  await chat.waitForTurn('completed');
});

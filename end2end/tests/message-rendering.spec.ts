// Rendered messages, where a test needs a browser: selection, text direction, copying, printing.
import type { Page } from '@playwright/test';
import { expect, test, type Chat } from './chat';
import { screenshot } from './gateway';
import { FakeCodex } from './support/fake-codex';
import type { Server, ServerOptions } from './support/server';

const THREAD_ID = '00000000-0000-0000-0000-00000000f00d';

/** Starts a gateway with a conversation of the given answers, and opens it. */
async function openConversation(
  chat: Chat,
  startServer: (options?: Partial<ServerOptions>) => Promise<Server>,
  answers: string[],
): Promise<void> {
  const codex = new FakeCodex('text', 'normal');
  const turns = answers.map((text, n) => ({
    id: `turn-${n}`,
    status: 'completed',
    items: [
      { type: 'userMessage', id: `${n}-user`, content: [{ type: 'text', text: `Question ${n}`, text_elements: [] }] },
      { type: 'agentMessage', id: `${n}-more`, text: 'A line.' },
      { type: 'agentMessage', id: `${n}-answer`, text },
    ],
  }));
  codex.writeThread(THREAD_ID, turns);
  const server = await startServer({ args: [], env: codex.env });
  const created = await chat.page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD_ID } });
  const { sessionId } = await created.json();
  await chat.open(`${server.baseURL}/c/${sessionId}`);
  await chat.waitUntilLive();
}

const ANSWER = `**注意：**正文，含**「重点」**内容。见（https://a.example/b）。

It costs **$5** or **$10**, see [the prices](https://prices.example/list). Inline math \\(a_b + c_d\\), and a block:

\\[
\\frac{a}{b}
- c
\\]

> [!NOTE]
> The reason is in \`src/main.rs:42\`.[^1]

> [!CAUTION]
> Nothing is kept.

1. Run this:

   \`\`\`rust
   fn main() {}
   \`\`\`
2. And this.

| Name | What |
|---|---|
| one<br>two | three |

שלום עולם: \`ls -l\` מראה הכול.

- ראשון
- שני

[^1]: It was there before.
`;

test('a selection in a streaming block is kept', async ({ chat }) => {
  await chat.start('!standin deltas count=400 pace_us=10000 size=20');
  const selection = await chat.log.evaluate(async (log) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const open = () => [...log.querySelectorAll('.prose > .block')].at(-1);
    const length = () => open()?.textContent?.length ?? 0;
    while (length() < 20 || length() > 120) await frame();
    const [block, before] = [open()!, length()];
    const text = document.createTreeWalker(block, NodeFilter.SHOW_TEXT).nextNode()!;
    getSelection()!.setBaseAndExtent(text, 2, text, 12);
    const selected = getSelection()!.toString();
    while (block.textContent!.length < before + 60) await frame();
    return { before: selected, after: getSelection()!.toString() };
  });
  expect(selection.before).toHaveLength(10);
  expect(selection.after).toBe(selection.before);
});

test('code in lists, text directions and alert titles are rendered correctly', async ({ page, chat, context, startServer }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openConversation(chat, startServer, [ANSWER]);
  const answer = chat.answers.last();

  const figure = answer.locator('li figure.code');
  await expect(figure.locator('.lang')).toHaveText('rust');
  await expect(figure.locator('.hl-k').first()).toHaveText('fn');
  await figure.getByRole('button', { name: 'Copy' }).click();
  await expect(figure.getByRole('button')).toHaveText('Copied');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('fn main() {}\n');

  const direction = (text: string, inner = '') =>
    answer
      .locator(`.block:has-text("${text}") ${inner}`)
      .first()
      .evaluate((element) => getComputedStyle(element).direction);
  expect(await direction('שלום')).toBe('rtl');
  expect(await direction('ראשון', 'ul')).toBe('rtl');
  expect(await direction('שלום', 'code')).toBe('ltr');
  expect(await direction('Run this')).toBe('ltr');
  await expect(answer.locator('.alert-title')).toHaveText(['Note', 'Caution']);
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await screenshot(page, `text-${colorScheme}`);
    await answer.locator('.block').first().scrollIntoViewIfNeeded();
    await screenshot(page, `text-above-${colorScheme}`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await answer.locator('.alert').first().scrollIntoViewIfNeeded();
  await screenshot(page, 'text-phone');
});

/** Prints the page, and returns the numbers of mounted entries during and after it. */
async function print(page: Page): Promise<{ during: number; after: number }> {
  await page.evaluate(() => {
    const count = () => document.querySelectorAll('.entry').length;
    window.print = () => {
      dispatchEvent(new Event('beforeprint'));
      setTimeout(() => {
        Object.assign(window, { during: count() });
        dispatchEvent(new Event('afterprint'));
      });
    };
  });
  await page.keyboard.press('Control+p');
  await expect.poll(() => page.evaluate(() => (window as unknown as { during?: number }).during ?? 0)).toBeGreaterThan(0);
  return page.evaluate(() => ({
    during: (window as unknown as { during: number }).during,
    after: document.querySelectorAll('.entry').length,
  }));
}

test('printing includes the whole conversation and nothing else', async ({ page, chat, startServer }) => {
  await openConversation(chat, startServer, [ANSWER, ...Array.from({ length: 129 }, (_, n) => `Answer ${n}`)]);
  expect((await print(page)).during).toBe(3 * 130);

  await page.emulateMedia({ media: 'print' });
  await expect(chat.messageField).toBeHidden();
  await expect(page.locator('.sidebar')).toBeHidden();
  const sizes = await page.evaluate(() => {
    const [log, body] = [document.querySelector('.log')!, document.body];
    return { log: log.scrollHeight, page: document.documentElement.scrollHeight, body: body.scrollHeight };
  });
  expect(sizes.page).toBeGreaterThanOrEqual(sizes.log);

  await page.emulateMedia({ media: null });
  await page.reload();
  await chat.waitUntilLive();
});

// Hydration: the page takes over the document that the server rendered.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';
import { FaultyProxy } from './support/faulty-proxy';

declare global {
  interface Element {
    __rendered?: boolean;
  }
}

/** Delays hydration until the returned function is called. */
async function delayHydration(page: Page): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/*.wasm', async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

test('hydration keeps all nodes of the conversation', async ({ page, chat }) => {
  await chat.startAndFinish('!standin reasoning, plan, command, text');
  const hydrate = await delayHydration(page);
  await page.reload({ waitUntil: 'commit' });
  await expect(chat.answers.last()).toBeVisible();
  await page.waitForLoadState('domcontentloaded');
  const before = await chat.log.evaluate((log) => {
    const all = [log, ...log.querySelectorAll('*')];
    for (const element of all) element.__rendered = true;
    return { count: all.length, html: log.innerHTML.replace(/<!--.*?-->/g, '') };
  });
  expect(before.count).toBeGreaterThan(50);

  hydrate();
  await chat.waitUntilLive();
  const after = await chat.log.evaluate((log) => {
    const all = [log, ...log.querySelectorAll('*')];
    const html = log.innerHTML.replace(/<!--.*?-->/g, '');
    return { count: all.length, replaced: all.filter((element) => !element.__rendered).length, html };
  });
  expect(after.replaced).toBe(0);
  expect(after.count).toBe(before.count);
  expect(after.html).toBe(before.html);

  await chat.workToggle.click();
  await expect(chat.step(/^Thought/)).toBeVisible();
});

test('text typed before hydration is kept, and can be sent', async ({ page, chat }) => {
  const hydrate = await delayHydration(page);
  await page.goto('/', { waitUntil: 'commit' });
  await chat.messageField.fill('Reply with exactly the single word early.');
  await expect(chat.sendButton).toBeDisabled();

  hydrate();
  await expect(chat.sendButton).toBeEnabled();
  await expect(chat.messageField).toHaveValue('Reply with exactly the single word early.');
  await chat.messageField.press('Enter');
  await expect(chat.answers).toHaveText('early', { timeout: 10_000 });
});

/** Changes that extensions and proxies make to a document before hydration. */
const CHANGES: Record<string, (html: string) => string> = {
  'an added element in the body': (html) => html.replace('<body>', '<body><div id="foreign"></div>'),
  'an added element in the form': (html) => html.replace(/<form([^>]*)>/, '<form$1><div></div>'),
  'collapsed white space': (html) => html.replace(/\s+/g, ' '),
  'line breaks in place of spaces': (html) => html.replace(/(>[^<]*<)/g, (text) => text.replace(/ /g, '\n')),
  'a wrapped text': (html) => html.replace(/<h1([^>]*)>([^<]+)/, '<h1$1><font>$2</font>'),
  'the wrapped field': (html) => html.replace(/(<textarea[^]*?<\/textarea>)/, '<div>$1</div>'),
  'removed comments and white space': (html) => html.replace(/<!--[^]*?-->|<!>/g, '').replace(/>\s+</g, '><'),
};

test('a modified document is rendered again instead of hydrated, and typed text is kept', async ({ page, chat, gateway, pageErrors }) => {
  test.setTimeout(90_000);
  // Some changes break an inline script.
  pageErrors.allow(/^exception: (SyntaxError|$)/, /preload/);
  await chat.startAndFinish('Reply with exactly the single word before.');
  const proxy = await FaultyProxy.start(gateway.port);
  const address = `${proxy.baseURL}/c/${chat.sessionId}`;
  for (const [what, change] of Object.entries(CHANGES)) {
    await test.step(what, async () => {
      proxy.editHtml = change;
      const hydrate = await delayHydration(page);
      await page.goto(address, { waitUntil: 'commit' });
      await chat.messageField.fill(`written: ${what}`);
      hydrate();
      await chat.waitUntilLive();
      await expect(chat.messageField).toHaveValue(`written: ${what}`);
      await expect(chat.answers.first()).toHaveText('before');
      await chat.messageField.fill(`!standin text`);
      await expect(chat.sendButton).toBeEnabled();
      await page.unroute('**/*.wasm');
    });
  }
  await chat.messageField.fill('Reply with exactly the single word after.');
  await chat.messageField.press('Enter');
  await expect(chat.answers.last()).toHaveText('after', { timeout: 10_000 });
  await page.goto('about:blank');
  await proxy.close();
});

test('texts of a page that the browser translates are still updated', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word before.');
  // Like a browser, replaces every text node by its translation, also after each change.
  await page.evaluate(() => {
    const translate = () => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const texts: Text[] = [];
      while (walker.nextNode()) texts.push(walker.currentNode as Text);
      for (const text of texts) {
        const parent = text.parentElement;
        if (!text.data.trim() || !parent || parent.closest('font, [translate=no], script, textarea')) continue;
        const font = document.createElement('font');
        font.append(document.createElement('font'));
        font.firstElementChild?.append(`«${text.data}»`);
        text.replaceWith(font);
      }
    };
    translate();
    new MutationObserver(translate).observe(document.body, { childList: true, characterData: true, subtree: true });
  });
  await expect(page.locator('header h1')).toContainText('«');
  const translatedStatus = page.waitForFunction(() => /«(Working|Writing|Thinking|Running)/.test(document.querySelector('[data-running]')?.textContent ?? ''));
  await chat.send('!standin command, deltas count=100 pace_us=10000 size=8, text');
  await translatedStatus;
  await chat.waitForTurn('completed', 2);
  await expect(chat.statusLine).not.toContainText(/[«\w]/);
  const state = await page.request.get(`/api/sessions/${chat.sessionId}/state`);
  const { threadId } = (await state.json()).state;
  await page.request.post('/_fn/rename', { data: { thread: threadId, name: 'Another name' } });
  await expect(page.locator('header h1')).toHaveText('«Another name»');
});

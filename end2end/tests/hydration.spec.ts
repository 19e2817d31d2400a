// The page that the server rendered is taken over as it is.
import type { Page } from '@playwright/test';
import { expect, test } from './chat';
import { FaultyProxy } from './support/faulty-proxy';

declare global {
  interface Element {
    __rendered?: boolean;
  }
}

/** Keeps the page from coming alive until it is told to. */
async function hold(page: Page): Promise<() => void> {
  let go = () => {};
  const told = new Promise<void>((resolve) => (go = resolve));
  await page.route('**/*.wasm', async (route) => {
    await told;
    await route.continue();
  });
  return go;
}

test('the conversation is kept, node by node', async ({ page, chat }) => {
  await chat.startAndFinish('!standin reasoning, plan, command, text');
  const comeAlive = await hold(page);
  await page.reload({ waitUntil: 'commit' });
  await expect(chat.answers.last()).toBeVisible();
  await page.waitForLoadState('domcontentloaded');
  const before = await chat.log.evaluate((log) => {
    const all = [log, ...log.querySelectorAll('*')];
    for (const element of all) element.__rendered = true;
    return { count: all.length, html: log.innerHTML.replace(/<!--.*?-->/g, '') };
  });
  expect(before.count).toBeGreaterThan(50);

  comeAlive();
  await chat.isLive();
  const after = await chat.log.evaluate((log) => {
    const all = [log, ...log.querySelectorAll('*')];
    const html = log.innerHTML.replace(/<!--.*?-->/g, '');
    return { count: all.length, replaced: all.filter((element) => !element.__rendered).length, html };
  });
  expect(after.replaced).toBe(0);
  expect(after.count).toBe(before.count);
  expect(after.html).toBe(before.html);

  await chat.fold.click();
  await expect(chat.step(/^Thought/)).toBeVisible();
});

test('what was typed before the page came alive is kept, and can be sent', async ({ page, chat }) => {
  const comeAlive = await hold(page);
  await page.goto('/', { waitUntil: 'commit' });
  await chat.message.fill('Reply with exactly the single word early.');
  await expect(chat.sendButton).toBeDisabled();

  comeAlive();
  await expect(chat.sendButton).toBeEnabled();
  await expect(chat.message).toHaveValue('Reply with exactly the single word early.');
  await chat.message.press('Enter');
  await expect(chat.answers).toHaveText('early', { timeout: 10_000 });
});

/** What extensions and proxies do to a document before the page takes it over. */
const CHANGES: Record<string, (html: string) => string> = {
  'an element first in the body': (html) => html.replace('<body>', '<body><div id="foreign"></div>'),
  'an element first in the form': (html) => html.replace(/<form([^>]*)>/, '<form$1><div></div>'),
  'white space collapsed': (html) => html.replace(/\s+/g, ' '),
  'white space made line breaks': (html) => html.replace(/(>[^<]*<)/g, (text) => text.replace(/ /g, '\n')),
  'a text wrapped': (html) => html.replace(/<h1([^>]*)>([^<]+)/, '<h1$1><font>$2</font>'),
  'the field wrapped': (html) => html.replace(/(<textarea[^]*?<\/textarea>)/, '<div>$1</div>'),
  'the white space between elements taken out, and comments': (html) => html.replace(/<!--[^]*?-->|<!>/g, '').replace(/>\s+</g, '><'),
};

test('a document that was changed on its way is not taken over: the page is made anew, and what was typed is kept', async ({ page, chat, gateway, faults }) => {
  test.setTimeout(90_000);
  // A document can be changed so that one of its scripts cannot be read.
  faults.allow(/^exception: (SyntaxError|$)/, /preload/);
  await chat.startAndFinish('Reply with exactly the single word before.');
  const proxy = await FaultyProxy.to(gateway.port);
  const address = `${proxy.baseURL}/c/${chat.sessionId}`;
  for (const [what, change] of Object.entries(CHANGES)) {
    await test.step(what, async () => {
      proxy.edit = change;
      const comeAlive = await hold(page);
      await page.goto(address, { waitUntil: 'commit' });
      await chat.message.fill(`written: ${what}`);
      comeAlive();
      await chat.isLive();
      await expect(chat.message).toHaveValue(`written: ${what}`);
      await expect(chat.answers.first()).toHaveText('before');
      await chat.message.fill(`!standin text`);
      await expect(chat.sendButton).toBeEnabled();
      await page.unroute('**/*.wasm');
    });
  }
  await chat.message.fill('Reply with exactly the single word after.');
  await chat.message.press('Enter');
  await expect(chat.answers.last()).toHaveText('after', { timeout: 10_000 });
  await page.goto('about:blank');
  await proxy.close();
});

test('a page that the browser translates goes on: no text freezes', async ({ page, chat }) => {
  await chat.startAndFinish('Reply with exactly the single word before.');
  // As a browser does it: every text is taken out, again and again, and a translation put in its place.
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
  const seen = page.waitForFunction(() => /«(Working|Writing|Thinking|Running)/.test(document.querySelector('[data-running]')?.textContent ?? ''));
  await chat.say('!standin command, deltas count=100 pace_us=10000 size=8, text');
  await seen;
  await chat.ended('completed', 2);
  await expect(chat.liveLine).not.toContainText(/[«\w]/);
  const state = await page.request.get(`/api/sessions/${chat.sessionId}/state`);
  const { threadId } = (await state.json()).state;
  await page.request.post('/_fn/rename', { data: { thread: threadId, name: 'Another name' } });
  await expect(page.locator('header h1')).toHaveText('«Another name»');
});

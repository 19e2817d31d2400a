// A `fetch` that an extension or a script of a proxy has replaced may fail in ways that the browser's own never does.
import { expect, test } from './chat';

const READY = 'Reply with exactly the single word ready.';

/** What the replaced `fetch` does with the next request of a path, in the page. */
const FAULTS = {
  'rejects with a text': () => Promise.reject('blocked'),
  'rejects with nothing': () => Promise.reject(),
  'throws a text': () => {
    throw 'blocked';
  },
  'returns nothing': () => undefined,
  'returns something else than a response': () => Promise.resolve({ ok: true }),
};

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`a fetch that ${name} is a failed request, and the page stays alive`, async ({ page, chat }) => {
    await chat.startAndFinish(READY);
    await page.evaluate((fault) => {
      const original = window.fetch;
      const replacement = new Function(`return (${fault})();`);
      let faults = 1;
      window.fetch = (input, init) => {
        const isSend = (input as Request).url.endsWith('/_fn/send');
        return isSend && faults-- > 0 ? replacement() : original.call(window, input, init);
      };
    }, fault.toString());
    await chat.send('Reply with exactly the single word second.');
    const unsent = chat.log.locator('[data-unsent]');
    await expect(unsent).toContainText('second');
    await unsent.getByRole('button', { name: 'Retry' }).click();
    await expect(chat.answers).toHaveText(['ready', 'second']);
    await expect(unsent).toHaveCount(0);
  });
}

test('a stream whose fetch rejects with a text is opened again', async ({ page, chat }) => {
  await chat.startAndFinish(READY);
  await page.evaluate(() => {
    const original = window.fetch;
    let faults = 2;
    window.fetch = (input, init) =>
      (input as Request).url.includes('/events?') && faults-- > 0 ? Promise.reject('blocked') : original.call(window, input, init);
    window.dispatchEvent(new Event('offline'));
    window.dispatchEvent(new Event('online'));
  });
  await chat.waitUntilLive();
  await chat.send(READY);
  await chat.waitForTurn('completed', 2);
});

test('addresses of requests have no trailing separator', async ({ page, chat }) => {
  const urls: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  await chat.startAndFinish(READY);
  expect(urls.filter((url) => url.includes('/events?')).length).toBeGreaterThan(0);
  expect(urls.filter((url) => /[?&]$/.test(url))).toEqual([]);
});

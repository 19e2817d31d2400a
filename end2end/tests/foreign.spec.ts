// A page of another site that a person happens to look at while the gateway runs on their machine: it tries what
// a page can try, and nothing gets through.
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

// Names that resolve to this machine: one of another site, and one that is rebound to the gateway itself.
test.use({
  launchOptions: async ({ launchOptions }, use) => {
    const rules = 'MAP evil.example 127.0.0.1, MAP evil.localhost 127.0.0.1';
    await use({ ...launchOptions, args: [...(launchOptions.args ?? []), `--host-resolver-rules=${rules}`] });
  },
});

let site: Server;
let port: number;
/** Once set, everything but the first page goes to this port, as if the site's name had been rebound. */
let rebound: number | undefined;

test.beforeAll(async () => {
  site = createServer((asked, response) => {
    if (rebound === undefined || asked.url === '/') {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>evil</title><body>');
      return;
    }
    const { method, url: path, headers } = asked;
    const onward = request({ host: '127.0.0.1', port: rebound, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    asked.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  port = (site.address() as AddressInfo).port;
});

test.afterAll(() => {
  site.close();
  site.closeAllConnections();
});

/** How many sessions the gateway has, as its owner sees it. */
async function sessions(gateway: string): Promise<number> {
  const answer = await fetch(`${gateway}/readyz`);
  return ((await answer.json()) as { activeSessions: number }).activeSessions;
}

/** A POST by every means of a page: what each came to. */
async function post(page: Page, to: string): Promise<string[]> {
  return page.evaluate(async (to) => {
    const body = JSON.stringify({ prompt: '!standin command' });
    const attempts: RequestInit[] = [
      { body, headers: { 'content-type': 'application/json' } },
      { body, headers: { 'content-type': 'text/plain' } },
      { body, mode: 'no-cors', headers: { 'content-type': 'text/plain' } },
      { mode: 'no-cors' },
      { body, mode: 'no-cors', credentials: 'include' },
    ];
    const said: string[] = [];
    for (const attempt of attempts) {
      const answer = await fetch(to, { method: 'POST', ...attempt }).catch((error: unknown) => error);
      said.push(answer instanceof Response ? `${answer.type} ${answer.status}` : 'error');
    }
    said.push(navigator.sendBeacon(to, body) ? 'beacon' : 'no beacon');
    return said;
  }, to);
}

for (const host of ['evil.example', 'evil.localhost', '127.0.0.1']) {
  test(`a page of ${host} starts nothing and reads nothing`, async ({ page, gateway, request: api, faults }) => {
    faults.allow(/./);
    const { sessionId } = await (await api.post('/api/sessions')).json();
    const before = await sessions(gateway.baseURL);
    await page.goto(`http://${host}:${port}/`);

    for (const path of ['/api/sessions', `/api/sessions/${sessionId}/turn`, '/_fn/start', '/sign-in', '/sign-out']) {
      const said = await post(page, gateway.baseURL + path);
      // What is opaque says nothing, neither does an error.
      for (const what of said) expect(what).toMatch(/^(error|opaque 0|beacon)$/);
    }

    // A stream: it neither opens nor counts as a reader.
    const stream = await page.evaluate(
      (to) =>
        new Promise<string>((resolve) => {
          const source = new EventSource(to, { withCredentials: true });
          source.onopen = () => resolve('open');
          source.onerror = () => resolve('error');
        }),
      `${gateway.baseURL}/api/sessions/${sessionId}/events?interactive=1`,
    );
    expect(stream).toBe('error');

    // A frame stays empty, a form gets nowhere.
    await page.evaluate((to) => {
      const frame = document.createElement('iframe');
      frame.name = 'frame';
      frame.src = to;
      document.body.append(frame);
      return new Promise((resolve) => (frame.onload = resolve));
    }, `${gateway.baseURL}/c/${sessionId}`);
    // The browser shows a page of its own instead; it may take a moment until the frame has its name.
    await expect.poll(() => page.frame({ name: 'frame' })?.locator('body').innerText() ?? 'no frame').not.toMatch(
      /Codex Gateway|no frame/,
    );
    const refused = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.evaluate((to) => {
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', action: to, enctype: 'text/plain' });
      const input = document.createElement('input');
      Object.assign(input, { name: '{"prompt":"', value: '!standin command"}' });
      form.append(input);
      document.body.append(form);
      form.submit();
    }, `${gateway.baseURL}/api/sessions/${sessionId}/turn`);
    expect((await refused).status()).toBe(403);

    expect(await sessions(gateway.baseURL)).toBe(before);
    const { state } = await (await api.get(`/api/sessions/${sessionId}/state`)).json();
    expect(state.transcript).toEqual([]);
    await api.delete(`/api/sessions/${sessionId}`);
  });
}

test('a foreign name that points here gets nothing', async ({ page, gateway, request: api, faults }) => {
  faults.allow(/./);
  const { sessionId } = await (await api.post('/api/sessions')).json();
  for (const path of ['/', '/api/turn', `/api/sessions/${sessionId}/state`]) {
    const answer = await page.goto(`http://evil.example:${gateway.port}${path}`);
    expect(answer?.status()).toBe(403);
    expect(await answer?.json()).toMatchObject({ code: 'foreign_host' });
  }
  // To the browser the page and the gateway are one site now: everything may be asked, and all of it is refused.
  await page.goto(`http://evil.example:${port}/`);
  rebound = gateway.port;
  const said = await post(page, `/api/sessions/${sessionId}/turn`);
  for (const what of said) expect(what).toMatch(/^(basic 403|beacon)$/);
  const { state } = await (await api.get(`/api/sessions/${sessionId}/state`)).json();
  expect(state.transcript).toEqual([]);
  await api.delete(`/api/sessions/${sessionId}`);
});

test('a link of another site is followed', async ({ page, gateway }) => {
  rebound = undefined;
  await page.goto(`http://evil.example:${port}/`);
  await page.evaluate((to) => {
    location.href = to;
  }, gateway.baseURL);
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
});

// Attacks by a page of another site that the user visits while the gateway runs on their machine: every request is refused.
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { expect, test } from './chat';

// Both names resolve to this machine. The first is also used for DNS rebinding to the gateway.
test.use({
  launchOptions: async ({ launchOptions }, use) => {
    const rules = 'MAP evil.example 127.0.0.1, MAP evil.localhost 127.0.0.1';
    await use({ ...launchOptions, args: [...(launchOptions.args ?? []), `--host-resolver-rules=${rules}`] });
  },
});

let site: Server;
let port: number;
/** If set, all requests but that of the page go to this port, as after DNS rebinding. */
let reboundPort: number | undefined;

test.beforeAll(async () => {
  site = createServer((incoming, response) => {
    if (reboundPort === undefined || incoming.url === '/') {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>evil</title><body>');
      return;
    }
    const { method, url: path, headers } = incoming;
    const forwarded = request({ host: '127.0.0.1', port: reboundPort, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    incoming.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  port = (site.address() as AddressInfo).port;
});

test.afterAll(() => {
  site.close();
  site.closeAllConnections();
});

/** Returns the number of sessions of the gateway. */
async function sessionCount(gateway: string): Promise<number> {
  const answer = await fetch(`${gateway}/readyz`);
  return ((await answer.json()) as { activeSessions: number }).activeSessions;
}

/** Sends a POST in every way that a page can, and returns the result of each. */
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
    const results: string[] = [];
    for (const attempt of attempts) {
      const answer = await fetch(to, { method: 'POST', ...attempt }).catch((error: unknown) => error);
      results.push(answer instanceof Response ? `${answer.type} ${answer.status}` : 'error');
    }
    results.push(navigator.sendBeacon(to, body) ? 'beacon' : 'no beacon');
    return results;
  }, to);
}

for (const host of ['evil.example', 'evil.localhost', '127.0.0.1']) {
  test(`a page of ${host} can neither start nor read sessions`, async ({ page, gateway, request: api, pageErrors }) => {
    pageErrors.allow(/./);
    const { sessionId } = await (await api.post('/api/sessions')).json();
    const before = await sessionCount(gateway.baseURL);
    await page.goto(`http://${host}:${port}/`);

    for (const path of ['/api/sessions', `/api/sessions/${sessionId}/turn`, '/_fn/start', '/sign-in', '/sign-out']) {
      const results = await post(page, gateway.baseURL + path);
      // Neither an opaque response nor an error reveals anything.
      for (const result of results) expect(result).toMatch(/^(error|opaque 0|beacon)$/);
    }

    // The event stream is refused.
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

    // The page is not displayed in a frame, and a form is refused.
    await page.evaluate((to) => {
      const frame = document.createElement('iframe');
      frame.name = 'frame';
      frame.src = to;
      document.body.append(frame);
      return new Promise((resolve) => (frame.onload = resolve));
    }, `${gateway.baseURL}/c/${sessionId}`);
    // The browser shows an error page instead. The frame may get its name a moment later.
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

    expect(await sessionCount(gateway.baseURL)).toBe(before);
    const { state } = await (await api.get(`/api/sessions/${sessionId}/state`)).json();
    expect(state.transcript).toEqual([]);
    await api.delete(`/api/sessions/${sessionId}`);
  });
}

test('requests with a foreign host name are refused, also after DNS rebinding', async ({ page, gateway, request: api, pageErrors }) => {
  pageErrors.allow(/./);
  const { sessionId } = await (await api.post('/api/sessions')).json();
  for (const path of ['/', '/api/turn', `/api/sessions/${sessionId}/state`]) {
    const answer = await page.goto(`http://evil.example:${gateway.port}${path}`);
    expect(answer?.status()).toBe(403);
    expect(await answer?.json()).toMatchObject({ code: 'foreign_host' });
  }
  // For the browser, the page and the gateway are the same site now. The gateway still refuses every request.
  await page.goto(`http://evil.example:${port}/`);
  reboundPort = gateway.port;
  const results = await post(page, `/api/sessions/${sessionId}/turn`);
  for (const result of results) expect(result).toMatch(/^(basic 403|beacon)$/);
  const { state } = await (await api.get(`/api/sessions/${sessionId}/state`)).json();
  expect(state.transcript).toEqual([]);
  await api.delete(`/api/sessions/${sessionId}`);
});

test('a link from another site opens the gateway', async ({ page, gateway }) => {
  reboundPort = undefined;
  await page.goto(`http://evil.example:${port}/`);
  await page.evaluate((to) => {
    location.href = to;
  }, gateway.baseURL);
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
});

import { expect, test } from './gateway';

test('GET /healthz reports ok and the uptime', async ({ request }) => {
  const answer = await request.get('/healthz');
  expect(answer.status()).toBe(200);
  expect(await answer.json()).toMatchObject({ ok: true, uptimeSeconds: expect.any(Number) });
});

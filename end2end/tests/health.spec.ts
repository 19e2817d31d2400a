import { expect, test } from './gateway';

test('the gateway says that it is well', async ({ request }) => {
  const answer = await request.get('/healthz');
  expect(answer.status()).toBe(200);
  expect(await answer.json()).toMatchObject({ ok: true, uptimeSeconds: expect.any(Number) });
});

// The server renders complete pages, every time.
import { expect, test } from './chat';

test('a conversation that is loaded 60 times is rendered each time', async ({ chat, request, startServer }) => {
  const server = await startServer();
  await chat.startAndFinish('!standin reasoning, plan, command, text', server.baseURL);
  const url = chat.page.url();
  for (let load = 0; load < 60; load += 1) {
    const answer = await request.get(url);
    expect(answer.status()).toBe(200);
    expect(await answer.text()).toContain('What you just saw');
  }
  expect(server.log()).not.toContain('panicked');
});

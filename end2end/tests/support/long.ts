// A conversation as long as one likes.
import type { Chat } from './chat';
import { FakeCodex } from './fake-codex';
import type { Server, ServerOptions } from './server';

export const THREAD = '00000000-0000-0000-0000-000000010000';

/** Opens one of so many invented turns, of four items each. */
export async function openLong(
  chat: Chat,
  startServer: (options?: Partial<ServerOptions>) => Promise<Server>,
  turns: number,
): Promise<void> {
  const codex = new FakeCodex('long', 'normal');
  codex.putThread(THREAD, [], turns);
  const server = await startServer({ args: [], env: codex.env });
  const made = await chat.page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD } });
  const { sessionId } = await made.json();
  await chat.open(`${server.baseURL}/c/${sessionId}`);
}

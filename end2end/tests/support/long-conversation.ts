// Opens a generated conversation of any length.
import type { Chat } from './chat';
import { FakeCodex } from './fake-codex';
import type { Server, ServerOptions } from './server';

export const THREAD_ID = '00000000-0000-0000-0000-000000010000';

/** Opens a conversation of `turns` generated turns, of four items each. */
export async function openLongConversation(
  chat: Chat,
  startServer: (options?: Partial<ServerOptions>) => Promise<Server>,
  turns: number,
): Promise<void> {
  const codex = new FakeCodex('long', 'normal');
  codex.writeThread(THREAD_ID, [], turns);
  const server = await startServer({ args: [], env: codex.env });
  const created = await chat.page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD_ID } });
  const { sessionId } = await created.json();
  await chat.open(`${server.baseURL}/c/${sessionId}`);
}

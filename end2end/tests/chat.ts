// The fixtures that most specs import: a gateway, and a chat on its page. Its conversations are deleted after the test.
import { test as base } from './gateway';
import { Chat } from './support/chat';

export { descendants, expect, isRunning, kill9 } from './gateway';
export { withoutWhitespace } from './support/chat';
export { Chat };
export type { Server } from './gateway';

export const test = base.extend<{ chat: Chat }>({
  chat: async ({ page, request }, use) => {
    const conversations = new Set<string>();
    page.on('framenavigated', (frame) => {
      const url = new URL(frame.url());
      const id = /^\/c\/([^/]+)$/.exec(url.pathname)?.[1];
      if (id && frame === page.mainFrame()) conversations.add(`${url.origin}/api/sessions/${id}`);
    });
    await use(new Chat(page));
    // Deleting the conversation of an open page would cause page errors, in all tabs.
    for (const tab of page.context().pages()) await tab.goto('about:blank');
    // Each session has a codex process, and their number is limited.
    for (const conversation of conversations) await request.delete(conversation).catch(() => undefined);
  },
});

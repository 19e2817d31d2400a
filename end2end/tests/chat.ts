// What most specs import: a gateway, and a chat on its page that leaves no conversation behind.
import { test as base } from './gateway';
import { Chat } from './support/chat';

export { descendants, expect, isRunning, kill9 } from './gateway';
export { letters } from './support/chat';
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
    // A page whose conversation is deleted has faults, in all of its tabs.
    for (const tab of page.context().pages()) await tab.goto('about:blank');
    // Each holds a process of codex, and only so many may.
    for (const conversation of conversations) await request.delete(conversation).catch(() => undefined);
  },
});

// The page object of the chat. It finds elements by their labels and texts, as a user does.
import { expect, type Locator, type Page } from '@playwright/test';

/** What a page shows of a conversation, read at one moment. */
export interface View {
  /** The id of the last event that the page has applied. */
  lastEventId: string | null;
  items: { id: string; text: string }[];
}

/** An entry of `GET /api/sessions/{id}/snapshot`, with the fields that the tests use. */
export interface Entry {
  id: string;
  content: { item?: { type: string; text?: string; status?: string } };
}

export class Chat {
  constructor(readonly page: Page) {}

  get messageField(): Locator {
    return this.page.getByRole('textbox', { name: /^(Message|消息)$/ });
  }

  get sendButton(): Locator {
    return this.page.getByRole('button', { name: /^(Send|发送)$/ });
  }

  get stopButton(): Locator {
    return this.page.getByRole('button', { name: 'Stop', exact: true });
  }

  get log(): Locator {
    return this.page.getByRole('log');
  }

  /** The connection status: `data-state` is its name. */
  get connection(): Locator {
    return this.page.locator('[role=status][data-state]');
  }

  /** The line that says what Codex is doing. */
  get statusLine(): Locator {
    return this.page.locator('[role=status][data-running]');
  }

  /** The turns: `data-status` is the status of each. */
  get turns(): Locator {
    return this.log.locator('[data-status]');
  }

  get userMessages(): Locator {
    return this.log.locator('[data-kind=user]');
  }

  get answers(): Locator {
    return this.log.locator('[data-kind=answer]');
  }

  /** The button that expands and collapses a step. Steps in collapsed work are not found. */
  step(name: RegExp | string): Locator {
    return this.log.locator('[data-kind=step]').getByRole('button', { name }).first();
  }

  /** The button that expands and collapses the work of a turn. */
  get workToggle(): Locator {
    return this.log.getByRole('button', { name: /^(Worked|用时)/ });
  }

  /** Opens a conversation and waits until the page is live. */
  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await this.waitUntilLive();
  }

  /** Waits until the page is hydrated and receives events. */
  async waitUntilLive(): Promise<void> {
    await expect(this.connection).toHaveAttribute('data-state', 'live', { timeout: 10_000 });
  }

  /** Sends a message once the page is hydrated: by Enter, or on a touch screen by the button, because Enter starts a line. */
  async send(text: string): Promise<void> {
    await this.messageField.fill(text);
    await expect(this.sendButton).toBeEnabled({ timeout: 10_000 });
    const touch = await this.page.evaluate(() => matchMedia('(pointer: coarse)').matches);
    await (touch ? this.sendButton.tap() : this.messageField.press('Enter'));
  }

  /** Starts a conversation on the first screen, and waits until the page is at its URL. */
  async start(text: string, home = '/'): Promise<void> {
    await this.page.goto(home);
    await this.send(text);
    await this.page.waitForURL(/\/c\/[^/]+$/);
    await this.waitUntilLive();
  }

  /** Starts a conversation and waits until its first turn has completed. */
  async startAndFinish(text: string, home = '/'): Promise<void> {
    await this.start(text, home);
    await this.waitForTurn('completed');
  }

  /** Waits until the conversation has `count` turns and the last one has ended with `status`. */
  async waitForTurn(status: 'completed' | 'failed' | 'interrupted', count = 1): Promise<void> {
    await expect(this.turns).toHaveCount(count, { timeout: 15_000 });
    await expect(this.turns.last()).toHaveAttribute('data-status', status, { timeout: 20_000 });
  }

  /** Waits until a server request can be answered: its buttons are disabled at first, so that it can be read. */
  async waitUntilAnswerable(): Promise<void> {
    await expect(this.page.locator('.question [data-decline]')).toBeEnabled({ timeout: 15_000 });
    // `data-seen`, how much of it has been in view, is set after the first frame.
    await expect(this.page.locator('.question')).toHaveAttribute('data-seen', /./);
  }

  get sessionId(): string {
    return new URL(this.page.url()).pathname.split('/')[2] ?? '';
  }

  /** Reads what the page shows. */
  async view(): Promise<View> {
    return this.log.evaluate((log) => ({
      lastEventId: log.getAttribute('data-at'),
      items: [...log.querySelectorAll('[data-item]')].map((item) => ({
        id: item.getAttribute('data-item') ?? '',
        text: item.textContent ?? '',
      })),
    }));
  }

  /** Reads the conversation from the server. */
  async snapshot(): Promise<{ at: string; entries: Entry[] }> {
    const answer = await this.page.request.get(`/api/sessions/${this.sessionId}/snapshot`);
    expect(answer.ok()).toBe(true);
    const { at, transcript } = await answer.json();
    return { at, entries: transcript.entries };
  }
}

/** Removes all whitespace, to compare texts regardless of line breaks. */
export function withoutWhitespace(text: string): string {
  return text.replace(/\s+/g, '');
}

// The chat as a person uses it: found by its labels and words.
import { expect, type Locator, type Page } from '@playwright/test';

/** What a page shows of a conversation, in one look. */
export interface View {
  /** The id of the last event that the page has taken in. */
  at: string | null;
  items: { id: string; text: string }[];
}

/** An entry of `GET /api/sessions/{id}/snapshot`, as far as the tests need it. */
export interface Entry {
  id: string;
  content: { item?: { type: string; text?: string; status?: string } };
}

export class Chat {
  constructor(readonly page: Page) {}

  get message(): Locator {
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

  /** How the page is connected: `data-state` says it in a word. */
  get connection(): Locator {
    return this.page.locator('[role=status][data-state]');
  }

  /** The line that says what is going on. */
  get liveLine(): Locator {
    return this.page.locator('[role=status][data-running]');
  }

  /** Turns; `data-status` says how far each has come. */
  get turns(): Locator {
    return this.log.locator('[data-status]');
  }

  get said(): Locator {
    return this.log.locator('[data-kind=user]');
  }

  get answers(): Locator {
    return this.log.locator('[data-kind=answer]');
  }

  /** The line that opens and closes a step; hidden ones, folded away, are none. */
  step(name: RegExp | string): Locator {
    return this.log.locator('[data-kind=step]').getByRole('button', { name }).first();
  }

  /** The line that the work of a turn folds to. */
  get fold(): Locator {
    return this.log.getByRole('button', { name: /^(Worked|用时)/ });
  }

  /** Opens a conversation and waits until the page is alive. */
  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await this.isLive();
  }

  async isLive(): Promise<void> {
    await expect(this.connection).toHaveAttribute('data-state', 'live', { timeout: 10_000 });
  }

  /** Types a message, and sends it once the page is alive: by Enter, or by the button where Enter starts a new line. */
  async say(text: string): Promise<void> {
    await this.message.fill(text);
    await expect(this.sendButton).toBeEnabled({ timeout: 10_000 });
    const touch = await this.page.evaluate(() => matchMedia('(pointer: coarse)').matches);
    await (touch ? this.sendButton.tap() : this.message.press('Enter'));
  }

  /** Begins a conversation on the first screen; leaves the page at its address. */
  async start(text: string, home = '/'): Promise<void> {
    await this.page.goto(home);
    await this.say(text);
    await this.page.waitForURL(/\/c\/[^/]+$/);
    await this.isLive();
  }

  /** Begins a conversation and waits for the end of its first turn. */
  async startAndFinish(text: string, home = '/'): Promise<void> {
    await this.start(text, home);
    await this.ended('completed');
  }

  /** Waits until the newest turn, the `count`th, has ended so. */
  async ended(status: 'completed' | 'failed' | 'interrupted', count = 1): Promise<void> {
    await expect(this.turns).toHaveCount(count, { timeout: 15_000 });
    await expect(this.turns.last()).toHaveAttribute('data-status', status, { timeout: 20_000 });
  }

  /** Waits until what codex asks can be answered: nobody can before it could be read. */
  async asked(): Promise<void> {
    await expect(this.page.locator('.question [data-decline]')).toBeEnabled({ timeout: 15_000 });
    // How much of it is in view is known after the first frame.
    await expect(this.page.locator('.question')).toHaveAttribute('data-seen', /./);
  }

  get sessionId(): string {
    return new URL(this.page.url()).pathname.split('/')[2] ?? '';
  }

  async view(): Promise<View> {
    return this.log.evaluate((log) => ({
      at: log.getAttribute('data-at'),
      items: [...log.querySelectorAll('[data-item]')].map((item) => ({
        id: item.getAttribute('data-item') ?? '',
        text: item.textContent ?? '',
      })),
    }));
  }

  /** What the server has of the conversation. */
  async snapshot(): Promise<{ at: string; entries: Entry[] }> {
    const answer = await this.page.request.get(`/api/sessions/${this.sessionId}/snapshot`);
    expect(answer.ok()).toBe(true);
    const { at, transcript } = await answer.json();
    return { at, entries: transcript.entries };
  }
}

/** A text without its spaces: how lines break is not what is compared. */
export function letters(text: string): string {
  return text.replace(/\s+/g, '');
}

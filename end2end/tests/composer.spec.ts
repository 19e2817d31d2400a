// Where one writes: the queue, steering, images, what the next message is to run with, and what the keys do.
import type { Page } from '@playwright/test';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { expect, test, type Chat } from './chat';

const SLOW = '!standin slow-command';
const word = (word: string) => `Reply with exactly the single word ${word}.`;

const queued = (page: Page) => page.getByRole('region', { name: 'Next' }).getByRole('listitem');

/** Begins a turn that lasts until it is stopped. */
async function busy(chat: Chat): Promise<void> {
  await chat.start(SLOW);
  await expect(chat.liveLine).toContainText('sleep 25', { timeout: 15_000 });
}

/** A picture of one colour, as PNG. */
function png(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8 + body.length);
    frame.writeUInt32BE(data.length, 0);
    body.copy(frame, 4);
    frame.writeUInt32BE(crc(body), 4 + body.length);
    return frame;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2], 8);
  const rows = Buffer.alloc(side * (1 + 3 * side), 0x60);
  for (let row = 0; row < side; row += 1) rows[row * (1 + 3 * side)] = 0;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = chunk('IDAT', deflateSync(rows));
  return Buffer.concat([signature, chunk('IHDR', header), data, chunk('IEND', Buffer.alloc(0))]);
}

function crc(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

test('a message that is sent while a turn runs waits, and is sent when it ends', async ({ page, chat }) => {
  await chat.start('!standin command, deltas count=60 pace_us=50000 size=8');
  await expect(chat.stopButton).toBeVisible();
  await chat.say(word('after'));
  await expect(queued(page)).toHaveCount(1);
  await expect(queued(page)).toContainText('after');
  await expect(chat.message).toHaveValue('');
  await chat.ended('completed', 2);
  await expect(chat.answers.last()).toHaveText('after');
  await expect(queued(page)).toHaveCount(0);
});

test('what waits can be moved, changed, removed and sent', async ({ page, chat }) => {
  await busy(chat);
  for (const text of ['one', 'two', 'three']) {
    await chat.say(word(text));
    await expect(queued(page).filter({ hasText: text })).toBeVisible();
  }
  await queued(page).nth(2).getByRole('button', { name: 'Move up' }).click();
  await expect(queued(page).nth(1)).toContainText('three');
  await queued(page).nth(0).getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edit', exact: true }).fill(word('first'));
  await page.keyboard.press('Enter');
  await expect(queued(page).nth(0)).toHaveText(word('first'));
  for (const count of [2, 1]) {
    const unwanted = queued(page).filter({ hasNotText: 'three' }).first();
    await unwanted.getByRole('button', { name: 'Remove' }).click();
    await unwanted.getByRole('button', { name: 'Remove' }).click();
    await expect(queued(page)).toHaveCount(count);
  }

  // Stopped, the rest waits for its reader.
  await chat.stopButton.click();
  await chat.ended('interrupted');
  await expect(page.getByRole('region', { name: 'Next' })).toContainText('waits until you send it');
  await page.reload();
  await chat.isLive();
  await expect(queued(page)).toHaveCount(1);
  await queued(page).getByRole('button', { name: 'Send now' }).click();
  await chat.ended('completed', 2);
  await expect(chat.answers.last()).toHaveText('three');
});

test('Codex can be told at once, by the choice or by a key', async ({ page, chat }) => {
  await busy(chat);
  // What it is told keeps it at work.
  await chat.message.fill(SLOW);
  await page.getByRole('combobox', { name: 'While Codex works' }).selectOption('Tell it now');
  await chat.message.press('Enter');
  await expect(chat.said).toHaveCount(2);
  await expect(chat.turns).toHaveCount(1);
  await expect(queued(page)).toHaveCount(0);
  await chat.message.fill('and this later');
  await chat.message.press('Control+Enter');
  await expect(queued(page)).toHaveCount(1);
  await chat.stopButton.click();
  await chat.ended('interrupted');
});

test('↑ brings back what was sent, ↓ leaves it again', async ({ page, chat }) => {
  await chat.startAndFinish(word('first'));
  await chat.say(word('second'));
  await chat.ended('completed', 2);
  await chat.message.press('ArrowUp');
  await expect(chat.message).toHaveValue(word('second'));
  await chat.message.press('ArrowUp');
  await expect(chat.message).toHaveValue(word('first'));
  await chat.message.press('ArrowDown');
  await chat.message.press('ArrowDown');
  await expect(chat.message).toHaveValue('');
  await chat.message.fill('something of mine');
  await chat.message.press('ArrowUp');
  await expect(chat.message).toHaveValue('something of mine');
  await page.goto('/');
  await expect(chat.message).toBeFocused();
  await chat.message.press('ArrowUp');
  await expect(chat.message).toHaveValue(word('second'));
});

test('the choice follows what a message has changed, also where it was chosen', async ({ page, chat }) => {
  await chat.start('!standin deltas count=300 pace_us=5000');
  const access = page.getByRole('combobox', { name: 'What Codex may do' });
  await access.selectOption('Can read this folder · never asks');
  await chat.say(word('queued'));
  await chat.ended('completed', 2);
  await expect(access.locator('option:checked')).toHaveText('Can read this folder · never asks');
  // Another one is chosen elsewhere.
  await page.request.post(`/api/sessions/${chat.sessionId}/turn`, {
    data: { prompt: word('elsewhere'), sandbox: 'workspace-write', approvalPolicy: 'on-request', wait: true },
  });
  await chat.ended('completed', 3);
  await expect(access.locator('option:checked')).toHaveText('Can edit this folder · asks first');
});

test('what the agent may do and how hard it thinks are chosen in words, and last', async ({ page, chat }) => {
  await page.goto('/');
  const access = page.getByRole('combobox', { name: 'What Codex may do' });
  const model = page.getByRole('combobox', { name: 'Model' });
  await expect(access.locator('option:checked')).toHaveText('Can edit this folder · asks first');
  await expect(access.locator('option')).toHaveCount(4);
  await expect(chat.message).toBeFocused();
  await access.selectOption('Can read this folder · never asks');
  const high = model.locator('option', { hasText: '· high' }).first();
  const chosen = (await high.textContent()) ?? '';
  await model.selectOption({ label: chosen });
  await chat.say(word('ready'));
  await page.waitForURL(/\/c\//);
  await chat.ended('completed');
  for (const how of ['live', 'rendered']) {
    await expect(access.locator('option:checked'), how).toHaveText('Can read this folder · never asks');
    await expect(model.locator('option:checked'), how).toHaveText(chosen);
    await page.reload();
    await chat.isLive();
  }
  // A folder that may only be read stays as it is.
  await chat.say('!standin patch');
  await chat.ended('completed', 2);
  const kinds = (await chat.snapshot()).entries.map((entry) => entry.content.item?.type);
  expect(kinds).toContain('commandExecution');
  expect(kinds).not.toContain('fileChange');
});

test('a slash at the beginning offers commands', async ({ page, chat }) => {
  await chat.startAndFinish(word('ready'));
  const offers = page.getByRole('listbox', { name: 'Suggestions' });
  await chat.message.pressSequentially('/re');
  await expect(offers.getByRole('option', { name: /rename/ })).toBeVisible();
  await chat.message.press('Escape');
  await expect(offers).toBeHidden();
  await expect(chat.message).toHaveValue('/re');
  await chat.message.press('n');
  await chat.message.press('Enter');
  await expect(chat.message).toHaveValue('/rename ');
  await chat.message.pressSequentially('A better name');
  await chat.message.press('Enter');
  await expect(page.getByRole('heading', { name: 'A better name' })).toBeVisible();
  await expect(chat.message).toHaveValue('');
  await chat.message.pressSequentially('/new');
  await chat.message.press('Enter');
  await page.waitForURL(/\/$/);
  // What is no command is a message.
  await expect(chat.message).toHaveValue('');
  await chat.message.fill('/etc/hosts');
  await expect(chat.sendButton).toBeEnabled();
  await chat.message.press('Enter');
  await page.waitForURL(/\/c\//);
  await expect(chat.said).toHaveText('/etc/hosts');
});

test('a conversation is gone on with in a copy, edited from before a turn, and put away', async ({ page, chat }) => {
  await chat.startAndFinish(word('one'));
  await chat.say(word('two'));
  await chat.ended('completed', 2);
  const first = page.url();

  await chat.turns.first().hover();
  await chat.turns.first().getByRole('button', { name: 'Fork from here' }).click();
  await page.waitForURL((url) => url.href !== first && url.pathname.startsWith('/c/'));
  await chat.isLive();
  await expect(chat.answers).toHaveText(['one']);
  await chat.say(word('three'));
  await chat.ended('completed', 2);

  await page.goto(first);
  await chat.isLive();
  await expect(chat.answers).toHaveText(['one', 'two']);
  await chat.turns.last().getByRole('button', { name: 'Edit message' }).click();
  const edited = page.getByRole('textbox', { name: 'Edit message' });
  await expect(edited).toHaveValue(word('two'));
  await edited.fill(word('second'));
  await edited.press('Enter');
  await expect(chat.answers).toHaveText(['one', 'second']);
  await chat.ended('completed', 2);
  await expect(chat.answers).toHaveText(['one', 'second']);

  const saved = page.waitForEvent('download');
  await chat.message.fill('/export');
  await chat.message.press('Enter');
  expect((await saved).suggestedFilename()).toMatch(/\.md$/);
  await chat.message.fill('/archive');
  await chat.message.press('Enter');
  await page.waitForURL(/\/$/);
  await expect(page.locator(`nav a[href="${new URL(first).pathname}"]`)).toHaveCount(0);
});

test('an at sign offers files of the workspace', async ({ page, chat, gateway }) => {
  await mkdir(path.join(gateway.workspace, 'deep/er'), { recursive: true });
  await writeFile(path.join(gateway.workspace, 'deep/er/needle.txt'), 'found');
  await page.goto('/');
  await expect(chat.message).toBeFocused();
  const offers = page.getByRole('listbox', { name: 'Suggestions' });
  for (const where of ['first screen', 'conversation']) {
    await chat.message.pressSequentially('look at @needl');
    await expect(offers.getByRole('option', { name: /needle\.txt/ }), where).toBeVisible();
    await chat.message.press('Enter');
    await expect(chat.message).toHaveValue('look at @deep/er/needle.txt ');
    await expect(offers).toBeHidden();
    if (where === 'first screen') {
      await chat.message.fill(word('ready'));
      await chat.message.press('Enter');
      await page.waitForURL(/\/c\//);
      await chat.ended('completed');
    }
  }
});

test('images are picked and pasted, shown, and sent with the message', async ({ page, chat }) => {
  await page.goto('/');
  await expect(chat.message).toBeFocused();
  const images = page.getByRole('img', { name: 'Attached image' });
  await page.getByLabel('Attach images').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: png(40) });
  await expect(images).toHaveCount(1);
  await chat.message.evaluate((field, bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], 'b.png', { type: 'image/png' }));
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, [...png(20)]);
  await expect(images).toHaveCount(2);
  await page.reload();
  await expect(images).toHaveCount(2);
  await page.getByRole('button', { name: 'Remove this image' }).last().click();
  await expect(images).toHaveCount(1);

  await chat.say(word('seen'));
  await page.waitForURL(/\/c\//);
  await chat.ended('completed');
  const shown = chat.said.getByRole('img', { name: 'Attached image' });
  for (const how of ['live', 'rendered']) {
    await expect(shown, how).toHaveCount(1);
    expect(await shown.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(40);
    await page.reload();
    await chat.isLive();
  }
  await expect(page.locator('.composer').getByRole('img')).toHaveCount(0);
});

test('an image that is none, or too large, is refused in words before anything starts', async ({ page, chat, faults }) => {
  faults.allow(/status of 4(13|15|22)/);
  await page.goto('/');
  await expect(chat.message).toBeFocused();
  const attach = page.getByLabel('Attach images');
  const refused = page.locator('.composer').getByRole('alert');
  await attach.setInputFiles({ name: 'no.png', mimeType: 'image/png', buffer: Buffer.from('<svg onload=alert(1)>') });
  await expect(refused).toContainText('no.png');
  await chat.message.fill('see this');
  await expect(chat.sendButton).toBeDisabled();
  await page.getByRole('button', { name: 'Remove this image' }).click();
  await expect(chat.sendButton).toBeEnabled();
  const large = Buffer.concat([png(4), Buffer.alloc(11 << 20)]);
  await attach.setInputFiles({ name: 'large.png', mimeType: 'image/png', buffer: large });
  await expect(refused).toContainText('large.png');
  await expect(chat.sendButton).toBeDisabled();
});

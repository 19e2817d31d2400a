// The composer: queue, steering, images, settings of the next message, completions, keys.
import type { Page } from '@playwright/test';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { expect, test, type Chat } from './chat';

const SLOW = '!standin slow-command';
const replyWith = (word: string) => `Reply with exactly the single word ${word}.`;

const queued = (page: Page) => page.getByRole('region', { name: 'Queued' }).getByRole('listitem');

/** Starts a conversation whose turn runs until it is stopped. */
async function startLongTurn(chat: Chat): Promise<void> {
  await chat.start(SLOW);
  await expect(chat.statusLine).toContainText('sleep 25', { timeout: 15_000 });
}

/** Returns a single-coloured PNG image. */
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

test('a message sent during a turn is queued, and sent when the turn ends', async ({ page, chat }) => {
  await chat.start('!standin command, deltas count=60 pace_us=50000 size=8');
  await expect(chat.stopButton).toBeVisible();
  await chat.send(replyWith('after'));
  await expect(queued(page)).toHaveCount(1);
  await expect(queued(page)).toContainText('after');
  await expect(chat.messageField).toHaveValue('');
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers.last()).toHaveText('after');
  await expect(queued(page)).toHaveCount(0);
});

test('queued messages can be reordered, edited, removed and sent', async ({ page, chat }) => {
  await startLongTurn(chat);
  for (const text of ['one', 'two', 'three']) {
    await chat.send(replyWith(text));
    await expect(queued(page).filter({ hasText: text })).toBeVisible();
  }
  await queued(page).nth(2).getByRole('button', { name: 'Move up' }).click();
  await expect(queued(page).nth(1)).toContainText('three');
  await queued(page).nth(0).getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edit', exact: true }).fill(replyWith('first'));
  await page.keyboard.press('Enter');
  await expect(queued(page).nth(0)).toHaveText(replyWith('first'));
  for (const count of [2, 1]) {
    const unwanted = queued(page).filter({ hasNotText: 'three' }).first();
    await unwanted.getByRole('button', { name: 'Remove' }).click();
    await unwanted.getByRole('button', { name: 'Remove' }).click();
    await expect(queued(page)).toHaveCount(count);
  }

  // After the turn was stopped, queued messages wait until the user sends them.
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
  await expect(page.getByRole('region', { name: 'Queued' })).toContainText('paused');
  await page.reload();
  await chat.waitUntilLive();
  await expect(queued(page)).toHaveCount(1);
  await queued(page).getByRole('button', { name: 'Send now' }).click();
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers.last()).toHaveText('three');
});

test('a message sent during a turn steers it if the user chose so, and Ctrl Enter does the opposite', async ({ page, chat }) => {
  await startLongTurn(chat);
  // The message itself keeps the turn running.
  await chat.messageField.fill(SLOW);
  await page.getByRole('combobox', { name: 'While Codex works' }).selectOption('Steer now');
  await chat.messageField.press('Enter');
  await expect(chat.userMessages).toHaveCount(2);
  await expect(chat.turns).toHaveCount(1);
  await expect(queued(page)).toHaveCount(0);
  await chat.messageField.fill('and this later');
  await chat.messageField.press('Control+Enter');
  await expect(queued(page)).toHaveCount(1);
  await chat.stopButton.click();
  await chat.waitForTurn('interrupted');
});

test('↑ recalls sent messages into an empty field, ↓ goes back', async ({ page, chat }) => {
  await chat.startAndFinish(replyWith('first'));
  await chat.send(replyWith('second'));
  await chat.waitForTurn('completed', 2);
  await chat.messageField.press('ArrowUp');
  await expect(chat.messageField).toHaveValue(replyWith('second'));
  await chat.messageField.press('ArrowUp');
  await expect(chat.messageField).toHaveValue(replyWith('first'));
  await chat.messageField.press('ArrowDown');
  await chat.messageField.press('ArrowDown');
  await expect(chat.messageField).toHaveValue('');
  await chat.messageField.fill('something of mine');
  await chat.messageField.press('ArrowUp');
  await expect(chat.messageField).toHaveValue('something of mine');
  await page.goto('/');
  await expect(chat.messageField).toBeFocused();
  await chat.messageField.press('ArrowUp');
  await expect(chat.messageField).toHaveValue(replyWith('second'));
});

test('the permission setting shows the current value after a message has changed it, also from another client', async ({ page, chat }) => {
  await chat.start('!standin deltas count=300 pace_us=5000');
  const access = page.getByRole('combobox', { name: 'What Codex may do' });
  await access.selectOption('Can read this folder · never asks');
  await chat.send(replyWith('queued'));
  await chat.waitForTurn('completed', 2);
  await expect(access.locator('option:checked')).toHaveText('Can read this folder · never asks');
  // Another client changes the setting.
  await page.request.post(`/api/sessions/${chat.sessionId}/turn`, {
    data: { prompt: replyWith('elsewhere'), sandbox: 'workspace-write', approvalPolicy: 'on-request', wait: true },
  });
  await chat.waitForTurn('completed', 3);
  await expect(access.locator('option:checked')).toHaveText('Can edit this folder · asks first');
});

test('permissions and reasoning effort chosen for the first message apply to the conversation and persist over a reload', async ({ page, chat }) => {
  await page.goto('/');
  const access = page.getByRole('combobox', { name: 'What Codex may do' });
  const model = page.getByRole('combobox', { name: 'Model' });
  await expect(access.locator('option:checked')).toHaveText('Can edit this folder · asks first');
  await expect(access.locator('option')).toHaveCount(4);
  await expect(chat.messageField).toBeFocused();
  await access.selectOption('Can read this folder · never asks');
  const high = model.locator('option', { hasText: '· high' }).first();
  const chosen = (await high.textContent()) ?? '';
  await model.selectOption({ label: chosen });
  await chat.send(replyWith('ready'));
  await page.waitForURL(/\/c\//);
  await chat.waitForTurn('completed');
  for (const how of ['live', 'rendered']) {
    await expect(access.locator('option:checked'), how).toHaveText('Can read this folder · never asks');
    await expect(model.locator('option:checked'), how).toHaveText(chosen);
    await page.reload();
    await chat.waitUntilLive();
  }
  // With read-only permissions, no file is changed.
  await chat.send('!standin patch');
  await chat.waitForTurn('completed', 2);
  const kinds = (await chat.snapshot()).entries.map((entry) => entry.content.item?.type);
  expect(kinds).toContain('commandExecution');
  expect(kinds).not.toContain('fileChange');
});

test('a slash at the start of the field suggests commands, and other text with a slash is sent as a message', async ({ page, chat }) => {
  await chat.startAndFinish(replyWith('ready'));
  const offers = page.getByRole('listbox', { name: 'Suggestions' });
  await chat.messageField.pressSequentially('/re');
  await expect(offers.getByRole('option', { name: /rename/ })).toBeVisible();
  await chat.messageField.press('Escape');
  await expect(offers).toBeHidden();
  await expect(chat.messageField).toHaveValue('/re');
  await chat.messageField.press('n');
  await chat.messageField.press('Enter');
  await expect(chat.messageField).toHaveValue('/rename ');
  await chat.messageField.pressSequentially('A better name');
  await chat.messageField.press('Enter');
  await expect(page.getByRole('heading', { name: 'A better name' })).toBeVisible();
  await expect(chat.messageField).toHaveValue('');
  await chat.messageField.pressSequentially('/new');
  await chat.messageField.press('Enter');
  await page.waitForURL(/\/$/);
  await expect(page.getByRole('heading', { name: 'What should Codex do?' })).toBeVisible();
  // Text that is not a command is sent as a message.
  await expect(chat.messageField).toHaveValue('');
  await chat.messageField.fill('/etc/hosts');
  await expect(chat.sendButton).toBeEnabled();
  await chat.messageField.press('Enter');
  await page.waitForURL(/\/c\//);
  await expect(chat.userMessages).toHaveText('/etc/hosts');
});

test('a conversation can be forked, edited from an earlier message, exported and archived', async ({ page, chat }) => {
  await chat.startAndFinish(replyWith('one'));
  await chat.send(replyWith('two'));
  await chat.waitForTurn('completed', 2);
  const first = page.url();

  await chat.turns.first().hover();
  await chat.turns.first().getByRole('button', { name: 'Fork from here' }).click();
  await page.waitForURL((url) => url.href !== first && url.pathname.startsWith('/c/'));
  await chat.waitUntilLive();
  await expect(chat.answers).toHaveText(['one']);
  await chat.send(replyWith('three'));
  await chat.waitForTurn('completed', 2);

  await page.goto(first);
  await chat.waitUntilLive();
  await expect(chat.answers).toHaveText(['one', 'two']);
  await chat.turns.last().getByRole('button', { name: 'Edit message' }).click();
  const edited = page.getByRole('textbox', { name: 'Edit message' });
  await expect(edited).toHaveValue(replyWith('two'));
  await edited.fill(replyWith('second'));
  await edited.press('Enter');
  await expect(chat.answers).toHaveText(['one', 'second']);
  await chat.waitForTurn('completed', 2);
  await expect(chat.answers).toHaveText(['one', 'second']);

  const saved = page.waitForEvent('download');
  await chat.messageField.fill('/export');
  await chat.messageField.press('Enter');
  expect((await saved).suggestedFilename()).toMatch(/\.md$/);
  await chat.messageField.fill('/archive');
  await chat.messageField.press('Enter');
  await page.waitForURL(/\/$/);
  await expect(page.locator(`nav a[href="${new URL(first).pathname}"]`)).toHaveCount(0);
});

test('an @ suggests files of the workspace', async ({ page, chat, gateway }) => {
  await mkdir(path.join(gateway.workspace, 'deep/er'), { recursive: true });
  await writeFile(path.join(gateway.workspace, 'deep/er/needle.txt'), 'found');
  await page.goto('/');
  await expect(chat.messageField).toBeFocused();
  const offers = page.getByRole('listbox', { name: 'Suggestions' });
  for (const where of ['first screen', 'conversation']) {
    await chat.messageField.pressSequentially('look at @needl');
    await expect(offers.getByRole('option', { name: /needle\.txt/ }), where).toBeVisible();
    await chat.messageField.press('Enter');
    await expect(chat.messageField).toHaveValue('look at @deep/er/needle.txt ');
    await expect(offers).toBeHidden();
    if (where === 'first screen') {
      await chat.messageField.fill(replyWith('ready'));
      await chat.messageField.press('Enter');
      await page.waitForURL(/\/c\//);
      await chat.waitForTurn('completed');
    }
  }
});

test('selected and pasted images persist over a reload, and are sent with the message', async ({ page, chat }) => {
  await page.goto('/');
  await expect(chat.messageField).toBeFocused();
  const images = page.getByRole('img', { name: 'Attached image' });
  await page.getByLabel('Attach images').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: png(40) });
  await expect(images).toHaveCount(1);
  await chat.messageField.evaluate((field, bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], 'b.png', { type: 'image/png' }));
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, [...png(20)]);
  await expect(images).toHaveCount(2);
  await page.reload();
  await expect(images).toHaveCount(2);
  await page.getByRole('button', { name: 'Remove this image' }).last().click();
  await expect(images).toHaveCount(1);

  await chat.send(replyWith('seen'));
  await page.waitForURL(/\/c\//);
  await chat.waitForTurn('completed');
  const shown = chat.userMessages.getByRole('img', { name: 'Attached image' });
  for (const how of ['live', 'rendered']) {
    await expect(shown, how).toHaveCount(1);
    expect(await shown.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(40);
    await page.reload();
    await chat.waitUntilLive();
  }
  await expect(page.locator('.composer').getByRole('img')).toHaveCount(0);
});

test('an attachment that is not an image or too large is rejected with a reason, and disables Send', async ({ page, chat, pageErrors }) => {
  pageErrors.allow(/status of 4(13|15|22)/);
  await page.goto('/');
  await expect(chat.messageField).toBeFocused();
  const attach = page.getByLabel('Attach images');
  const refused = page.locator('.composer').getByRole('alert');
  await attach.setInputFiles({ name: 'no.png', mimeType: 'image/png', buffer: Buffer.from('<svg onload=alert(1)>') });
  await expect(refused).toContainText('no.png');
  await chat.messageField.fill('see this');
  await expect(chat.sendButton).toBeDisabled();
  await page.getByRole('button', { name: 'Remove this image' }).click();
  await expect(chat.sendButton).toBeEnabled();
  const large = Buffer.concat([png(4), Buffer.alloc(11 << 20)]);
  await attach.setInputFiles({ name: 'large.png', mimeType: 'image/png', buffer: large });
  await expect(refused).toContainText('large.png');
  await expect(chat.sendButton).toBeDisabled();
});

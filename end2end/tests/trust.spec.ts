// A folder that brings codex settings along: the page shows what they are, and asks whether to trust it.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './chat';
import { TARGET } from './support/server';

/** A folder whose `.codex` names an MCP server, and what that leaves behind. */
function project(name: string): { root: string; mark: string } {
  const root = path.join(TARGET, 'e2e', `trust-${name}`);
  const mark = path.join(root, 'mark');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(path.join(root, '.codex'), { recursive: true });
  writeFileSync(path.join(root, '.codex/config.toml'), `[mcp_servers.marker]\ncommand = "touch"\nargs = ["${mark}"]\n`);
  return { root, mark };
}

const READY = 'Reply with exactly the single word ready.';

test('a folder is trusted on the first screen, and not any more in the details', async ({ page, chat, startServer }, testInfo) => {
  const { root, mark } = project(testInfo.testId);
  const server = await startServer({ env: { CODEX_GATEWAY_CWD: root } });
  await page.goto(server.baseURL);
  const question = page.getByRole('region', { name: 'Codex settings of this folder' });
  await expect(question).toContainText('This folder has its own Codex settings (MCP servers, hooks). Trust it?');
  await expect(question).toContainText(`marker: touch ${mark}`);
  await question.getByRole('button', { name: 'Trust', exact: true }).click();
  await expect(question).toBeHidden();

  await chat.say(READY);
  await chat.ended('completed');
  await expect.poll(() => existsSync(mark)).toBe(true);
  await expect(question).toBeHidden();

  await page.getByRole('button', { name: 'Details' }).click();
  const status = page.locator('.panel .trust');
  await expect(status).toContainText("You trust this folder's Codex settings.");
  rmSync(mark);
  await status.getByRole('button', { name: 'Stop trusting' }).click();
  await expect(status).toContainText("This folder's Codex settings are not used.");
  await chat.say(READY);
  await chat.ended('completed', 2);
  expect(existsSync(mark)).toBe(false);
  await page.goto('about:blank');
});

test('a folder that is not trusted is not asked about again', async ({ page, chat, startServer }, testInfo) => {
  const { root, mark } = project(testInfo.testId);
  const server = await startServer({ env: { CODEX_GATEWAY_CWD: root } });
  await page.goto(server.baseURL);
  await chat.say(READY);
  await chat.ended('completed');
  const question = page.getByRole('region', { name: 'Codex settings of this folder' });
  // It is asked in the conversation, too.
  await page.reload();
  // There it is one line, and the choices stand below what the folder brings along.
  const choice = question.getByRole('button', { name: "Don't trust" });
  await expect(choice).toBeHidden();
  await question.getByText('Trust it?').click();
  await choice.click();
  await expect(question).toBeHidden();
  await page.reload();
  await chat.isLive();
  await expect(question).toBeHidden();
  await page.goto(server.baseURL);
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await expect(question).toBeHidden();
  expect(existsSync(mark)).toBe(false);
  await page.goto('about:blank');
});

// A folder with codex settings of its own: the page shows them, and asks whether to trust the folder.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './chat';
import { TARGET } from './support/server';

/** Creates a folder whose `.codex` configures an MCP server that creates the file `mark` when it starts. */
function createProject(name: string): { root: string; mark: string } {
  const root = path.join(TARGET, 'e2e', `trust-${name}`);
  const mark = path.join(root, 'mark');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(path.join(root, '.codex'), { recursive: true });
  writeFileSync(path.join(root, '.codex/config.toml'), `[mcp_servers.marker]\ncommand = "touch"\nargs = ["${mark}"]\n`);
  return { root, mark };
}

const READY = 'Reply with exactly the single word ready.';

test('trusting a folder enables its settings, and Stop trusting disables them', async ({ page, chat, startServer }, testInfo) => {
  const { root, mark } = createProject(testInfo.testId);
  const server = await startServer({ env: { CODEX_GATEWAY_CWD: root } });
  await page.goto(server.baseURL);
  const question = page.getByRole('region', { name: 'Codex settings of this folder' });
  await expect(question).toContainText('This folder has its own Codex settings (MCP servers, hooks). Trust it?');
  await expect(question).toContainText(`marker: touch ${mark}`);
  await question.getByRole('button', { name: 'Trust', exact: true }).click();
  await expect(question).toBeHidden();

  await chat.send(READY);
  await chat.waitForTurn('completed');
  await expect.poll(() => existsSync(mark)).toBe(true);
  await expect(question).toBeHidden();

  await page.getByRole('button', { name: 'Details' }).click();
  const status = page.locator('.panel .trust');
  await expect(status).toContainText("You trust this folder's Codex settings.");
  rmSync(mark);
  await status.getByRole('button', { name: 'Stop trusting' }).click();
  await expect(status).toContainText("This folder's Codex settings are not used.");
  await chat.send(READY);
  await chat.waitForTurn('completed', 2);
  expect(existsSync(mark)).toBe(false);
  await page.goto('about:blank');
});

test('after Don\'t trust, the page does not ask about the folder again', async ({ page, chat, startServer }, testInfo) => {
  const { root, mark } = createProject(testInfo.testId);
  const server = await startServer({ env: { CODEX_GATEWAY_CWD: root } });
  await page.goto(server.baseURL);
  await chat.send(READY);
  await chat.waitForTurn('completed');
  const question = page.getByRole('region', { name: 'Codex settings of this folder' });
  // The conversation asks too.
  await page.reload();
  // It is collapsed to one line; expanded, it shows the settings and the choices.
  const choice = question.getByRole('button', { name: "Don't trust" });
  await expect(choice).toBeHidden();
  await question.getByText('Trust it?').click();
  await choice.click();
  await expect(question).toBeHidden();
  await page.reload();
  await chat.waitUntilLive();
  await expect(question).toBeHidden();
  await page.goto(server.baseURL);
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await expect(question).toBeHidden();
  expect(existsSync(mark)).toBe(false);
  await page.goto('about:blank');
});

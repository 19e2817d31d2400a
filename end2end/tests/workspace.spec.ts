// Where a new conversation works: chosen on the first screen, where there is a choice.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './chat';
import { screenshot } from './gateway';
import { TARGET } from './support/server';

/** A directory with two git repositories, and something that is none. */
function projects(name: string): string {
  const root = path.join(TARGET, 'e2e', `projects-${name}`);
  for (const [repository, branch] of [['atlas', 'main'], ['borealis', 'aurora']]) {
    mkdirSync(path.join(root, repository ?? '', '.git'), { recursive: true });
    writeFileSync(path.join(root, repository ?? '', '.git/HEAD'), `ref: refs/heads/${branch}\n`);
    writeFileSync(path.join(root, repository ?? '', `${repository}.txt`), '');
  }
  mkdirSync(path.join(root, 'notes'), { recursive: true });
  return root;
}

test('a repository is picked, files are found in it, and the conversation works there', async ({ page, chat, startServer }, testInfo) => {
  const root = projects(testInfo.testId);
  const atlas = path.join(root, 'atlas');
  const borealis = path.join(root, 'borealis');
  const server = await startServer({ env: { CODEX_GATEWAY_CWD: atlas, CODEX_GATEWAY_WORKSPACES: root } });
  await page.goto(server.baseURL);
  const workspace = page.getByRole('combobox', { name: 'Workspace' });
  await expect(workspace).toHaveValue(atlas);
  const offered = await workspace.locator('option').evaluateAll((all) => all.map((option) => (option as HTMLOptionElement).value));
  expect(offered).toEqual([atlas, root, borealis]);
  await expect(workspace.locator('option:checked')).toHaveText(`atlas · ${atlas}`);
  const branch = page.locator('.setting [title="Git branch"]');
  await expect(branch).toHaveText('main');
  await workspace.selectOption(borealis);
  await expect(branch).toHaveText('aurora');

  const message = page.getByRole('textbox', { name: 'Message' });
  await message.pressSequentially('Look at @borea');
  await expect(page.getByRole('option', { name: 'borealis.txt' })).toBeVisible();
  await screenshot(page, 'workspace-chosen');
  await message.fill('');

  await chat.say('Reply with exactly the single word ready.');
  await page.waitForURL(/\/c\/[^/]+$/);
  await chat.ended('completed');
  await expect(page.locator('.bar .place')).toHaveText('borealis');
  await expect(page.locator('.bar .place')).toHaveAttribute('title', `Workspace: ${borealis}`);
  const state = await page.request.get(`${server.baseURL}/api/sessions/${chat.sessionId}/state`);
  expect((await state.json()).state.cwd).toBe(borealis);
  await page.goto('about:blank');
});

test('a directory that is gone when the message is sent is told, and the choice and the text stay', async ({ page, chat, faults, startServer }, testInfo) => {
  const root = projects(testInfo.testId);
  const server = await startServer({ env: { CODEX_GATEWAY_CWD: path.join(root, 'atlas'), CODEX_GATEWAY_WORKSPACES: root } });
  faults.allow(/status of 400/);
  await page.goto(server.baseURL);
  const workspace = page.getByRole('combobox', { name: 'Workspace' });
  // As if it had been offered and was then moved away.
  await workspace.evaluate((select, gone) => {
    select.append(new Option(gone, gone, false, true));
    select.dispatchEvent(new Event('change', { bubbles: true }));
  }, path.join(root, 'gone'));
  await chat.say('Anything.');
  await expect(page.getByRole('alert')).toContainText('gone');
  await expect(page.getByRole('textbox', { name: 'Message' })).toHaveValue('Anything.');
  // The gateway ends before the page does otherwise.
  await page.goto('about:blank');
});

// The workspace of a new conversation, chosen on the first screen.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './chat';
import { screenshot } from './gateway';
import { TARGET } from './support/server';

/** Creates a directory with two git repositories and another directory. */
function createProjects(name: string): string {
  const root = path.join(TARGET, 'e2e', `projects-${name}`);
  for (const [repository, branch] of [['atlas', 'main'], ['borealis', 'aurora']]) {
    mkdirSync(path.join(root, repository ?? '', '.git'), { recursive: true });
    writeFileSync(path.join(root, repository ?? '', '.git/HEAD'), `ref: refs/heads/${branch}\n`);
    writeFileSync(path.join(root, repository ?? '', `${repository}.txt`), '');
  }
  mkdirSync(path.join(root, 'notes'), { recursive: true });
  return root;
}

test('the selected repository is used for file suggestions and as the directory of the conversation', async ({ page, chat, startServer }, testInfo) => {
  const root = createProjects(testInfo.testId);
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

  await chat.send('Reply with exactly the single word ready.');
  await page.waitForURL(/\/c\/[^/]+$/);
  await chat.waitForTurn('completed');
  await expect(page.locator('.bar .workspace')).toHaveText('borealis');
  await expect(page.locator('.bar .workspace')).toHaveAttribute('title', `Workspace: ${borealis}`);
  const state = await page.request.get(`${server.baseURL}/api/sessions/${chat.sessionId}/state`);
  expect((await state.json()).state.cwd).toBe(borealis);
  await page.goto('about:blank');
});

test('if the selected directory does not exist any more, the message stays in the field with an error', async ({ page, chat, pageErrors, startServer }, testInfo) => {
  const root = createProjects(testInfo.testId);
  const server = await startServer({ env: { CODEX_GATEWAY_CWD: path.join(root, 'atlas'), CODEX_GATEWAY_WORKSPACES: root } });
  pageErrors.allow(/status of 400/);
  await page.goto(server.baseURL);
  const workspace = page.getByRole('combobox', { name: 'Workspace' });
  // As if the directory was listed and then moved away.
  await workspace.evaluate((select, gone) => {
    select.append(new Option(gone, gone, false, true));
    select.dispatchEvent(new Event('change', { bubbles: true }));
  }, path.join(root, 'gone'));
  await chat.send('Anything.');
  await expect(page.getByRole('alert')).toContainText('gone');
  await expect(page.getByRole('textbox', { name: 'Message' })).toHaveValue('Anything.');
  // Closes the page before its gateway ends.
  await page.goto('about:blank');
});

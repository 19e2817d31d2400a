// What is far too much of something is shown, cut or not, and the page stays alive.
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

const THREAD = '00000000-0000-0000-0000-000000000517';
const LARGE = 1_000_000;

const message = (id: string, text: string) => ({ type: 'agentMessage', id, text });
const command = (aggregatedOutput: string) => ({
  type: 'commandExecution', id: 'printed', command: 'print', cwd: '/', status: 'completed', commandActions: [],
  aggregatedOutput, exitCode: 0, durationMs: 1,
});

/** Answers that go wrong in a page that does not expect them, and what can be seen of each. */
const ANSWERS: [what: string, text: string, seen: string][] = [
  ['a line of a megabyte', `begins ${'x'.repeat(LARGE)}`, 'begins xxx'],
  ['a fence of a megabyte that never closes', `\`\`\`\n${'code\n'.repeat(LARGE / 5)}`, 'code'],
  ['a hundred thousand list items', '- item\n'.repeat(100_000), 'item'],
  ['ten thousand quotes in each other', `${'>'.repeat(10_000)} deep`, 'deep'],
  ['a hundred thousand emphases that never end', '*a '.repeat(100_000), 'a'],
  ['images in each other', `${'!['.repeat(160_000)}a${'](x)'.repeat(160_000)}`, '![![![a](x)](x)'],
  ['lists in each other, and lines that go on with them', `${'- '.repeat(100_000)}a\n${'\n'.repeat(100_000)}`, '- - - a'],
  ['a hundred thousand paragraphs', 'word\n\n'.repeat(100_000), 'word'],
  ['many tables of short rows', `${'|a'.repeat(250)}|\n${'|-'.repeat(250)}|\n${'a\n'.repeat(500)}\n`.repeat(400), 'a'],
  ['text that reorders what follows', 'safe \u202Eexe.txt', 'safe U+202Eexe.txt'],
];

for (const [what, text, seen] of ANSWERS) {
  test(what, async ({ chat, page, startServer }) => {
    // A build for developing is ten times slower than what readers get.
    test.setTimeout(120_000);
    const codex = new FakeCodex('oversize', 'normal');
    codex.putThread(THREAD, [{ id: 'turn', status: 'completed', items: [message('answer', text)] }]);
    const server = await startServer({ args: [], env: codex.env });
    const made = await page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD } });
    await chat.open(`${server.baseURL}/c/${(await made.json()).sessionId}`);
    await expect(chat.answers.last()).toContainText(seen);
    expect(await chat.answers.last().locator('*').count()).toBeLessThan(20_000);
    await chat.say('Still there?');
    await chat.ended('completed', 2);
    await page.goto('about:blank');
  });
}

test('what a terminal would obey is left out, and colours are kept', async ({ chat, page, startServer }) => {
  const codex = new FakeCodex('oversize', 'normal');
  const output = '\u001b]0;title\u0007\u001b[2J\u001b[31mred\u001b[0m \u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007 <b>bold</b>\n';
  codex.putThread(THREAD, [{ id: 'turn', status: 'completed', items: [command(output), message('answer', 'Done.')] }]);
  const server = await startServer({ args: [], env: codex.env });
  const made = await page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD } });
  await chat.open(`${server.baseURL}/c/${(await made.json()).sessionId}`);
  await chat.fold.click();
  await chat.step(/print/).click();
  await expect(chat.log.locator('pre.output')).toHaveText('red link <b>bold</b>');
  await expect(chat.log.locator('.fg1')).toHaveText('red');
  await expect(chat.log.locator('pre.output a, pre.output b')).toHaveCount(0);
  await page.goto('about:blank');
});

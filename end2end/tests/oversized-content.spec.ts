// Extremely large or deeply nested content is shown, possibly truncated, and the page stays responsive.
import { expect, test } from './chat';
import { FakeCodex } from './support/fake-codex';

const THREAD_ID = '00000000-0000-0000-0000-000000000517';
const LARGE = 1_000_000;

const message = (id: string, text: string) => ({ type: 'agentMessage', id, text });
const command = (aggregatedOutput: string) => ({
  type: 'commandExecution', id: 'printed', command: 'print', cwd: '/', status: 'completed', commandActions: [],
  aggregatedOutput, exitCode: 0, durationMs: 1,
});

/** Large and malformed answers, with a text that must be visible. */
const ANSWERS: [what: string, text: string, visible: string][] = [
  ['a line of 1 MB', `begins ${'x'.repeat(LARGE)}`, 'begins xxx'],
  ['an unclosed code block of 1 MB', `\`\`\`\n${'code\n'.repeat(LARGE / 5)}`, 'code'],
  ['100,000 list items', '- item\n'.repeat(100_000), 'item'],
  ['10,000 nested quotes', `${'>'.repeat(10_000)} deep`, 'deep'],
  ['100,000 unclosed emphases', '*a '.repeat(100_000), 'a'],
  ['nested images', `${'!['.repeat(160_000)}a${'](x)'.repeat(160_000)}`, '![![![a](x)](x)'],
  ['nested lists with continuation lines', `${'- '.repeat(100_000)}a\n${'\n'.repeat(100_000)}`, '- - - a'],
  ['100,000 paragraphs', 'word\n\n'.repeat(100_000), 'word'],
  ['many tables of short rows', `${'|a'.repeat(250)}|\n${'|-'.repeat(250)}|\n${'a\n'.repeat(500)}\n`.repeat(400), 'a'],
  ['text with a bidirectional override', 'safe \u202Eexe.txt', 'safe U+202Eexe.txt'],
];

for (const [what, text, visible] of ANSWERS) {
  test(`an answer with ${what} is shown, and the conversation continues`, async ({ chat, page, startServer }) => {
    // A development build is ten times slower than a release.
    test.setTimeout(120_000);
    const codex = new FakeCodex('oversize', 'normal');
    codex.writeThread(THREAD_ID, [{ id: 'turn', status: 'completed', items: [message('answer', text)] }]);
    const server = await startServer({ args: [], env: codex.env });
    const created = await page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD_ID } });
    await chat.open(`${server.baseURL}/c/${(await created.json()).sessionId}`);
    await expect(chat.answers.last()).toContainText(visible);
    expect(await chat.answers.last().locator('*').count()).toBeLessThan(20_000);
    await chat.send('Still there?');
    await chat.waitForTurn('completed', 2);
    await page.goto('about:blank');
  });
}

test('terminal control sequences in command output are removed, and colours are kept', async ({ chat, page, startServer }) => {
  const codex = new FakeCodex('oversize', 'normal');
  const output = '\u001b]0;title\u0007\u001b[2J\u001b[31mred\u001b[0m \u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007 <b>bold</b>\n';
  codex.writeThread(THREAD_ID, [{ id: 'turn', status: 'completed', items: [command(output), message('answer', 'Done.')] }]);
  const server = await startServer({ args: [], env: codex.env });
  const created = await page.request.post(`${server.baseURL}/api/sessions`, { data: { resumeThreadId: THREAD_ID } });
  await chat.open(`${server.baseURL}/c/${(await created.json()).sessionId}`);
  await chat.workToggle.click();
  await chat.step(/print/).click();
  await expect(chat.log.locator('pre.output')).toHaveText('red link <b>bold</b>');
  await expect(chat.log.locator('.fg1')).toHaveText('red');
  await expect(chat.log.locator('pre.output a, pre.output b')).toHaveCount(0);
  await page.goto('about:blank');
});

// The accessibility tree of the main states of the page.
import { expect, test } from './chat';

test('the first screen has the expected accessibility tree', async ({ page, startServer }) => {
  const server = await startServer();
  await page.goto(server.baseURL);
  await expect(page.getByRole('main')).toMatchAriaSnapshot(`
    - main:
      - heading "What should Codex do?" [level=1]
      - textbox "Message"
      - button "Attach images"
      - button "Send" [disabled]
      - combobox "Model"
      - combobox "What Codex may do"
      - list:
        - listitem:
          - button "Show me what you can do"
        - listitem:
          - button "Run a command and tell me what it prints"
        - listitem:
          - button "Write a long answer"
  `);
  await expect(page.getByRole('navigation')).toMatchAriaSnapshot(`
    - navigation "Conversations":
      - link "Codex Gateway"
      - button "Command palette"
      - link "New chat"
      - searchbox "Search conversations"
      - paragraph: No conversations
  `);
});

test('a completed turn has the expected accessibility tree', async ({ chat }) => {
  await chat.startAndFinish('!standin command, text');
  await expect(chat.log).toMatchAriaSnapshot(`
    - log "Conversation":
      - heading "You said" [level=2]
      - text: "!standin command, text"
      - button /^Worked/
      - heading "Codex said" [level=3]
  `);
});

test('an approval request has the expected accessibility tree', async ({ page, chat }) => {
  await chat.start('!standin escalate');
  await expect(page.locator('.question')).toBeVisible({ timeout: 15_000 });
  await expect(page.locator('.question')).toMatchAriaSnapshot(`
    - heading "Run this command?"
    - button /^Allow once/
    - button /^Decline/
  `);
  await chat.waitUntilAnswerable();
  await page.keyboard.press('Escape');
  await chat.waitForTurn('completed');
});

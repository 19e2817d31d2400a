//! The texts of the mock server. They are visible to users of the demo, who know it as the stand-in model.

use std::fmt::Write as _;

/// The last message of a turn that would otherwise end without one.
pub(crate) const CLOSING: &str = "Done.";

/// The summary of a reasoning item, part by part.
pub(crate) const REASONING: [&str; 2] = [
    "**Reading the request**\n\nI am a stand-in, so there is nothing to ponder. A real model would say here what it makes of the request.",
    "**Choosing the next step**\n\nI take the fixed step that fits the words of the message, and show how it looks.",
];

pub(crate) const TOUR_START: &str =
    "Welcome to the tour. I make a plan, run a command, change a file and then write an answer.";
pub(crate) const TOUR_FILE: &str = "I write some notes into `standin-notes.md`.";
pub(crate) const BEFORE_APPROVAL: &str =
    "I would like to run a command outside the sandbox. It only prints the date and the system's name.";
pub(crate) const BEFORE_QUESTION: &str = "I have a question for you.";
pub(crate) const BEFORE_COMMAND: &str =
    "I run a command that counts to six; its output appears as it is printed.";
pub(crate) const BEFORE_SLOW: &str = "I run a command that takes 25 seconds. Press Stop to end it sooner.";
pub(crate) const BEFORE_BACKGROUND: &str =
    "I start a command that goes on for a minute, and do not wait for it.";
pub(crate) const AFTER_BACKGROUND: &str =
    "My turn ends here; the command is still running in the background.";
pub(crate) const AFTER_PLAN: &str = "That was the whole plan: three steps, each of them imaginary.";

/// The start of a message that is never completed.
pub(crate) const UNFINISHED: &str = "This message breaks off";

/// The message about the last tool call, derived from its output.
pub(crate) fn verdict(output: &str) -> &'static str {
    if output.contains("rejected by user") {
        "You declined, so I left it. Nothing was run or changed."
    } else if output.contains("failed") {
        "That did not work. The card above says why."
    } else {
        "That worked. The result is in the card above."
    }
}

/// A message with all kinds of Markdown.
pub(crate) const MARKDOWN: &str = r"## What you just saw

Everything on this page came through the **real** `codex app-server`; only the *model* behind it is a stand-in.

| Step | Shown as | Real? |
|:-----|:---------|:-----:|
| Reasoning | a collapsible summary | no |
| Command | a card with live output | yes |
| File change | a diff | yes |
| Plan | a checklist | no |

- [x] run a command in the sandbox
- [x] change a file
- [ ] connect a real model

```rust
/// Adds two numbers.
fn add(left: u64, right: u64) -> u64 {
    left + right
}
```

1. Ask for an **approval** to see a question.
2. Ask for a *long* text and scroll while it streams.

> A quotation, with a [link](https://example.com) and `inline code`.
";

/// The text that deltas for benchmarks are made of. ASCII, so that it can be split at any byte.
pub(crate) const FILLER: &str = "The quick brown fox jumps over the lazy dog while the stream goes on and on. \
    Pack my box with five dozen liquor jugs, and count every delta as it arrives. \
    How vexingly quick daft zebras jump! Sphinx of black quartz, judge my vow.\n\n";

/// A Markdown text of about 1,500 words.
pub(crate) fn long() -> String {
    let mut text =
        String::from("# A long text\n\nIt streams for a while. Scroll up, scroll down, or press Stop.\n");
    for chapter in 1..=12 {
        let _ = write!(
            text,
            "\n## Chapter {chapter}\n\nThis paragraph exists to be long. It has **bold** and *emphasised* words, \
             some `code`, and a few sentences that say little: a stand-in has nothing to tell, and takes its time. \
             A reader who scrolls away should stay where they are; a reader at the end should stay at the end.\n\n\
             - the first point of chapter {chapter}\n- the second point, which is longer than the first one\n\
             - the third point\n\n```sh\n# chapter {chapter}\nfor n in 1 2 3; do\n  echo \"line $n\"\ndone\n```\n\n\
             | Chapter | Words | Mood |\n|---:|---:|:---|\n| {chapter} | 120 | calm |\n\nAnd so the chapter ends, \
             as all chapters do, with a sentence that leads to the next one.\n"
        );
    }
    text
}

/// The response to a prompt without a known topic.
pub(crate) fn introduction(prompt: &str) -> String {
    const MAX_QUOTED_CHARS: usize = 500;
    let mut quoted: String = prompt.chars().take(MAX_QUOTED_CHARS).collect();
    if quoted.len() < prompt.len() {
        quoted.push('…');
    }
    // The fence is longer than any run of backticks in the quotation, so that the quotation cannot close it.
    let run = quoted.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(run.max(2) + 1);
    format!(
        "I am a **stand-in model**: there is no language model behind this page, only fixed answers. You wrote:\n\n\
         {fence}text\n{quoted}\n{fence}\n\n\
         Here is what you can ask me for:\n\n\
         - **a tour** of everything: reasoning, a plan, a command, a file change\n\
         - to **run a command**, or a **slow** one, or one in the **background**\n\
         - to **write a file**\n\
         - to ask for an **approval**, or to ask you a **question**\n\
         - a **plan**\n\
         - a **long text**\n\
         - an **error**\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_cannot_close_its_fence() {
        let text = introduction("a ```` b\n`````\n# not a heading");
        assert!(text.contains("``````text\na ```` b"), "{text}");
        assert!(text.contains("# not a heading\n``````\n"), "{text}");
    }

    #[test]
    fn long_quotation_is_truncated() {
        let text = introduction(&"é".repeat(10_000));
        assert!(text.contains("é…\n```"));
        assert_eq!(text.matches('é').count(), 500);
    }

    #[test]
    fn filler_can_be_split_at_any_byte() {
        assert!(FILLER.is_ascii());
    }
}

//! Scenarios for prompts in natural language, chosen by keywords.

use crate::{scenario::Step, texts, tools::Call};

/// A topic, recognized by whole words (also with a plural `s`) or by phrases anywhere in the prompt.
struct Topic {
    words: &'static [&'static str],
    phrases: &'static [&'static str],
    steps: fn() -> Vec<Step>,
}

/// The topics. The first match wins, so the more specific topics come first.
const TOPICS: &[Topic] = &[
    Topic {
        words: &["tour", "demo"],
        phrases: &["what can you do", "show me", "演示", "你能做什么"],
        steps: tour,
    },
    Topic {
        words: &["approval", "approve", "permission", "escalate", "escalation"],
        phrases: &["批准", "审批", "权限"],
        steps: approval,
    },
    Topic { words: &["question"], phrases: &["ask me", "提问", "问我"], steps: question },
    Topic { words: &["fail", "failing", "failure", "error"], phrases: &["失败", "错误"], steps: failure },
    Topic { words: &["plan"], phrases: &["计划"], steps: plan },
    Topic { words: &["background"], phrases: &["后台"], steps: background },
    Topic { words: &["slow", "wait"], phrases: &["等待"], steps: slow },
    Topic {
        words: &["run", "running", "command"],
        phrases: &["list files", "list the files", "运行", "命令"],
        steps: command,
    },
    Topic { words: &["long", "stream", "streaming"], phrases: &["长文", "流式"], steps: long },
    Topic {
        words: &["write", "edit", "file", "patch"], phrases: &["文件", "编辑", "修改"], steps: file
    },
];

/// Returns the steps for a prompt in natural language.
pub(crate) fn steps(prompt: &str) -> Vec<Step> {
    let prompt_lower = prompt.to_lowercase();
    let words: Vec<&str> = prompt_lower.split(|c: char| !c.is_alphanumeric()).collect();
    let matches = |topic: &&Topic| {
        topic.phrases.iter().any(|phrase| prompt_lower.contains(phrase))
            || words.iter().any(|word| topic.words.contains(word) || topic.words.contains(&singular(word)))
    };
    match TOPICS.iter().find(matches) {
        Some(topic) => (topic.steps)(),
        None => vec![Step::Message(texts::introduction(prompt))],
    }
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

fn say(text: &str) -> Step {
    Step::Message(text.to_owned())
}

fn tour() -> Vec<Step> {
    let mut steps = vec![Step::Reasoning, say(texts::TOUR_START), Step::plan(0), Step::Call(Call::Live)];
    steps.extend([say(texts::TOUR_FILE), Step::plan(1)]);
    steps.extend(Step::patch());
    steps.extend([Step::plan(2), Step::plan(3), say(texts::MARKDOWN)]);
    steps
}

fn approval() -> Vec<Step> {
    vec![say(texts::BEFORE_APPROVAL), Step::Call(Call::Escalate), Step::Verdict]
}

fn question() -> Vec<Step> {
    vec![say(texts::BEFORE_QUESTION), Step::Call(Call::Question), Step::Verdict]
}

fn failure() -> Vec<Step> {
    vec![Step::Fail(500)]
}

fn plan() -> Vec<Step> {
    let mut steps = vec![Step::Reasoning];
    steps.extend((0..=3).map(Step::plan));
    steps.push(say(texts::AFTER_PLAN));
    steps
}

fn background() -> Vec<Step> {
    vec![say(texts::BEFORE_BACKGROUND), Step::Call(Call::Background), say(texts::AFTER_BACKGROUND)]
}

fn slow() -> Vec<Step> {
    vec![say(texts::BEFORE_SLOW), Step::Call(Call::Slow), Step::Verdict]
}

fn command() -> Vec<Step> {
    vec![say(texts::BEFORE_COMMAND), Step::Call(Call::Live), Step::Verdict]
}

fn file() -> Vec<Step> {
    let mut steps = vec![say(texts::TOUR_FILE)];
    steps.extend(Step::patch());
    steps.push(Step::Verdict);
    steps
}

fn long() -> Vec<Step> {
    vec![Step::Reasoning, Step::Message(texts::long())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(prompt: &str) -> Vec<Call> {
        let call = |step| match step {
            Step::Call(call) => Some(call),
            _ => None,
        };
        steps(prompt).into_iter().filter_map(call).collect()
    }

    #[test]
    fn more_specific_topic_wins() {
        assert_eq!(calls("Please list files here"), [Call::Live]);
        assert_eq!(calls("run something that needs my permission"), [Call::Escalate]);
        assert_eq!(calls("What can you do with files?").len(), 8);
        assert_eq!(steps("show an error in a file"), [Step::Fail(500)]);
        assert_eq!(calls("Edit some files").len(), 3);
        assert_eq!(steps("Write a long answer"), long());
        assert_eq!(calls("请运行一个命令"), [Call::Live]);
    }

    #[test]
    fn parts_of_words_do_not_match() {
        for prompt in ["hello", "the planet", "belong to the profiles", "brunch"] {
            assert_eq!(steps(prompt), [Step::Message(texts::introduction(prompt))]);
        }
    }
}

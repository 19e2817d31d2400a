//! What people can ask for in their own words.

use crate::{scenario::Step, texts, tools::Call};

/// What a topic is called: whole words (with common endings), or phrases anywhere.
struct Topic {
    words: &'static [&'static str],
    phrases: &'static [&'static str],
    steps: fn() -> Vec<Step>,
}

/// The first topic that a prompt names decides, so the more specific ones come first.
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

/// The steps for a prompt in ordinary words.
pub(crate) fn steps(prompt: &str) -> Vec<Step> {
    let prompt_lower = prompt.to_lowercase();
    let words: Vec<&str> = prompt_lower.split(|c: char| !c.is_alphanumeric()).collect();
    let named = |topic: &&Topic| {
        topic.phrases.iter().any(|phrase| prompt_lower.contains(phrase))
            || words.iter().any(|word| topic.words.contains(word) || topic.words.contains(&singular(word)))
    };
    match TOPICS.iter().find(named) {
        Some(topic) => (topic.steps)(),
        None => vec![Step::Say(texts::introduction(prompt))],
    }
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

fn say(text: &str) -> Step {
    Step::Say(text.to_owned())
}

fn tour() -> Vec<Step> {
    let mut steps = vec![Step::Reason, say(texts::TOUR_START), Step::plan(0), Step::Call(Call::Live)];
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
    let mut steps = vec![Step::Reason];
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
    vec![Step::Reason, Step::Say(texts::long())]
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
    fn the_more_specific_topic_wins() {
        assert_eq!(calls("Please list files here"), [Call::Live]);
        assert_eq!(calls("run something that needs my permission"), [Call::Escalate]);
        assert_eq!(calls("What can you do with files?").len(), 8);
        assert_eq!(steps("show an error in a file"), [Step::Fail(500)]);
        assert_eq!(calls("Edit some files").len(), 3);
        assert_eq!(steps("Write a long answer"), long());
        assert_eq!(calls("请运行一个命令"), [Call::Live]);
    }

    #[test]
    fn parts_of_words_name_nothing() {
        for prompt in ["hello", "the planet", "belong to the profiles", "brunch"] {
            assert_eq!(steps(prompt), [Step::Say(texts::introduction(prompt))]);
        }
    }
}

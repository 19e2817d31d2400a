//! What to do in a turn: a list of steps, cut into one part per response.

use std::time::Duration;

use crate::{
    directive, keywords,
    request::Offered,
    texts,
    tools::{Call, PatchStage},
};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// An assistant message.
    Say(String),
    /// An assistant message made of equal deltas.
    Deltas(Deltas),
    /// A reasoning item.
    Reason,
    /// A tool call: it ends the response, and codex comes back with the output.
    Call(Call),
    /// A line on how the last tool call went.
    Verdict,
    /// The response is an HTTP error.
    Fail(u16),
    /// The first so many attempts of the response break off.
    Flaky(u32),
    /// The response breaks off.
    Cut,
    /// The response never ends.
    Hang,
}

/// A message for benchmarks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Deltas {
    pub(crate) count: u32,
    /// Time between two deltas; zero is as fast as possible.
    pub(crate) pace: Duration,
    /// Bytes per delta.
    pub(crate) size: usize,
    /// Each delta is its time of sending instead.
    pub(crate) stamp: bool,
}

/// The steps of one turn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scenario {
    steps: Vec<Step>,
    /// Time between two deltas of ordinary text; zero is as fast as possible.
    pub(crate) pace: Duration,
}

/// The pace of the demo: a few words at a time, like a real model.
const DEMO_PACE: Duration = Duration::from_millis(20);

impl Scenario {
    /// What the user's message asks for.
    pub(crate) fn of(prompt: &str) -> Self {
        if let Some(word) = exact_word(prompt) {
            return Self { steps: vec![Step::Say(word.to_owned())], pace: Duration::ZERO };
        }
        match prompt.lines().find_map(|line| line.trim().strip_prefix("!standin ")) {
            Some(line) => {
                let steps = directive::parse(line).unwrap_or_else(|error| vec![Step::Say(error.to_string())]);
                Self { steps, pace: Duration::ZERO }
            }
            None => Self { steps: keywords::steps(prompt), pace: DEMO_PACE },
        }
    }

    /// The steps of the response that follows `outputs` tool outputs: up to and including the next
    /// tool call. Steps whose tool is not offered have become messages that say so.
    pub(crate) fn part(&self, outputs: usize, offered: &Offered) -> Vec<Step> {
        let mut steps: Vec<Step> = self
            .steps
            .iter()
            .map(|step| match step {
                Step::Call(call) if !offered.allows(call) => {
                    Step::Say(format!("The tool `{}` is not offered here.", call.tool()))
                }
                other => other.clone(),
            })
            .collect();
        if !steps.last().is_some_and(Step::ends_turn) {
            steps.push(Step::Say(texts::CLOSING.to_owned()));
        }
        let part = steps.split_inclusive(|step| matches!(step, Step::Call(_))).nth(outputs);
        part.map_or_else(|| vec![Step::Say(texts::CLOSING.to_owned())], <[Step]>::to_vec)
    }
}

impl Step {
    /// Whether a turn may end with it: it says something, or breaks.
    fn ends_turn(&self) -> bool {
        !matches!(self, Step::Reason | Step::Call(_) | Step::Flaky(_))
    }

    /// The three calls of a file change.
    pub(crate) fn patch() -> [Step; 3] {
        [PatchStage::Look, PatchStage::AddOrUpdate, PatchStage::Update]
            .map(|stage| Step::Call(Call::Patch(stage)))
    }

    /// A plan with so many of its three steps completed.
    pub(crate) fn plan(completed: usize) -> Step {
        Step::Call(Call::Plan { completed })
    }
}

/// `X` of "reply with exactly the single word X".
fn exact_word(prompt: &str) -> Option<&str> {
    const ASK: &str = "reply with exactly the single word";
    // ASCII lower case keeps every byte offset.
    let at = prompt.to_ascii_lowercase().find(ASK)? + ASK.len();
    let word =
        prompt.get(at..)?.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    word.into_iter().find(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Offered;

    #[test]
    fn an_exact_word_is_the_whole_answer() {
        for prompt in [
            "Reply with exactly the single word Paris.",
            "please, reply with exactly the single word: \"Paris\", and stop",
        ] {
            let part = Scenario::of(prompt).part(0, &Offered::none());
            assert_eq!(part, [Step::Say("Paris".to_owned())]);
        }
    }

    #[test]
    fn each_tool_output_leads_to_the_next_part() {
        let scenario = Scenario::of("!standin reasoning, command, patch, text");
        let offered = Offered::everything();
        assert_eq!(scenario.part(0, &offered), [Step::Reason, Step::Call(Call::Live)]);
        assert_eq!(scenario.part(1, &offered), [Step::Call(Call::Patch(PatchStage::Look))]);
        assert_eq!(scenario.part(3, &offered), [Step::Call(Call::Patch(PatchStage::Update))]);
        assert_eq!(scenario.part(4, &offered), [Step::Say(texts::MARKDOWN.to_owned())]);
        assert_eq!(scenario.part(5, &offered), [Step::Say(texts::CLOSING.to_owned())]);
    }

    #[test]
    fn a_turn_always_ends_with_a_message() {
        let offered = Offered::everything();
        let closing = Step::Say(texts::CLOSING.to_owned());
        assert_eq!(Scenario::of("!standin command").part(1, &offered), std::slice::from_ref(&closing));
        assert_eq!(Scenario::of("!standin flaky").part(0, &offered), [Step::Flaky(2), closing]);
    }

    #[test]
    fn a_step_without_its_tool_becomes_a_message() {
        let part = Scenario::of("!standin command, text").part(0, &Offered::none());
        assert_eq!(part.len(), 2);
        assert_eq!(part[0], Step::Say("The tool `exec_command` is not offered here.".to_owned()));
    }
}

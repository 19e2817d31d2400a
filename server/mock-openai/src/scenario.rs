//! Scenarios: the steps of a turn, split into one part for each response.

use std::time::Duration;

use crate::{
    directive, keywords,
    request::OfferedTools,
    texts,
    tools::{Call, PatchStage},
};

/// A step of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// An assistant message.
    Message(String),
    /// An assistant message of equal deltas.
    Deltas(Deltas),
    /// A reasoning item.
    Reasoning,
    /// A tool call. It ends the response; codex sends the output in the next request.
    Call(Call),
    /// A message about the result of the last tool call.
    Verdict,
    /// The response is an error with this HTTP status.
    Fail(u16),
    /// The first attempts of the response, as many as given, are cut.
    Flaky(u32),
    /// The response is cut in the middle of a message.
    Cut,
    /// The response never ends.
    Hang,
}

/// A message of equal deltas, for benchmarks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Deltas {
    pub(crate) count: u32,
    /// The time between two deltas. Zero: as fast as possible.
    pub(crate) pace: Duration,
    /// The size of a delta in bytes.
    pub(crate) size: usize,
    /// Whether each delta is the time at which it was sent, instead of filler text.
    pub(crate) stamp: bool,
}

/// The steps of a turn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scenario {
    steps: Vec<Step>,
    /// The time between two deltas of ordinary text. Zero: as fast as possible.
    pub(crate) pace: Duration,
}

/// The time between two deltas of three words, similar to that of a real model.
const DEMO_PACE: Duration = Duration::from_millis(20);

impl Scenario {
    /// Returns the scenario for a prompt.
    pub(crate) fn from_prompt(prompt: &str) -> Self {
        if let Some(word) = exact_word(prompt) {
            return Self { steps: vec![Step::Message(word.to_owned())], pace: Duration::ZERO };
        }
        match prompt.lines().find_map(|line| line.trim().strip_prefix("!standin ")) {
            Some(line) => {
                let steps =
                    directive::parse(line).unwrap_or_else(|error| vec![Step::Message(error.to_string())]);
                Self { steps, pace: Duration::ZERO }
            }
            None => Self { steps: keywords::steps(prompt), pace: DEMO_PACE },
        }
    }

    /// The steps of the response after `outputs` tool outputs, up to and including the next tool call. A step whose
    /// tool is not offered is replaced by a message that says so.
    pub(crate) fn part(&self, outputs: usize, offered: &OfferedTools) -> Vec<Step> {
        let mut steps: Vec<Step> = self
            .steps
            .iter()
            .map(|step| match step {
                Step::Call(call) if !offered.supports(call) => {
                    Step::Message(format!("The tool `{}` is not offered here.", call.tool()))
                }
                other => other.clone(),
            })
            .collect();
        if !steps.last().is_some_and(Step::ends_turn) {
            steps.push(Step::Message(texts::CLOSING.to_owned()));
        }
        let part = steps.split_inclusive(|step| matches!(step, Step::Call(_))).nth(outputs);
        part.map_or_else(|| vec![Step::Message(texts::CLOSING.to_owned())], <[Step]>::to_vec)
    }
}

impl Step {
    /// Returns `true` if a turn may end with the step: it is a message or a failure.
    fn ends_turn(&self) -> bool {
        !matches!(self, Step::Reasoning | Step::Call(_) | Step::Flaky(_))
    }

    /// The three tool calls of a file change.
    pub(crate) fn patch() -> [Step; 3] {
        [PatchStage::Look, PatchStage::AddOrUpdate, PatchStage::Update]
            .map(|stage| Step::Call(Call::Patch(stage)))
    }

    /// An update of the plan, with this number of its three steps completed.
    pub(crate) fn plan(completed: usize) -> Step {
        Step::Call(Call::Plan { completed })
    }
}

/// Returns the `X` of "reply with exactly the single word X".
fn exact_word(prompt: &str) -> Option<&str> {
    const PHRASE: &str = "reply with exactly the single word";
    // Conversion to ASCII lower case preserves byte offsets.
    let at = prompt.to_ascii_lowercase().find(PHRASE)? + PHRASE.len();
    let word =
        prompt.get(at..)?.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    word.into_iter().find(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::OfferedTools;

    #[test]
    fn exact_word_is_the_whole_response() {
        for prompt in [
            "Reply with exactly the single word Paris.",
            "please, reply with exactly the single word: \"Paris\", and stop",
        ] {
            let part = Scenario::from_prompt(prompt).part(0, &OfferedTools::none());
            assert_eq!(part, [Step::Message("Paris".to_owned())]);
        }
    }

    #[test]
    fn number_of_tool_outputs_selects_the_part() {
        let scenario = Scenario::from_prompt("!standin reasoning, command, patch, text");
        let offered = OfferedTools::everything();
        assert_eq!(scenario.part(0, &offered), [Step::Reasoning, Step::Call(Call::Live)]);
        assert_eq!(scenario.part(1, &offered), [Step::Call(Call::Patch(PatchStage::Look))]);
        assert_eq!(scenario.part(3, &offered), [Step::Call(Call::Patch(PatchStage::Update))]);
        assert_eq!(scenario.part(4, &offered), [Step::Message(texts::MARKDOWN.to_owned())]);
        assert_eq!(scenario.part(5, &offered), [Step::Message(texts::CLOSING.to_owned())]);
    }

    #[test]
    fn turn_always_ends_with_a_message() {
        let offered = OfferedTools::everything();
        let closing = Step::Message(texts::CLOSING.to_owned());
        assert_eq!(
            Scenario::from_prompt("!standin command").part(1, &offered),
            std::slice::from_ref(&closing)
        );
        assert_eq!(Scenario::from_prompt("!standin flaky").part(0, &offered), [Step::Flaky(2), closing]);
    }

    #[test]
    fn step_without_its_tool_becomes_a_message() {
        let part = Scenario::from_prompt("!standin command, text").part(0, &OfferedTools::none());
        assert_eq!(part.len(), 2);
        assert_eq!(part[0], Step::Message("The tool `exec_command` is not offered here.".to_owned()));
    }
}

//! Reviews, which codex reports in its own way.

use std::collections::HashSet;

use codex_gateway_wire::{Content, Entry, Item, ItemId};

/// The entries of a review that are shown in another way than those of other turns.
///
/// Codex reports a review with the prompt that it gives the reviewer as a message of the user, the reviewer's JSON as a
/// message of the agent, the result, and the result again as a message of the agent.
#[derive(Default)]
pub(super) struct ReviewEntries {
    /// The prompt.
    pub(super) instructions: HashSet<ItemId>,
    /// The JSON, which is empty if codex keeps it back, and the second copy of the result.
    pub(super) hidden: HashSet<ItemId>,
}

impl ReviewEntries {
    /// Empty if the turn is no review.
    pub(super) fn of(entries: &[&Entry]) -> Self {
        let mut review = Self::default();
        let items = || {
            entries.iter().filter_map(|entry| match &entry.content {
                Content::Item(item) => Some((&entry.id, item)),
                _ => None,
            })
        };
        if !items().any(|(_, item)| matches!(item, Item::EnteredReviewMode(_) | Item::ExitedReviewMode(_))) {
            return review;
        }
        let result = items().find_map(|(_, item)| match item {
            Item::ExitedReviewMode(exited) => Some(exited.review.trim()),
            _ => None,
        });
        for (id, item) in items() {
            match item {
                Item::UserMessage(message) if message.client_id.is_none() => {
                    review.instructions.insert(id.clone());
                }
                Item::AgentMessage(message) => {
                    let text = message.text.trim();
                    if text.is_empty() || text.starts_with('{') || Some(text) == result {
                        review.hidden.insert(id.clone());
                    }
                }
                _ => {}
            }
        }
        review
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::codex::TurnStatus;

    use crate::state::turn::tests::{entry, facts, sorted};

    #[test]
    fn review_shows_its_result_once_and_its_prompt_as_a_step() {
        let review = || {
            vec![
                entry("entered", r#""type":"enteredReviewMode","review":"current changes""#),
                entry("prompt", r#""type":"userMessage","content":[{"type":"text","text":"Review them."}]"#),
                entry("json", r#""type":"agentMessage","text":"{\"findings\":[]}""#),
                entry("blank", r#""type":"agentMessage","text":"""#),
                entry("result", r#""type":"exitedReviewMode","review":"One finding.""#),
                entry("again", r#""type":"agentMessage","text":"One finding.""#),
            ]
        };
        let facts = facts(TurnStatus::Completed, review());
        assert_eq!(sorted(&facts.instructions), ["prompt"]);
        assert_eq!(sorted(&facts.hidden), ["again", "blank", "json"]);
        let folds = sorted(&facts.folds);
        assert!(folds.contains(&"prompt") && !folds.contains(&"result"), "{folds:?}");

        let ordinary = super::super::tests::facts(TurnStatus::Completed, review()[1..3].to_vec());
        assert!(ordinary.instructions.is_empty() && ordinary.hidden.is_empty(), "no review");
    }
}

//! Which entry of a turn is its answer.

use super::{Content, Entry, Transcript};
use crate::{
    codex::{AgentMessage, Item},
    ids::TurnId,
};

/// The answer among the entries of a turn: the last message of the agent, whatever comes behind it. A message that says
/// nothing counts only if there is no other.
pub fn answer<'a>(
    entries: impl DoubleEndedIterator<Item = &'a Entry>,
) -> Option<(&'a Entry, &'a AgentMessage)> {
    let mut empty = None;
    for entry in entries.rev() {
        let Content::Item(Item::AgentMessage(message)) = &entry.content else { continue };
        if !message.text.trim().is_empty() {
            return Some((entry, message));
        }
        empty = empty.or(Some((entry, message)));
    }
    empty
}

impl Transcript {
    /// The answer of a turn, see [`answer`].
    pub fn answer(&self, turn: &TurnId) -> Option<&AgentMessage> {
        let own = self.entries.iter().filter(|entry| entry.turn_id.as_ref() == Some(turn));
        answer(own).map(|(_, message)| message)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::transcript::Phase;

    fn transcript(items: &[&str]) -> Transcript {
        let entry = |(at, item): (usize, &&str)| Entry {
            id: at.to_string().into(),
            as_of: 1,
            turn_id: Some("t".into()),
            phase: Phase::Done,
            started_at_ms: None,
            completed_at_ms: None,
            content: Content::Item(serde_json::from_str(&format!(r#"{{"id":"{at}",{item}}}"#)).unwrap()),
        };
        Transcript { entries: items.iter().enumerate().map(entry).collect(), ..Transcript::default() }
    }

    const LATE: &str =
        r#""type":"subAgentActivity","kind":"interacted","agentPath":"/a","agentThreadId":"a""#;

    #[test]
    fn answer_is_the_last_message_whatever_comes_behind_it() {
        let said = |text: &str| format!(r#""type":"agentMessage","text":"{text}""#);
        let answer =
            |items: &[&str]| transcript(items).answer(&"t".into()).map(|message| message.text.clone());
        let (first, last, nothing) = (said("First I look."), said("Done."), said(" "));
        assert_eq!(answer(&[&first, LATE, &last, LATE, LATE]), Some("Done.".to_owned()));
        assert_eq!(answer(&[&last, LATE, &nothing]), Some("Done.".to_owned()));
        assert_eq!(answer(&[LATE, &nothing]), Some(" ".to_owned()));
        assert_eq!(answer(&[LATE]), None);
        assert_eq!(transcript(&[&last]).answer(&"u".into()), None);
    }
}

//! The answer of a turn.

use super::{Content, Entry, Transcript};
use crate::{
    codex::{AgentMessage, Item},
    ids::TurnId,
};

/// Returns the answer among a turn's entries: the agent's last message that is not blank, whatever entries follow it.
/// If all messages are blank, the last one.
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
    /// The answer of a turn; see [`answer`].
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

    const OTHER: &str =
        r#""type":"subAgentActivity","kind":"interacted","agentPath":"/a","agentThreadId":"a""#;

    #[test]
    fn answer_is_last_message_that_is_not_blank() {
        let message = |text: &str| format!(r#""type":"agentMessage","text":"{text}""#);
        let answer =
            |items: &[&str]| transcript(items).answer(&"t".into()).map(|message| message.text.clone());
        let (first, last, blank) = (message("First I look."), message("Done."), message(" "));
        assert_eq!(answer(&[&first, OTHER, &last, OTHER, OTHER]), Some("Done.".to_owned()));
        assert_eq!(answer(&[&last, OTHER, &blank]), Some("Done.".to_owned()));
        assert_eq!(answer(&[OTHER, &blank]), Some(" ".to_owned()));
        assert_eq!(answer(&[OTHER]), None);
        assert_eq!(transcript(&[&last]).answer(&"u".into()), None);
    }
}

//! The change of a message that the user is writing: of a sent message, or of one in the queue.

use codex_gateway_wire::{
    Content, InputPart, Item, ItemId, QueueItemId, StartTurn, Transcript, TurnId,
    codex::{UserInput, UserMessage},
};
use leptos::prelude::*;

/// What the user is about to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EditSubject {
    /// The first message of a turn, and the entry that shows it.
    Turn(TurnId, ItemId),
    /// A message in the queue.
    Queued(QueueItemId),
    /// The removal of a message from the queue, which the user has to confirm.
    Removal(QueueItemId),
}

impl EditSubject {
    /// Returns `true` while the conversation has the turn or the queued message.
    pub(crate) fn is_in(&self, transcript: &Transcript) -> bool {
        match self {
            Self::Turn(turn, _) => transcript.turn(turn).is_some(),
            Self::Queued(id) | Self::Removal(id) => transcript.queue.iter().any(|item| item.id == *id),
        }
    }
}

/// A message of the user in the conversation, as far as it can be sent again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SentMessage {
    pub(crate) entry: ItemId,
    pub(crate) text: String,
    pub(crate) input: Vec<InputPart>,
}

impl SentMessage {
    /// The first message of the user in a turn.
    pub(crate) fn of_turn(transcript: &Transcript, turn: &TurnId) -> Option<Self> {
        let mut own = transcript.entries.iter().filter(|entry| entry.turn_id.as_ref() == Some(turn));
        own.find_map(|entry| match &entry.content {
            Content::Item(Item::UserMessage(message)) => Some(Self {
                entry: entry.id.clone(),
                text: message.text(),
                input: input_parts(message, transcript.cwd.as_deref().unwrap_or_default()),
            }),
            _ => None,
        })
    }

    /// The message as it is sent again.
    pub(crate) fn into_turn(self) -> StartTurn {
        StartTurn { prompt: self.text, input: self.input, ..StartTurn::default() }
    }
}

/// The parts of a message beside its texts.
///
/// Mentions of files outside the working directory are left out: they are codex's own and cannot be sent from here.
fn input_parts(message: &UserMessage, cwd: &str) -> Vec<InputPart> {
    let relative_path = |part: &UserInput| {
        let path = part.path.as_deref()?.strip_prefix(cwd)?.strip_prefix('/')?;
        Some(path.to_owned()).filter(|path| !path.is_empty())
    };
    let input_part = |part: &UserInput| match part.kind.as_str() {
        "mention" => relative_path(part).map(|path| InputPart::Mention { path }),
        "skill" => {
            relative_path(part).zip(part.name.clone()).map(|(path, name)| InputPart::Skill { name, path })
        }
        _ => part.upload().map(|upload| InputPart::Image { upload }),
    };
    message.content.iter().filter_map(input_part).collect()
}

/// The edit of a conversation. There is at most one at a time.
#[derive(Clone, Copy)]
pub(crate) struct Edit {
    pub(crate) subject: RwSignal<Option<EditSubject>>,
    /// The text as it is written now.
    pub(crate) text: RwSignal<String>,
    /// The attachments of the message.
    pub(crate) input: RwSignal<Vec<InputPart>>,
    /// The change is being sent.
    pub(crate) sending: RwSignal<bool>,
    /// Why the change could not be sent.
    pub(crate) failure: RwSignal<Option<String>>,
}

impl Edit {
    pub(super) fn new() -> Self {
        Self {
            subject: RwSignal::new(None),
            text: RwSignal::new(String::new()),
            input: RwSignal::new(Vec::new()),
            sending: RwSignal::new(false),
            failure: RwSignal::new(None),
        }
    }

    /// Returns `true` if something is edited; tracked.
    pub(crate) fn is_open(self) -> bool {
        self.subject.try_with(Option::is_some).unwrap_or_default()
    }

    /// Returns `true` if the message of this entry is edited; tracked.
    pub(crate) fn is_of_entry(self, entry: &ItemId) -> bool {
        self.is(|subject| matches!(subject, EditSubject::Turn(_, own) if own == entry))
    }

    /// Returns `true` if this message of the queue is edited; tracked.
    pub(crate) fn is_of_queued(self, item: &str) -> bool {
        self.is(|subject| matches!(subject, EditSubject::Queued(own) if own.as_str() == item))
    }

    /// Returns `true` if the user is asked whether to remove this message of the queue; tracked.
    pub(crate) fn is_removal_of(self, item: &str) -> bool {
        self.is(|subject| matches!(subject, EditSubject::Removal(own) if own.as_str() == item))
    }

    fn is(self, is: impl FnOnce(&EditSubject) -> bool) -> bool {
        self.subject.try_with(|subject| subject.as_ref().is_some_and(is)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{Entry, Phase};

    use super::*;

    fn user_message(id: &str, turn: &str, content: &str) -> Entry {
        let item = format!(r#"{{"item":{{"type":"userMessage","id":"{id}","content":[{content}]}}}}"#);
        Entry {
            id: id.into(),
            as_of: 1,
            turn_id: Some(turn.into()),
            phase: Phase::Done,
            started_at_ms: None,
            completed_at_ms: None,
            content: serde_json::from_str(&item).unwrap(),
        }
    }

    #[test]
    fn sent_message_has_the_parts_that_can_be_sent_again() {
        let upload = "0b5e0b5e-0b5e-4b5e-8b5e-0b5e0b5e0b5e";
        let content = [
            r#"{"type":"text","text":"look"}"#.to_owned(),
            r#"{"type":"mention","name":"a","path":"/w/src/a.rs"}"#.to_owned(),
            r#"{"type":"mention","name":"app","path":"app://mail"}"#.to_owned(),
            r#"{"type":"mention","name":"w","path":"/w"}"#.to_owned(),
            r#"{"type":"skill","name":"lint","path":"/w/skills/lint"}"#.to_owned(),
            format!(r#"{{"type":"localImage","path":"/d/uploads/{upload}"}}"#),
        ];
        let entries = [
            user_message("first", "other", r#"{"type":"text","text":"no"}"#),
            user_message("second", "t", &content.join(",")),
            user_message("third", "t", r#"{"type":"text","text":"later"}"#),
        ];
        let transcript = Transcript {
            cwd: Some("/w".to_owned()),
            entries: entries.into_iter().collect(),
            ..Transcript::default()
        };
        let sent = SentMessage::of_turn(&transcript, &"t".into()).unwrap();
        assert_eq!((sent.entry.as_str(), sent.text.as_str()), ("second", "look"));
        let expected = [
            InputPart::Mention { path: "src/a.rs".to_owned() },
            InputPart::Skill { name: "lint".to_owned(), path: "skills/lint".to_owned() },
            InputPart::Image { upload: upload.into() },
        ];
        assert_eq!(sent.into_turn().input, expected);
        assert_eq!(SentMessage::of_turn(&transcript, &"gone".into()), None);
    }
}

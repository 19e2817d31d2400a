//! The messages between tabs.

use codex_gateway_wire::SessionId;

use super::stamp::Stamp;

/// A message to all other tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TabMessage {
    /// A tab takes the session stream.
    TakeStream(Stamp),
    /// The tab that held the session stream has closed it.
    StreamFree,
    /// A tab leads: it streams the summaries for all tabs.
    Lead(Stamp),
    /// A tab asks which tab leads.
    AskLeader,
    /// A tab that opens or comes back asks for the summaries.
    AskSummaries,
    /// The leader stops leading.
    Resign,
    /// A tab shows a session without streaming it.
    Rest { tab: String, session: SessionId },
    /// A tab shows no session any more.
    Left { tab: String },
    /// An event of the summary stream.
    Summary { name: String, data: String },
}

impl TabMessage {
    /// The format in which the message is sent: its kind, followed by its fields.
    pub(super) fn into_words(self) -> Vec<String> {
        let (kind, fields) = match self {
            Self::TakeStream(stamp) => ("take-stream", vec![stamp.at.to_string(), stamp.tab]),
            Self::StreamFree => ("stream-free", Vec::new()),
            Self::Lead(stamp) => ("lead", vec![stamp.at.to_string(), stamp.tab]),
            Self::AskLeader => ("ask-leader", Vec::new()),
            Self::AskSummaries => ("ask-summaries", Vec::new()),
            Self::Resign => ("resign", Vec::new()),
            Self::Rest { tab, session } => ("rest", vec![tab, session.to_string()]),
            Self::Left { tab } => ("left", vec![tab]),
            Self::Summary { name, data } => ("summary", vec![name, data]),
        };
        std::iter::once(kind.to_owned()).chain(fields).collect()
    }

    /// Parses a message. `None` for one of another build that this build does not know.
    pub(super) fn parse(words: Vec<String>) -> Option<Self> {
        let mut words = words.into_iter();
        let kind = words.next()?;
        let mut field = || words.next();
        let message = match kind.as_str() {
            "take-stream" => Self::TakeStream(Stamp { at: field()?.parse().ok()?, tab: field()? }),
            "stream-free" => Self::StreamFree,
            "lead" => Self::Lead(Stamp { at: field()?.parse().ok()?, tab: field()? }),
            "ask-leader" => Self::AskLeader,
            "ask-summaries" => Self::AskSummaries,
            "resign" => Self::Resign,
            "rest" => Self::Rest { tab: field()?, session: field()?.into() },
            "left" => Self::Left { tab: field()? },
            "summary" => Self::Summary { name: field()?, data: field()? },
            _ => return None,
        };
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatted_message_parses_back() {
        let stamp = || Stamp { at: 7, tab: "a".to_owned() };
        let all = [
            TabMessage::TakeStream(stamp()),
            TabMessage::StreamFree,
            TabMessage::Lead(stamp()),
            TabMessage::AskLeader,
            TabMessage::AskSummaries,
            TabMessage::Resign,
            TabMessage::Rest { tab: "a".to_owned(), session: "s".into() },
            TabMessage::Left { tab: "a".to_owned() },
            TabMessage::Summary { name: "summary".to_owned(), data: "{}".to_owned() },
        ];
        for message in all {
            assert_eq!(TabMessage::parse(message.clone().into_words()), Some(message));
        }
    }

    #[test]
    fn message_of_another_build_is_ignored() {
        for words in [vec![], vec!["new"], vec!["lead"], vec!["lead", "x", "a"]] {
            assert_eq!(TabMessage::parse(words.into_iter().map(str::to_owned).collect()), None);
        }
    }
}

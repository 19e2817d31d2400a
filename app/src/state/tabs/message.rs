//! What tabs tell each other.

use codex_gateway_wire::SessionId;

use super::stamp::Stamp;

/// A message to all other tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TabMessage {
    /// A tab takes the session stream.
    TakeStream(Stamp),
    /// The tab that had the session stream has closed it.
    StreamFree,
    /// A tab reads the summaries for all of them.
    Lead(Stamp),
    /// A tab asks which one leads.
    AskLeader,
    /// A tab that is new or comes back asks for the summaries.
    AskSummaries,
    /// The leader leaves.
    Resign,
    /// A tab shows a session, and has no stream of it.
    Rest { tab: String, session: SessionId },
    /// A tab does not show a session any more.
    Left { tab: String },
    /// An event of the stream of summaries.
    Summary { name: String, data: String },
}

impl TabMessage {
    /// The words that the message is sent as: what it is, and its parts.
    pub(super) fn into_words(self) -> Vec<String> {
        let (kind, parts) = match self {
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
        std::iter::once(kind.to_owned()).chain(parts).collect()
    }

    /// Reads the words of a message. `None` for those of another build that this one does not know.
    pub(super) fn parse(words: Vec<String>) -> Option<Self> {
        let mut words = words.into_iter();
        let kind = words.next()?;
        let mut part = || words.next();
        let message = match kind.as_str() {
            "take-stream" => Self::TakeStream(Stamp { at: part()?.parse().ok()?, tab: part()? }),
            "stream-free" => Self::StreamFree,
            "lead" => Self::Lead(Stamp { at: part()?.parse().ok()?, tab: part()? }),
            "ask-leader" => Self::AskLeader,
            "ask-summaries" => Self::AskSummaries,
            "resign" => Self::Resign,
            "rest" => Self::Rest { tab: part()?, session: part()?.into() },
            "left" => Self::Left { tab: part()? },
            "summary" => Self::Summary { name: part()?, data: part()? },
            _ => return None,
        };
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_written_as_words_reads_back() {
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

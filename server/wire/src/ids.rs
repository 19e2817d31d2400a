//! The names of things, as types, so that a thread is never passed where a session is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as it is written in JSON and URLs.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }
    };
}

string_id! {
    /// A session of the gateway: a conversation with its own URL. Made by the gateway (a UUID).
    SessionId
}
string_id! {
    /// A thread of codex: what a session talks in. Made by codex.
    ThreadId
}
string_id! {
    /// One turn of a thread, from a user's message to the end of the agent's work. Made by codex.
    TurnId
}
string_id! {
    /// One item of a turn. Made by codex, the same live and in history; items that the gateway adds
    /// (a plan, a notice) have ids of the form `kind:…`, which codex does not use.
    ItemId
}
string_id! {
    /// A request to the user. Made by the gateway (a UUID), and never used twice.
    RequestId
}
string_id! {
    /// A message that waits for its turn. Made by the gateway (a UUID).
    QueueItemId
}
string_id! {
    /// An image that was uploaded. Made by the gateway (a UUID).
    UploadId
}
string_id! {
    /// A rule of an owner. Made by the gateway (a UUID), and never used twice.
    RuleId
}
string_id! {
    /// Who owns a session: the `sub` of a token, or [`OwnerId::shared`] where nobody signs in.
    OwnerId
}

impl OwnerId {
    /// The owner of everything while the gateway runs without authentication, and of tokens without a `sub`.
    pub fn shared() -> Self {
        Self("default".to_owned())
    }
}

/// The place of an event in a session's log, written `<epoch>:<seq>`.
///
/// The epoch names one life of the log: sequence numbers of different epochs say nothing of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventId {
    /// The life of the log: letters and digits.
    pub epoch: String,
    /// The number of the event in that life, from 1; 0 is the place before the first.
    pub seq: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

/// The text is not of the form `<epoch>:<seq>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event id reads <epoch>:<number>")]
pub struct BadEventId;

impl FromStr for EventId {
    type Err = BadEventId;

    fn from_str(text: &str) -> Result<Self, BadEventId> {
        let (epoch, seq) = text.split_once(':').ok_or(BadEventId)?;
        let plain =
            !epoch.is_empty() && epoch.len() <= 32 && epoch.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plain || !seq.bytes().all(|b| b.is_ascii_digit()) {
            return Err(BadEventId);
        }
        Ok(Self { epoch: epoch.to_owned(), seq: seq.parse().map_err(|_| BadEventId)? })
    }
}

impl Serialize for EventId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn an_event_id_reads_back_as_written() {
        let id = EventId { epoch: "k3f9".into(), seq: 42 };
        assert_eq!(id.to_string(), "k3f9:42");
        assert_eq!("k3f9:42".parse(), Ok(id.clone()));
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"k3f9:42\"");
        assert_eq!(serde_json::from_str::<EventId>("\"k3f9:42\"").unwrap(), id);
    }

    #[test]
    fn other_text_is_no_event_id() {
        for text in ["", "42", ":42", "a:", "a:-1", "a:+1", "a:1:2", "a b:1", "a:99999999999999999999", "é:1"]
        {
            assert_eq!(text.parse::<EventId>(), Err(BadEventId), "{text:?}");
        }
    }
}

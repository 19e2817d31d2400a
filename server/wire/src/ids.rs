//! Ids as distinct types, so that the id of a thread cannot be passed as that of a session.

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
            /// The id as it appears in JSON and URLs.
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
    /// The id of a session of the gateway: a conversation with its own URL. A UUID, assigned by the gateway.
    SessionId
}
string_id! {
    /// The id of a thread of codex: the conversation of a session. Assigned by codex.
    ThreadId
}
string_id! {
    /// The id of a turn of a thread: from a message of the user to the end of the agent's work. Assigned by codex.
    TurnId
}
string_id! {
    /// The id of an item of a turn. Assigned by codex, and the same in the stream and in the history. Items that the
    /// gateway adds (plans, notices) have ids of the form `kind:…`, which codex does not use.
    ItemId
}
string_id! {
    /// The id of a request to the user. A UUID, assigned by the gateway and never reused.
    RequestId
}
string_id! {
    /// The id of a queued message. A UUID, assigned by the gateway.
    QueueItemId
}
string_id! {
    /// The id of an uploaded image. A UUID, assigned by the gateway.
    UploadId
}
string_id! {
    /// The id of a rule. A UUID, assigned by the gateway and never reused.
    RuleId
}
string_id! {
    /// The owner of a session: the `sub` of a token, or [`OwnerId::shared`] without authentication.
    OwnerId
}

impl OwnerId {
    /// The owner of all sessions if authentication is disabled, and the owner for tokens without a `sub`.
    pub fn shared() -> Self {
        Self("default".to_owned())
    }
}

/// The position of an event in a session's log, written `<epoch>:<seq>`.
///
/// The log gets a new epoch when the gateway restarts. Sequence numbers of different epochs cannot be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventId {
    /// The epoch of the log: 1 to 32 letters and digits.
    pub epoch: String,
    /// The sequence number of the event in its epoch. The first event is 1, and 0 is the position before it.
    pub seq: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

/// The error for a text that is not of the form `<epoch>:<seq>`.
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
    fn event_id_round_trips() {
        let id = EventId { epoch: "k3f9".into(), seq: 42 };
        assert_eq!(id.to_string(), "k3f9:42");
        assert_eq!("k3f9:42".parse(), Ok(id.clone()));
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"k3f9:42\"");
        assert_eq!(serde_json::from_str::<EventId>("\"k3f9:42\"").unwrap(), id);
    }

    #[test]
    fn malformed_event_id_is_an_error() {
        for text in ["", "42", ":42", "a:", "a:-1", "a:+1", "a:1:2", "a b:1", "a:99999999999999999999", "é:1"]
        {
            assert_eq!(text.parse::<EventId>(), Err(BadEventId), "{text:?}");
        }
    }
}

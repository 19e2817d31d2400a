//! Events of a session's stream.
//!
//! On the wire, an event is a server-sent event with a name ([`EventName`]), an id ([`crate::EventId`]) and JSON data.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    api::SessionInfo,
    codex::Notification,
    ids::{EventId, RequestId, SessionId, ThreadId},
    json::Json,
    lenient_deserialize,
    request::{RequestResolved, UserRequest},
    string_enum::string_enum,
    transcript::{Entry, TurnRecord},
    turn::{ApprovalPolicy, Queue, SandboxMode},
};

string_enum! {
    /// The name of a server-sent event.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(u8)]
    pub enum EventName {
        /// The session and the build of the gateway. The first event of every connection.
        Session = "session",
        /// The full state of the session, with the transcript as text.
        State = "state",
        /// A notification of codex, unchanged.
        Notification = "notification",
        /// A request of codex to its client, with the answer.
        ServerRequest = "server-request",
        /// A request that waits for the user.
        Request = "request",
        /// The end of a request to the user.
        RequestResolved = "request-resolved",
        /// A warning about the session.
        Warning = "warning",
        /// A line exchanged by the gateway and codex, for debugging.
        Raw = "raw",
        /// The session opened a thread: another one, or the same one in a new process.
        Thread = "thread",
        /// The queue changed.
        Queue = "queue",
        /// The outcome of a turn. The last event of a stream that `POST …/turn` returns.
        Turn = "turn",
        /// The session has ended, and the stream with it.
        SessionClosed = "session-closed",
        /// Events between two ids cannot be replayed. A `state` follows.
        Gap = "gap",
        /// Keeps the connection alive.
        Ping = "ping",
    }
}

impl EventName {
    /// The bit of this name in a set of names.
    pub const fn mask(self) -> u16 {
        1 << self as u8
    }
}

/// An event of the event log, as input of the fold.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event's sequence number in the log.
    pub seq: u64,
    /// The content.
    pub body: EventBody,
}

/// The content of an event that the fold applies.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives for one step of the fold; boxing would cost an allocation per delta"
)]
pub enum EventBody {
    /// A notification of codex.
    Notification(Notification),
    /// A request of codex, with the answer.
    ServerRequest(ServerRequest),
    /// A request that waits for the user.
    Request(UserRequest),
    /// The end of a request to the user.
    RequestResolved(RequestResolved),
    /// A warning of the gateway.
    Warning(Warning),
    /// The session opened a thread.
    Thread(ThreadOpened),
    /// The whole queue.
    Queue(Queue),
    /// The session has ended.
    SessionClosed(SessionClosed),
}

impl EventBody {
    /// Parses the data of a server-sent event. `None` for events that the fold does not apply, and for data that does
    /// not match the name.
    pub fn parse(name: EventName, data: &str) -> Option<Self> {
        match name {
            EventName::Notification => {
                let NotificationData { method, params } = serde_json::from_str(data).ok()?;
                Some(Self::Notification(Notification::parse(&method, params)))
            }
            EventName::ServerRequest => serde_json::from_str(data).ok().map(Self::ServerRequest),
            EventName::Request => serde_json::from_str(data).ok().map(Self::Request),
            EventName::RequestResolved => serde_json::from_str(data).ok().map(Self::RequestResolved),
            EventName::Warning => serde_json::from_str(data).ok().map(Self::Warning),
            EventName::Thread => serde_json::from_str(data).ok().map(Self::Thread),
            EventName::Queue => serde_json::from_str(data).ok().map(Self::Queue),
            EventName::SessionClosed => serde_json::from_str(data).ok().map(Self::SessionClosed),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct NotificationData<'a> {
    #[serde(borrow)]
    method: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    params: &'a RawValue,
}

/// `server-request`: a request of codex to its client, and the answer.
///
/// A request to the user is also announced by `request` and `request-resolved`, so that it can be displayed while it
/// is pending. `requestId` identifies those events.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerRequest {
    /// Codex's method.
    pub method: String,
    /// Codex's parameters.
    pub params: Json,
    /// Whether the gateway supports the method. Other methods are answered with an error.
    pub handled: bool,
    /// The result that codex got.
    pub result: Option<Json>,
    /// The error that codex got.
    pub error: Option<Json>,
    /// The id of the request to the user, if the user was asked.
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
}
lenient_deserialize!(ServerRequest { method, params, handled, result, error, request_id });

/// `warning`: a warning about the session.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Warning {
    /// What the warning is about.
    #[serde(rename = "type")]
    pub kind: WarningKind,
    /// Human-readable text.
    pub message: String,
    /// Further human-readable text: a part of the line, an exit status, …
    pub detail: Option<String>,
}
lenient_deserialize!(Warning { message, detail; kind as "type" });

string_enum! {
    /// What a warning is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum WarningKind {
        /// A line of codex was not JSON, or not a protocol message.
        MalformedLine = "malformedLine",
        /// A line of codex exceeded the size limit and was dropped.
        LineTooLong = "lineTooLong",
        /// The codex process exited. A running turn failed.
        ProcessExited = "processExited",
        /// Codex did not stop the turn in time. Its process was killed and will be replaced; the turn was interrupted.
        StopForced = "stopForced",
        /// The codex process did not respond and was killed. A running turn failed.
        ProcessUnresponsive = "processUnresponsive",
        /// A turn failed because another codex process refreshed the sign-in at the same moment. The sign-in is valid
        /// now: the message can be sent again.
        SignInRefreshed = "signInRefreshed",
        /// Codex's file of the thread is missing. The session continues in a new thread. The transcript stays, but the
        /// agent does not know it.
        ThreadLost = "threadLost",
        /// The gateway cannot save the session, for example because the disk is full. The session continues, but
        /// everything since then is lost if the gateway stops.
        NotSaved = "notSaved",
        /// The session is saved again, including everything that happened meanwhile.
        SavedAgain = "savedAgain",
        /// Codex reads only a part of the `AGENTS.md` files, because together they exceed its limit.
        InstructionsCut = "instructionsCut",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
}

/// `thread`: the session opened a thread.
///
/// Another thread than before resets the transcript. So does a `history`, which then replaces all entries. The same
/// thread without a `history` means that a new process continues it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ThreadOpened {
    /// The thread.
    pub thread_id: ThreadId,
    /// The model.
    pub model: String,
    /// The reasoning effort. Omitted for the model's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// What commands may access. Omitted if this version does not know the mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxMode>,
    /// When codex asks for approval. Omitted if this version does not know the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<ApprovalPolicy>,
    /// The working directory, absolute.
    pub cwd: String,
    /// The thread's entries before this event, after a resume, or after turns were removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
}
lenient_deserialize!(ThreadOpened { thread_id, model, effort, sandbox, approval_policy, cwd, history });

/// The newest part of a thread's history.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The thread's title: its name, else the first line of the first message.
    pub title: Option<String>,
    /// The turns of the entries, oldest first.
    pub turns: Vec<TurnRecord>,
    /// The entries, oldest first. Their `asOf` is that of the event that carries them.
    pub entries: Vec<Entry>,
    /// Whether there are older entries.
    pub older: bool,
}
lenient_deserialize!(History { title, turns, entries, older });

/// `session-closed`: the session has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionClosed {
    /// The session.
    pub session_id: SessionId,
    /// Why the session ended.
    pub reason: ClosedReason,
}
lenient_deserialize!(SessionClosed { session_id; reason });

string_enum! {
    /// Why a session ended.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ClosedReason {
        /// The session was deleted.
        Deleted = "deleted",
        /// The session was idle for longer than its time to live.
        Expired = "expired",
        /// The session's thread was archived.
        Archived = "archived",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
}

/// `session`: the session and the build of the gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Hello))]
#[serde(rename_all = "camelCase")]
pub struct SessionGreeting {
    /// The session's id.
    pub session_id: SessionId,
    /// The session.
    #[serde(flatten)]
    pub session: SessionInfo,
    /// The build of the gateway. A page of another build is out of date.
    pub build_id: String,
    /// The names in the request that this gateway does not know and ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// `gap`: events that this client missed and that cannot be replayed. A new `state` follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gap {
    /// The last event that the client received.
    pub from: EventId,
    /// The newest event. The `state` that follows includes it.
    pub to: EventId,
    /// Why the events cannot be replayed.
    pub reason: GapReason,
}

string_enum! {
    /// Why events cannot be replayed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum GapReason {
        /// The event log does not keep them any more.
        TooOld = "tooOld",
        /// The id belongs to another epoch of the log: the gateway was restarted.
        OtherEpoch = "otherEpoch",
        /// The client read more slowly than events were written.
        SlowReader = "slowReader",
        /// No event with this id was ever written.
        Unknown = "unknown",
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn event_names_round_trip() {
        for name in EventName::ALL {
            assert_eq!(EventName::parse(name.as_str()), Some(*name));
        }
        assert_eq!(EventName::parse("nonsense"), None);
    }

    #[test]
    fn thread_event_round_trips() {
        let opened = ThreadOpened {
            thread_id: "t".into(),
            model: "m".into(),
            cwd: "/w".into(),
            ..ThreadOpened::default()
        };
        let data = serde_json::to_string(&opened).unwrap();
        assert_eq!(data, r#"{"threadId":"t","model":"m","cwd":"/w"}"#);
        assert_eq!(EventBody::parse(EventName::Thread, &data), Some(EventBody::Thread(opened)));
    }

    #[test]
    fn data_that_does_not_match_its_name_is_none() {
        assert_eq!(EventBody::parse(EventName::Warning, "7"), None);
        assert_eq!(EventBody::parse(EventName::Notification, "{\"method\":"), None);
        assert_eq!(EventBody::parse(EventName::State, "{}"), None);
    }
}

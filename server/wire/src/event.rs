//! The events of a session's stream.
//!
//! On the wire each is a server-sent event: a name ([`EventName`]), an id ([`crate::EventId`]) and JSON.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    api::SessionInfo,
    codex::Notification,
    ids::{EventId, RequestId, SessionId, ThreadId},
    json::Json,
    read_fields,
    request::{RequestResolved, UserRequest},
    transcript::{Entry, TurnRecord},
    turn::{ApprovalPolicy, Queue, SandboxMode},
    words::words,
};

words! {
    /// The name of a server-sent event.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(u8)]
    pub enum EventName {
        /// Who one is connected to; the first event of every connection.
        Session = "session",
        /// The documented text view of a session, whole.
        State = "state",
        /// A notification of codex, as it came.
        Notification = "notification",
        /// A request of codex to its client, with what it was answered.
        ServerRequest = "server-request",
        /// Something waits for the user.
        Request = "request",
        /// It does not wait any more.
        RequestResolved = "request-resolved",
        /// Something about the session that people should know.
        Warning = "warning",
        /// A line between the gateway and codex, when debugging.
        Raw = "raw",
        /// The session has a thread: a new one, or the same in a new process.
        Thread = "thread",
        /// What waits for its turn has changed.
        Queue = "queue",
        /// How a turn ended: the last event of the stream that its message asked for.
        Turn = "turn",
        /// The end of the session and of the stream.
        SessionClosed = "session-closed",
        /// Events between two ids cannot be replayed; a `state` follows.
        Gap = "gap",
        /// A sign of life.
        Ping = "ping",
    }
}

impl EventName {
    /// A set with this name alone, as a bit.
    pub const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// An event of the log, as the fold takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number in the log.
    pub seq: u64,
    /// What happened.
    pub body: EventBody,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives for one step of the fold; a box would cost an allocation per delta"
)]
pub enum EventBody {
    /// Codex said something.
    Notification(Notification),
    /// Codex asked something, and was answered.
    ServerRequest(ServerRequest),
    /// Codex asks the user something.
    Request(UserRequest),
    /// What codex asked the user has ended.
    RequestResolved(RequestResolved),
    /// The gateway has to say something.
    Warning(Warning),
    /// The session has a thread.
    Thread(ThreadOpened),
    /// What waits for its turn, all of it.
    Queue(Queue),
    /// The session has ended.
    SessionClosed(SessionClosed),
}

impl EventBody {
    /// Reads the data of a server-sent event; `None` for events that the fold does not take, and for data
    /// that is not what its name says.
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

/// `server-request`: what codex asked, and what it was answered.
///
/// What was asked of the user is told by `request` and `request-resolved` as well, so that it can be shown while
/// it waits; `request_id` says which those are.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerRequest {
    /// What was asked.
    pub method: String,
    /// With what.
    pub params: Json,
    /// Whether the gateway knows such a request; one that it does not know is answered with an error.
    pub handled: bool,
    /// The answer.
    pub result: Option<Json>,
    /// The error it was answered with.
    pub error: Option<Json>,
    /// The request to the user, if it was one.
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
}
read_fields!(ServerRequest { method, params, handled, result, error, request_id });

/// `warning`: something about the session that people should know.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Warning {
    /// What kind.
    #[serde(rename = "type")]
    pub kind: WarningKind,
    /// For people.
    pub message: String,
    /// More for people: a piece of the line, an exit status, …
    pub detail: Option<String>,
}
read_fields!(Warning { message, detail; kind as "type" });

words! {
    /// What a warning is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum WarningKind {
        /// A line of codex was not JSON, or no message.
        MalformedLine = "malformedLine",
        /// A line of codex was too long; what it said is lost.
        LineTooLong = "lineTooLong",
        /// The codex process has ended. A turn that was running has failed.
        ProcessExited = "processExited",
        /// Codex did not react to Stop: its process was killed, and another one takes its place. The turn that was running
        /// was interrupted.
        StopForced = "stopForced",
        /// The codex process did not react and was killed. A turn that was running has failed.
        ProcessUnresponsive = "processUnresponsive",
        /// A turn has failed because another codex process refreshed the sign-in at the same moment. The sign-in is fresh:
        /// the message can be sent again.
        SignInRefreshed = "signInRefreshed",
        /// Codex has no file of the thread any more. The session goes on with a new one; what was said stays, and the
        /// agent does not know it.
        ThreadLost = "threadLost",
        /// The gateway cannot write the session down: a full disk, say. The session goes on, and what came since then is
        /// lost if the gateway ends.
        NotSaved = "notSaved",
        /// The session is written down again, with all that came meanwhile.
        SavedAgain = "savedAgain",
        /// Codex reads only a part of the `AGENTS.md` files: together they are longer than its limit.
        InstructionsCut = "instructionsCut",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}

/// `thread`: the session has a thread.
///
/// If it is another than before, the transcript begins anew; so it does with a history that comes along, which is
/// then all that there is. If it is the same and none comes along, a new process goes on with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ThreadOpened {
    /// The thread.
    pub thread_id: ThreadId,
    /// The model it talks to.
    pub model: String,
    /// How hard the model thinks; as it does by itself without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// What commands may touch; none if this version has no word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxMode>,
    /// When codex asks; none if this version has no word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<ApprovalPolicy>,
    /// The directory it works in, absolute.
    pub cwd: String,
    /// What was said in it before this session had it, or what is left of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
}
read_fields!(ThreadOpened { thread_id, model, effort, sandbox, approval_policy, cwd, history });

/// The newest part of what was said in a thread before.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The thread's name: the one it was given, else the first line that the user wrote.
    pub title: Option<String>,
    /// The turns that the entries belong to, oldest first.
    pub turns: Vec<TurnRecord>,
    /// What was said and done, oldest first. Each is as of the event that brings it.
    pub entries: Vec<Entry>,
    /// Whether older entries were left out.
    pub older: bool,
}
read_fields!(History { title, turns, entries, older });

/// `session-closed`: the session has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionClosed {
    /// Which.
    pub session_id: SessionId,
    /// Why.
    pub reason: ClosedReason,
}
read_fields!(SessionClosed { session_id; reason });

words! {
    /// Why a session has ended.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ClosedReason {
        /// Somebody deleted it.
        Deleted = "deleted",
        /// Nobody used it for its time to live.
        Expired = "expired",
        /// Somebody archived its thread.
        Archived = "archived",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}

/// `session`: who one is connected to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// The session.
    pub session_id: SessionId,
    /// What every reply says of it.
    #[serde(flatten)]
    pub session: SessionInfo,
    /// Names the build of the gateway: a page of another one is out of date.
    pub build_id: String,
    /// What the request of the stream had that this gateway does not know, and left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// `gap`: events that this reader missed and that cannot be replayed. A fresh `state` follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gap {
    /// The last event that the reader has.
    pub from: EventId,
    /// The newest event; the `state` that follows includes it.
    pub to: EventId,
    /// Why.
    pub reason: GapReason,
}

words! {
    /// Why events cannot be replayed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum GapReason {
        /// They are no longer kept.
        TooOld = "tooOld",
        /// They belong to another life of the log: the gateway was restarted.
        OtherEpoch = "otherEpoch",
        /// The reader was slower than the events came.
        SlowReader = "slowReader",
        /// The id is of no event that was ever written.
        Unknown = "unknown",
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn names_read_back() {
        for name in EventName::ALL {
            assert_eq!(EventName::parse(name.as_str()), Some(*name));
        }
        assert_eq!(EventName::parse("nonsense"), None);
    }

    #[test]
    fn what_the_gateway_says_reads_back() {
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
    fn data_that_is_not_what_its_name_says_is_left_out() {
        assert_eq!(EventBody::parse(EventName::Warning, "7"), None);
        assert_eq!(EventBody::parse(EventName::Notification, "{\"method\":"), None);
        assert_eq!(EventBody::parse(EventName::State, "{}"), None);
    }
}

//! Schemas of the event streams.

use std::borrow::Cow;

use codex_gateway_wire::{
    EventId, EventName, Json, Queue, RequestResolved, UserRequest,
    api::{
        SessionRemoved, SessionState, SessionSummaries, SessionSummary, SummaryEventName, TurnReply,
        TurnStreamEnd, WaitedReply,
    },
    event::{Gap, ServerRequest, SessionClosed, SessionGreeting, ThreadOpened, Warning},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type, schema::AnyOfBuilder},
};

type Schemas = Vec<(String, RefOr<Schema>)>;

/// `notification`: a notification from codex, unchanged.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only described: the log has codex's own JSON")]
struct CodexNotification {
    /// Codex's name of the notification: `turn/started`, `item/agentMessage/delta`, …
    method: String,
    /// Parameters of the notification, in codex's format.
    params: Json,
}

/// `raw`: a line between the gateway and codex, in debug mode.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only described: the engine writes it")]
struct RawLine {
    /// `in` for a line from codex, `out` for a line to codex.
    direction: String,
    /// The text of the line.
    line: String,
}

/// `ping`: no data.
#[derive(ToSchema)]
struct Ping {}

/// An event of a session's stream.
pub struct ServerSentEvent;

/// Calls a macro with the type of an event's data.
macro_rules! data_of {
    ($name:expr, $use:ident) => {
        match $name {
            EventName::Session => $use!(SessionGreeting),
            EventName::State => $use!(SessionState),
            EventName::Notification => $use!(CodexNotification),
            EventName::ServerRequest => $use!(ServerRequest),
            EventName::Request => $use!(UserRequest),
            EventName::RequestResolved => $use!(RequestResolved),
            EventName::Warning => $use!(Warning),
            EventName::Raw => $use!(RawLine),
            EventName::Thread => $use!(ThreadOpened),
            EventName::Queue => $use!(Queue),
            EventName::Turn => $use!(TurnStreamEnd),
            EventName::SessionClosed => $use!(SessionClosed),
            EventName::Gap => $use!(Gap),
            EventName::Ping => $use!(Ping),
        }
    };
}

/// Returns the schema of an event.
fn event(name: EventName) -> ObjectBuilder {
    macro_rules! schema_name {
        ($type:ident) => {
            <$type as ToSchema>::name()
        };
    }
    event_of(name.as_str(), name.meaning(), &data_of!(name, schema_name))
        .property("id", Ref::from_schema_name(EventId::name()))
}

fn event_of(name: &str, meaning: &str, data: &str) -> ObjectBuilder {
    let data = ObjectBuilder::new()
        .schema_type(Type::String)
        .content_media_type("application/json")
        .content_schema(Some(Ref::from_schema_name(data)));
    ObjectBuilder::new()
        .description(Some(meaning))
        .property("event", ObjectBuilder::new().schema_type(Type::String).enum_values(Some([name])))
        .required("event")
        .property("data", data)
        .required("data")
}

impl PartialSchema for ServerSentEvent {
    fn schema() -> RefOr<Schema> {
        let about =
            "One event. Those of the log have an id; a stream resumes after the last id that was read.";
        let all = OneOfBuilder::new().description(Some(about));
        EventName::ALL.iter().fold(all, |all, &name| all.item(event(name))).into()
    }
}

impl ToSchema for ServerSentEvent {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ServerSentEvent")
    }

    fn schemas(all: &mut Schemas) {
        macro_rules! add {
            ($type:ident) => {
                add::<$type>(all)
            };
        }
        add::<EventId>(all);
        for &name in EventName::ALL {
            data_of!(name, add);
        }
    }
}

/// An event of the stream of summaries.
pub struct SummaryEvent;

impl PartialSchema for SummaryEvent {
    fn schema() -> RefOr<Schema> {
        let event = |name: SummaryEventName| {
            let data = match name {
                SummaryEventName::Sessions => SessionSummaries::name(),
                SummaryEventName::Summary => SessionSummary::name(),
                SummaryEventName::Removed => SessionRemoved::name(),
                SummaryEventName::Ping => Ping::name(),
            };
            let event = event_of(name.as_str(), name.meaning(), &data);
            match name {
                SummaryEventName::Sessions | SummaryEventName::Ping => {
                    let meaning = "Only with `wait`: the version of the list, for `since`.";
                    event.property(
                        "id",
                        ObjectBuilder::new().schema_type(Type::String).description(Some(meaning)),
                    )
                }
                SummaryEventName::Summary | SummaryEventName::Removed => event,
            }
        };
        let all = OneOfBuilder::new().description(Some("One event."));
        SummaryEventName::ALL.iter().fold(all, |all, &name| all.item(event(name))).into()
    }
}

impl ToSchema for SummaryEvent {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("SummaryEvent")
    }

    fn schemas(all: &mut Schemas) {
        add::<SessionSummaries>(all);
        add::<SessionSummary>(all);
        add::<SessionRemoved>(all);
        add::<Ping>(all);
    }
}

/// Reply to a message, with or without waiting for the end of the turn.
pub struct TurnAnswer;

impl PartialSchema for TurnAnswer {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new()
            .description(Some("With `wait`, the turn and its answer are included."))
            .item(Ref::from_schema_name(WaitedReply::name()))
            .item(Ref::from_schema_name(TurnReply::name()))
            .into()
    }
}

impl ToSchema for TurnAnswer {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TurnAnswer")
    }

    fn schemas(all: &mut Schemas) {
        add::<TurnReply>(all);
        add::<WaitedReply>(all);
    }
}

fn add<T: ToSchema>(all: &mut Schemas) {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
}

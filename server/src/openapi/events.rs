//! What an event stream consists of.

use std::borrow::Cow;

use codex_gateway_wire::{
    EventId, EventName, Json, Queue, RequestResolved, UserRequest,
    api::{
        SessionRemoved, SessionState, SessionSummaries, SessionSummary, SummaryEventName, TurnEnded,
        TurnReply, WaitedReply,
    },
    event::{Gap, Hello, ServerRequest, SessionClosed, ThreadOpened, Warning},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type, schema::AnyOfBuilder},
};

type Schemas = Vec<(String, RefOr<Schema>)>;

/// `notification`: what codex says unasked, as it came.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only described: the log writes it as codex wrote it")]
struct CodexNotification {
    /// What codex calls it: `turn/started`, `item/agentMessage/delta`, …
    method: String,
    /// What it says, in codex's words.
    params: Json,
}

/// `raw`: a line between the gateway and codex, when debugging.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only described: the engine writes it")]
struct RawLine {
    /// `in` if codex wrote it, `out` if the gateway did.
    direction: String,
    /// The line.
    line: String,
}

/// `ping`: nothing.
#[derive(ToSchema)]
struct Ping {}

/// One event of a stream.
pub struct ServerSentEvent;

/// Calls a macro with the type of each event's data.
macro_rules! data_of {
    ($name:expr, $use:ident) => {
        match $name {
            EventName::Session => $use!(Hello),
            EventName::State => $use!(SessionState),
            EventName::Notification => $use!(CodexNotification),
            EventName::ServerRequest => $use!(ServerRequest),
            EventName::Request => $use!(UserRequest),
            EventName::RequestResolved => $use!(RequestResolved),
            EventName::Warning => $use!(Warning),
            EventName::Raw => $use!(RawLine),
            EventName::Thread => $use!(ThreadOpened),
            EventName::Queue => $use!(Queue),
            EventName::Turn => $use!(TurnEnded),
            EventName::SessionClosed => $use!(SessionClosed),
            EventName::Gap => $use!(Gap),
            EventName::Ping => $use!(Ping),
        }
    };
}

/// The schema of an event.
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
            "One event. Those of the log have an id; with the last one that was read, a stream goes on.";
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

/// One event of the summaries' stream.
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
            event_of(name.as_str(), name.meaning(), &data)
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

/// The reply to a message, whether it waits for the end of its turn or not.
pub struct TurnAnswer;

impl PartialSchema for TurnAnswer {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new()
            .description(Some("With `wait`, the turn and what was answered come along."))
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

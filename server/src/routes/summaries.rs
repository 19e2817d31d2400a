//! `GET /api/events`: a stream with the summaries of all of the caller's sessions.

use std::{collections::HashMap, fmt::Write as _, time::Duration};

use async_stream::stream;
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;
use codex_gateway_engine::{Session, SummaryChange, SummaryFollower, server_requests::PresenceGuard};
use codex_gateway_wire::{
    SessionId,
    api::{SessionRemoved, SessionSummaries, SummaryEventName},
};
use futures::Stream;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use utoipa::IntoParams;

use crate::{
    auth::{Caller, Expiry},
    error::ApiError,
    limits::{CallerKey, StreamPermit},
    openapi::{
        error_groups::StreamSummaries,
        events::SummaryEvent,
        params::{ResumeHeader, TokenQuery},
    },
    sse::{self, Chunk, PING_INTERVAL},
    state::AppState,
};

/// Maximum number of sessions that one stream answers requests for.
const MAX_INTERACTIVE: usize = 200;

/// Query of the stream.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SummariesQuery {
    /// Ids of the sessions whose requests this client can answer, separated by commas (at most 200). While the
    /// stream is open, and for 30 seconds after each reply with `wait`, a user counts as present in them.
    interactive: Option<String>,
    /// With `wait`: id of the last event that the client has received. `Last-Event-ID` takes precedence.
    since: Option<String>,
    /// Ends the reply after the list of sessions: at once with `0` or if it differs from the one of `since`, else at
    /// the next change, or after this many seconds (at most 60) without one. For clients that cannot hold a stream
    /// open.
    #[param(maximum = 60)]
    wait: Option<u64>,
}

/// The stream of the caller's session summaries.
///
/// It begins with `sessions`, the list of all of them. A `summary` follows for each new or changed session, at
/// most once per second, and a `removed` for each that has ended. A `ping` is sent after 15 s of silence. The
/// request must accept `text/event-stream`, or have `wait`: otherwise this is a path of an older gateway.
///
/// With `wait` the reply has `sessions`, all of them, if something has changed since the event `since`. It ends
/// with a `ping`, whose id the next request passes as `since`. It is available as `text/plain`, because some
/// proxies hold event streams back by their type.
#[utoipa::path(
    get,
    path = "/api/events",
    operation_id = "streamSummaries",
    tag = "Events",
    params(SummariesQuery, TokenQuery, ResumeHeader),
    responses((status = 200, description = "The summaries.", content((SummaryEvent = "text/event-stream"), (SummaryEvent = "text/plain"))), StreamSummaries),
)]
pub async fn events(
    State(state): State<AppState>,
    Caller(owner): Caller,
    Extension(expiry): Extension<Expiry>,
    Extension(caller): Extension<CallerKey>,
    query: Result<Query<SummariesQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    if query.wait.is_none() && !sse::accepts_event_stream(&headers) {
        return Err(ApiError::Legacy);
    }
    let wait = sse::wait(query.wait)?;
    let ids = query.interactive.unwrap_or_default();
    let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.len() > MAX_INTERACTIVE {
        return Err(ApiError::BadQuery(format!("interactive: at most {MAX_INTERACTIVE} sessions")));
    }
    // A reply that is complete at once occupies no stream.
    let permit = if wait == Some(Duration::ZERO) { None } else { Some(state.limits.stream_permit(caller)?) };
    let mut interactive = InteractiveSessions::new();
    for id in ids {
        // A session that has ended has no requests.
        if let Ok(session) = state.sessions.get_without_touch(&owner, &id.into()).await {
            let presence = session.mark_present();
            interactive.insert(session.id().clone(), (session, presence));
        }
    }
    let stopping = state.sessions.stopping().clone().cancelled_owned();
    let Some(wait) = wait else {
        let (sessions, follower) = state.sessions.follow_summaries(&owner).await;
        let first = SessionSummaries { build_id: state.build_id.to_string(), sessions };
        let first = frame(SummaryEventName::Sessions, &first);
        return Ok(sse::response(stream(first, follower, interactive, stopping, expiry, permit)));
    };
    let since = sse::last_event_id(&headers, query.since.as_deref()).map(str::to_owned);
    let build_id = state.build_id.to_string();
    let list = move || {
        let (sessions, owner, build_id) = (state.sessions.clone(), owner.clone(), build_id.clone());
        async move {
            let (sessions, follower) = sessions.follow_summaries(&owner).await;
            (VersionedList::new(&SessionSummaries { build_id, sessions }), follower)
        }
    };
    let poll = poll(list, since, wait, interactive, stopping, expiry, permit);
    Ok(sse::finite_response(&headers, poll))
}

/// The list of sessions as JSON, with an id that changes whenever the list does, also over a restart.
struct VersionedList {
    id: String,
    json: String,
}

impl VersionedList {
    fn new(list: &SessionSummaries) -> Self {
        // Serialising these types cannot fail.
        let json = serde_json::to_string(list).unwrap_or_default();
        let mut id = String::new();
        for byte in &digest(&SHA256, json.as_bytes()).as_ref()[..16] {
            // Writing to a string cannot fail.
            let _ = write!(id, "{byte:02x}");
        }
        Self { id, json }
    }
}

/// The events of a reply with `wait`.
fn poll<L: Future<Output = (VersionedList, SummaryFollower)>>(
    list: impl Fn() -> L,
    since: Option<String>,
    wait: Duration,
    interactive: InteractiveSessions,
    stopping: impl Future<Output = ()>,
    expiry: Expiry,
    permit: Option<StreamPermit>,
) -> impl Stream<Item = Chunk> {
    stream! {
        let _guards = (permit, interactive);
        let expired = expiry.expired();
        tokio::pin!(expired, stopping);
        let deadline = Instant::now() + wait;
        let (mut current, mut follower) = list().await;
        while since.as_ref() == Some(&current.id) {
            let changes = tokio::select! {
                biased;
                () = &mut expired => return,
                () = &mut stopping => return,
                changes = timeout_at(deadline, follower.next()) => changes,
            };
            match changes {
                Err(_) => break,
                Ok(changes) if changes.is_empty() => {}
                Ok(_) => (current, follower) = list().await,
            }
        }
        let id = &current.id;
        if since.as_ref() != Some(id) {
            let name = SummaryEventName::Sessions.as_str();
            yield Ok(format!("id: {id}\nevent: {name}\ndata: {}\n\n", current.json).into());
        }
        yield Ok(format!("id: {id}\nevent: {}\ndata: {{}}\n\n", SummaryEventName::Ping.as_str()).into());
    }
}

/// Sessions whose requests the client can answer. An entry keeps its session in memory, with a user present.
type InteractiveSessions = HashMap<SessionId, (Session, PresenceGuard)>;

fn stream(
    first: Bytes,
    mut follower: SummaryFollower,
    mut interactive: InteractiveSessions,
    stopping: impl Future<Output = ()>,
    expiry: Expiry,
    permit: Option<StreamPermit>,
) -> impl Stream<Item = Chunk> {
    stream! {
        let _permit = permit;
        let expired = expiry.expired();
        tokio::pin!(expired, stopping);
        yield Ok(first);
        let mut next_ping = Instant::now() + PING_INTERVAL;
        loop {
            let changes = tokio::select! {
                biased; // Expiry first: an unauthorised client gets none of the pending events.
                () = &mut expired => return,
                () = &mut stopping => return,
                changes = timeout_at(next_ping, follower.next()) => changes,
            };
            let Ok(changes) = changes else {
                yield Ok(frame(SummaryEventName::Ping, &serde_json::Map::new()));
                next_ping = Instant::now() + PING_INTERVAL;
                continue;
            };
            if !changes.is_empty() {
                next_ping = Instant::now() + PING_INTERVAL;
            }
            for change in changes {
                yield Ok(match change {
                    SummaryChange::Changed(summary) => frame(SummaryEventName::Summary, &summary),
                    SummaryChange::Removed(id) => {
                        interactive.remove(&id);
                        frame(SummaryEventName::Removed, &SessionRemoved { id })
                    }
                });
            }
        }
    }
}

fn frame(name: SummaryEventName, data: &impl Serialize) -> Bytes {
    // Serialising these types cannot fail, and serde's JSON has no line breaks.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {}\ndata: {data}\n\n", name.as_str()).into()
}

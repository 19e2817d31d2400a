//! `GET /api/events`: one stream with the summaries of all of the caller's sessions.

use std::collections::HashMap;

use async_stream::stream;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;
use codex_gateway_engine::{Session, SummaryChange, SummaryFollower, requests::Attendance};
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
    limits::{StreamPlace, Who},
    openapi::{events::SummaryEvent, params::TokenQuery, refusals::Summaries},
    sse::{self, Chunk, KEEP_ALIVE},
    state::AppState,
};

/// The most sessions that one stream answers requests for.
const MAX_ATTENDED: usize = 200;

/// The query of the stream.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SummariesQuery {
    /// The ids of the sessions whose requests this client answers, with commas between (at most 200): while the stream is
    /// open, these sessions have somebody to ask.
    interactive: Option<String>,
}

/// The summaries of one's sessions.
///
/// `sessions` first, with all of them; then a `summary` for each session that is new or has changed, at most one a second, and
/// a `removed` for each that has ended. At least every 15 s there is a `ping`. The request must accept
/// `text/event-stream`: without that, this is a path of an older gateway.
#[utoipa::path(
    get,
    path = "/api/events",
    operation_id = "streamSummaries",
    tag = "Events",
    params(SummariesQuery, TokenQuery),
    responses((status = 200, description = "The summaries.", content_type = "text/event-stream", body = SummaryEvent), Summaries),
)]
pub async fn events(
    State(state): State<AppState>,
    Caller(owner): Caller,
    Extension(expiry): Extension<Expiry>,
    Extension(who): Extension<Who>,
    query: Result<Query<SummariesQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !sse::is_accepted(&headers) {
        return Err(ApiError::Legacy);
    }
    let Query(query) = query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let ids = query.interactive.unwrap_or_default();
    let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.len() > MAX_ATTENDED {
        return Err(ApiError::BadQuery(format!("interactive: at most {MAX_ATTENDED} sessions")));
    }
    let permit = state.limits.stream(who)?;
    let mut attended = Attended::new();
    for id in ids {
        // A session that has ended has nothing to ask.
        if let Ok(session) = state.sessions.get_unused(&owner, &id.into()).await {
            let attendance = session.attend();
            attended.insert(session.id().clone(), (session, attendance));
        }
    }
    let (sessions, follower) = state.sessions.follow_summaries(&owner).await;
    let first = SessionSummaries { build_id: state.build_id.to_string(), sessions };
    let first = frame(SummaryEventName::Sessions, &first);
    let stopping = state.sessions.stopping().clone().cancelled_owned();
    Ok(sse::response(stream(first, follower, attended, stopping, expiry, permit)))
}

/// The sessions whose requests the client answers. A session stays in memory, and counts as attended, while it is here.
type Attended = HashMap<SessionId, (Session, Attendance)>;

fn stream(
    first: Bytes,
    mut follower: SummaryFollower,
    mut attended: Attended,
    stopping: impl Future<Output = ()>,
    expiry: Expiry,
    permit: StreamPlace,
) -> impl Stream<Item = Chunk> {
    stream! {
        let _permit = permit;
        let expired = expiry.over();
        tokio::pin!(expired, stopping);
        yield Ok(first);
        let mut silent_until = Instant::now() + KEEP_ALIVE;
        loop {
            let changes = tokio::select! {
                biased; // A caller who may not read any more gets nothing of what still waits.
                () = &mut expired => return,
                () = &mut stopping => return,
                changes = timeout_at(silent_until, follower.next()) => changes,
            };
            let Ok(changes) = changes else {
                yield Ok(frame(SummaryEventName::Ping, &serde_json::Map::new()));
                silent_until = Instant::now() + KEEP_ALIVE;
                continue;
            };
            if !changes.is_empty() {
                silent_until = Instant::now() + KEEP_ALIVE;
            }
            for change in changes {
                yield Ok(match change {
                    SummaryChange::Changed(summary) => frame(SummaryEventName::Summary, &summary),
                    SummaryChange::Removed(id) => {
                        attended.remove(&id);
                        frame(SummaryEventName::Removed, &SessionRemoved { id })
                    }
                });
            }
        }
    }
}

fn frame(name: SummaryEventName, data: &impl Serialize) -> Bytes {
    // Types of this crate can be written, and JSON of serde has no line breaks.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {}\ndata: {data}\n\n", name.as_str()).into()
}

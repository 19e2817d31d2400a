//! `GET /api/events`: a stream with the summaries of all of the caller's sessions.

use std::collections::HashMap;

use async_stream::stream;
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
    limits::{RateKey, StreamPermit},
    openapi::{error_groups::StreamSummaries, events::SummaryEvent, params::TokenQuery},
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
    /// stream is open, a user counts as present in them.
    interactive: Option<String>,
}

/// The stream of the caller's session summaries.
///
/// It begins with `sessions`, the list of all of them. A `summary` follows for each new or changed session, at
/// most once per second, and a `removed` for each that has ended. A `ping` is sent after 15 s of silence. The
/// request must accept `text/event-stream`: otherwise this is a path of an older gateway.
#[utoipa::path(
    get,
    path = "/api/events",
    operation_id = "streamSummaries",
    tag = "Events",
    params(SummariesQuery, TokenQuery),
    responses((status = 200, description = "The summaries.", content_type = "text/event-stream", body = SummaryEvent), StreamSummaries),
)]
pub async fn events(
    State(state): State<AppState>,
    Caller(owner): Caller,
    Extension(expiry): Extension<Expiry>,
    Extension(rate_key): Extension<RateKey>,
    query: Result<Query<SummariesQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !sse::accepts_event_stream(&headers) {
        return Err(ApiError::Legacy);
    }
    let Query(query) = query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let ids = query.interactive.unwrap_or_default();
    let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.len() > MAX_INTERACTIVE {
        return Err(ApiError::BadQuery(format!("interactive: at most {MAX_INTERACTIVE} sessions")));
    }
    let permit = state.limits.stream_permit(rate_key)?;
    let mut interactive = InteractiveSessions::new();
    for id in ids {
        // A session that has ended has no requests.
        if let Ok(session) = state.sessions.get_without_touch(&owner, &id.into()).await {
            let presence = session.mark_present();
            interactive.insert(session.id().clone(), (session, presence));
        }
    }
    let (sessions, follower) = state.sessions.follow_summaries(&owner).await;
    let first = SessionSummaries { build_id: state.build_id.to_string(), sessions };
    let first = frame(SummaryEventName::Sessions, &first);
    let stopping = state.sessions.stopping().clone().cancelled_owned();
    Ok(sse::response(stream(first, follower, interactive, stopping, expiry, permit)))
}

/// Sessions whose requests the client can answer. An entry keeps its session in memory, with a user present.
type InteractiveSessions = HashMap<SessionId, (Session, PresenceGuard)>;

fn stream(
    first: Bytes,
    mut follower: SummaryFollower,
    mut interactive: InteractiveSessions,
    stopping: impl Future<Output = ()>,
    expiry: Expiry,
    permit: StreamPermit,
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

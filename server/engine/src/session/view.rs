//! The views of a session: the documented state and the snapshot.

use codex_gateway_wire::{
    Snapshot,
    api::{Runtime, SessionReply, SessionState},
    codex::TurnStatus,
};

use super::{actor::Actor, text};
use crate::{app_server_info::account_state, clock::rfc3339};

impl Actor {
    pub(super) fn session_reply(&self) -> SessionReply {
        SessionReply {
            ok: true,
            session_id: self.shared.id.clone(),
            session: self.shared.info(),
            state: self.state(),
            last_event_id: self.shared.log.last(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            at: self.shared.log.last(),
            session: self.shared.info(),
            models: self.models.clone(),
            older: self.has_older,
            transcript: self.transcript.clone(),
        }
    }

    pub(super) fn state(&self) -> SessionState {
        let transcript = &self.transcript;
        let last_turn = transcript.turns.iter().rev().find(|turn| turn.status != TurnStatus::InProgress);
        let status = Some(transcript.status.clone()).filter(|status| !status.kind.is_empty());
        SessionState {
            ready: self.process.is_some(),
            cwd: transcript.cwd.clone().unwrap_or_default(),
            started_at: self.process.as_ref().map(|process| rfc3339(process.started_ms())),
            runtime: Runtime {
                platform_family: self.runtime.platform_family.clone(),
                platform_os: self.runtime.platform_os.clone(),
                user_agent: self.runtime.user_agent.clone(),
            },
            account: account_state(&self.account),
            models: Some(self.models.clone()),
            selected_model: transcript.model.clone(),
            effort: transcript.effort.clone(),
            sandbox: transcript.sandbox,
            approval_policy: transcript.approval_policy,
            queue: transcript.queue.clone(),
            thread_id: transcript.thread_id.clone(),
            thread_status: status,
            current_turn_id: self.turn.state().running().cloned(),
            active_turn: self.turn.state().is_busy(),
            last_turn_status: last_turn.map(|turn| turn.status.as_str().to_owned()),
            transcript: Some(text::entries(transcript)),
            recent_events: Some(self.recent_events.list()),
            mcp_servers: if self.process.is_some() { transcript.mcp_servers.clone() } else { Vec::new() },
            pending_requests: self.pending.list(),
        }
    }
}

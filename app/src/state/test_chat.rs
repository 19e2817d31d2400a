//! Conversations for the tests of components.

use codex_gateway_wire::{ApprovalMode, EventId, SessionId, Snapshot, Transcript, api::SessionInfo};
use leptos::prelude::provide_context;

use super::Chat;
use crate::{
    i18n::Lang,
    server_fns::{Conversation, SiteConfig},
};

/// Opens a conversation with this transcript, in English. Needs a reactive owner.
///
/// `session` is empty for a thread without a session. `has_older` is `true` if the transcript is not the whole.
pub(crate) fn test_chat(session: &str, transcript: Transcript, has_older: bool) -> Chat {
    let session = SessionInfo {
        id: SessionId::from(session),
        created_at: String::new(),
        last_access_at: String::new(),
        expires_at: None,
        approvals: ApprovalMode::Ask,
    };
    let at = EventId { epoch: "e".into(), seq: 7 };
    let snapshot = Snapshot { at, session, models: Vec::new(), older: has_older, transcript };
    provide_context(Lang::En);
    Chat::open(Conversation { site: SiteConfig::default(), snapshot, project: None }, None)
}

//! Starting a conversation with its first message.

use codex_gateway_wire::SessionId;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    composer::InitialText,
    router::{NavigateOptions, Route, conversation_path},
    server_fns::{interrupt_turn, start_conversation},
    sidebar::Conversations,
    state::{Draft, FirstMessage},
};

/// Starts a conversation with the draft, and opens its page unless the reader has left the page by then.
pub(super) fn send_first_message(
    first_message: FirstMessage,
    draft: Draft,
    cwd: Option<String>,
    route: ReadSignal<Route>,
    navigate: impl Fn(&str, NavigateOptions) + 'static,
) {
    let Draft { turn, done } = draft;
    let message = first_message.message(turn);
    let turn = message.turn.clone();
    let page = route.get_untracked();
    let (conversations, initial_text) = (use_context::<Conversations>(), use_context::<InitialText>());
    let refresh = move || {
        if let Some(conversations) = conversations {
            conversations.refresh();
        }
    };
    first_message.failure.set(None);
    first_message.session.set(SessionId::default());
    first_message.message.set(vec![message.clone()]);
    spawn_local(async move {
        match start_conversation(cwd, turn).await {
            Ok(id) if first_message.is_stopped(&message) => {
                // No page shows the conversation, so there is nowhere to report that this failed.
                let _ = interrupt_turn(id).await;
                refresh();
            }
            Ok(id) => {
                done();
                let (is_page_shown, path) = (route.get_untracked() == page, conversation_path(&id));
                first_message.session_created(id, is_page_shown.then_some(message));
                if is_page_shown {
                    navigate(&path, NavigateOptions::default());
                }
                refresh();
            }
            Err(failure) => {
                // By now, the reader may have sent another message.
                let is_current = first_message.message.with_untracked(|current| {
                    current.iter().any(|current| current.client_id == message.client_id)
                });
                if is_current {
                    // The composer, which kept the draft, is shown again.
                    if let Some(initial_text) = initial_text.filter(|_| route.get_untracked() == page) {
                        initial_text.set(message.turn.prompt.clone());
                    }
                    first_message.message.set(Vec::new());
                }
                first_message.open.set(if failure.is_open() { vec![message] } else { Vec::new() });
                first_message.failure.set(Some(failure));
            }
        }
    });
}

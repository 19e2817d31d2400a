//! Notices about the conversation as a whole, above the composer.

use codex_gateway_wire::{codex::McpServerStatus, event::ClosedReason};
use view::prelude::*;

use crate::{
    browser::reload,
    i18n::Texts,
    router::A,
    state::{Chat, ConnectionState},
    text::hidden::{exact_name, plain_name},
};

/// All notices of a conversation.
#[component]
pub(super) fn Notices(chat: Chat) -> impl IntoView {
    let t = chat.t;
    let toast = move || chat.toast.get().map(|text| view! { <p class="note" role="status">{text}</p> });
    let process_ended = move || {
        let has_ended =
            chat.transcript.meta(|transcript| !transcript.process && !transcript.entries.is_empty());
        (has_ended && !chat.ended()).then(|| view! { <p class="note">{t.process_ended()}</p> })
    };
    let outdated = move || {
        chat.outdated.get().then(|| {
            view! {
                <Notice text=t.gateway_updated()>
                    <button type="button" class="button" on:click=|_| reload()>{t.reload()}</button>
                </Notice>
            }
        })
    };
    let closed = move || {
        closed_text(chat).map(|text| {
            view! {
                <Notice text>
                    <A href="/" attr:class="button">{t.new_chat()}</A>
                </Notice>
            }
        })
    };
    let signed_out = move || match chat.connection.get() {
        ConnectionState::SignedOut => Some(view! { <SignInNotice t/> }),
        ConnectionState::ProxySignedOut => Some(view! { <ProxySignInNotice t/> }),
        _ => None,
    };
    view! {
        <div class="notices">
            {toast}
            <FailedServers chat/>
            {process_ended}
            {outdated}
            {closed}
            {signed_out}
        </div>
    }
}

/// Returns why nothing more can be sent. `None` while the session is open. Tracked.
fn closed_text(chat: Chat) -> Option<&'static str> {
    let t = chat.t;
    match chat.connection.get() {
        ConnectionState::Gone => Some(t.conversation_unknown()),
        ConnectionState::Closed => {
            let closed = chat.transcript.meta(|transcript| transcript.closed.clone())?;
            Some(match closed.reason {
                ClosedReason::Deleted => t.closed_deleted(),
                ClosedReason::Archived => t.closed_archived(),
                ClosedReason::Expired | ClosedReason::Other => t.closed_expired(),
            })
        }
        _ => None,
    }
}

/// The MCP servers that failed to start, with the reasons. The user can dismiss the notice until other servers fail.
#[component]
fn FailedServers(chat: Chat) -> impl IntoView {
    let t = chat.t;
    let dismissed = RwSignal::new(Vec::new());
    let notice = move || {
        let failed = chat.transcript.meta(|transcript| {
            let failed =
                transcript.mcp_servers.iter().filter(|server| server.status == McpServerStatus::Failed);
            failed.map(|server| (server.name.clone(), server.error.clone())).collect::<Vec<_>>()
        });
        if failed.is_empty() || dismissed.with(|dismissed| *dismissed == failed) {
            return None;
        }
        let servers = failed.iter().map(|(name, error)| {
            let error = error.as_ref().map(|error| view! { <div class="error">{exact_name(error, t)}</div> });
            view! { <p>{(t.mcp_server_failed)(&plain_name(name))} {error}</p> }
        });
        let servers = servers.collect::<Vec<_>>();
        let dismiss = move |_| dismissed.set(failed.clone());
        Some(view! {
            <div class="notice" role="status" data-kind="mcp">
                <div>{servers}</div>
                <button type="button" class="button" on:click=dismiss>{t.dismiss()}</button>
            </div>
        })
    };
    view! { {notice} }
}

/// Asks the user to sign in again. Reloading the page leads to the sign-in form and back to the same page.
#[component]
pub(crate) fn SignInNotice(t: &'static Texts) -> impl IntoView {
    view! {
        <Notice text=t.sign_in_ended()>
            <button type="button" class="button" on:click=|_| reload()>{t.sign_in()}</button>
        </Notice>
    }
}

/// Asks the user to sign in to the proxy in front of the gateway again, which the proxy demands on a reload.
#[component]
pub(crate) fn ProxySignInNotice(t: &'static Texts) -> impl IntoView {
    view! {
        <Notice text=t.proxy_sign_in_ended()>
            <button type="button" class="button" on:click=|_| reload()>{t.reload()}</button>
        </Notice>
    }
}

/// A notice with the button or link that resolves it.
#[component]
fn Notice(text: &'static str, children: Children) -> impl IntoView {
    view! { <div class="notice" role="status"><span>{text}</span> {children()}</div> }
}

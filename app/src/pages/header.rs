//! The header: the conversation's title and directory, the status of the connection, and buttons.

use codex_gateway_wire::ApprovalMode;
use view::prelude::*;

use super::settings_menu::{SettingsButton, SettingsMenu};
use crate::{
    i18n::{Texts, texts},
    icon::{Icon, icon},
    panel::DetailsButton,
    sidebar::{DrawerButton, NewChatLink},
    state::{Chat, ConnectionState},
    text::hidden::{directory_name, exact_name, plain_name},
};

/// The header of every page.
#[component]
pub(super) fn Header(
    /// `true` in the demo, in which a simulated model answers.
    #[prop(optional)]
    is_demo: bool,
    /// Who answers codex's approval requests.
    #[prop(optional)]
    approvals: ApprovalMode,
    /// The conversation of the page.
    #[prop(optional)]
    chat: Option<Chat>,
) -> impl IntoView {
    let t = texts();
    let demo_badge = || view! { <span class="badge" title=t.demo_hint()>{t.demo_badge()}</span> };
    let accept_badge = || view! { <span class="badge warning" title=t.approves_everything_hint()>{t.approves_everything()}</span> };
    view! {
        <header class="bar">
            <DrawerButton/>
            {is_demo.then(demo_badge)}
            {(approvals == ApprovalMode::Accept).then(accept_badge)}
            <Title chat t/>
            {chat.map(|chat| view! { <WorkingDirectory chat t/> })}
            {chat.map(|chat| view! { <ConnectionStatus chat t/> })}
            {chat.map(|chat| view! { <DetailsButton panel=chat.panel() t/> })}
            // Hidden while the sidebar, which has the same link, is shown.
            <NewChatLink class="icon-button beside-drawer" t/>
            <SettingsButton t/>
            <SettingsMenu t/>
        </header>
    }
}

/// The conversation's title. An empty element of the same class keeps its room on other pages.
#[component]
fn Title(chat: Option<Chat>, t: &'static Texts) -> impl IntoView {
    let Some(chat) = chat else {
        return view! { <span class="title"></span> };
    };
    let title = move || {
        let title = chat.transcript.meta(|transcript| transcript.title.clone());
        title.unwrap_or_else(|| t.untitled().to_owned())
    };
    view! { <h1 class="title">{title}</h1> }
}

/// The name of the directory that the conversation works in, with the whole path as a tooltip.
#[component]
fn WorkingDirectory(chat: Chat, t: &'static Texts) -> impl IntoView {
    let directory = move || {
        let cwd = chat.transcript.meta(|transcript| transcript.cwd.clone())?;
        let title = format!("{}: {}", t.workspace(), plain_name(&cwd));
        Some(view! {
            <span class="workspace" title=title>
                {icon(Icon::Folder)}
                <code>{exact_name(directory_name(&cwd), t)}</code>
            </span>
        })
    };
    view! { {directory} }
}

/// The status of the connection: a dot while the connection is fine, words otherwise.
#[component]
fn ConnectionStatus(chat: Chat, t: &'static Texts) -> impl IntoView {
    let state = move || match chat.connection.get() {
        ConnectionState::Connecting => "connecting",
        ConnectionState::Live | ConnectionState::Polling => "live",
        ConnectionState::Waiting(_) => "waiting",
        ConnectionState::Offline => "offline",
        ConnectionState::Closed
        | ConnectionState::Gone
        | ConnectionState::Expired
        | ConnectionState::SignedOut
        | ConnectionState::ProxySignedOut
        | ConnectionState::Past => "closed",
    };
    let words = move || match chat.connection.get() {
        ConnectionState::Connecting => t.connecting().to_owned(),
        ConnectionState::Live => t.connected().to_owned(),
        ConnectionState::Polling => t.connected_by_polling().to_owned(),
        ConnectionState::Waiting(seconds) => (t.reconnecting_in)(seconds),
        ConnectionState::Offline => t.offline().to_owned(),
        ConnectionState::Closed
        | ConnectionState::Gone
        | ConnectionState::Expired
        | ConnectionState::SignedOut
        | ConnectionState::ProxySignedOut
        | ConnectionState::Past => String::new(),
    };
    let is_waiting = move || matches!(chat.connection.get(), ConnectionState::Waiting(_));
    // A screen reader would announce each second of the countdown: it gets words without the number.
    let announcement =
        move || is_waiting().then(|| view! { <span class="visually-hidden">{t.reconnecting()}</span> });
    let retry = move || {
        is_waiting().then(|| {
            view! {
                <button type="button" class="link" on:click=move |_| chat.connect_now()>{t.retry_now()}</button>
            }
        })
    };
    view! {
        <div class="connection" data-state=state role="status" title=words>
            <span class="dot"></span>
            <span class="text" aria-hidden=move || is_waiting().then_some("true")>{words}</span>
            {announcement}
            {retry}
        </div>
    }
}

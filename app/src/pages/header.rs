//! The header: who we are, where one is, how the connection fares, and the settings.

use codex_gateway_wire::ApprovalMode;
use view::prelude::*;

use crate::{
    base_path::address,
    conversation::Chat,
    i18n::{Lang, Texts, texts},
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, link_button, live, many},
    notify,
    panel::DetailsButton,
    prefs::{Prefs, Theme, choose_lang, choose_theme},
    route::link,
    server_fns::auth_enabled,
    sidebar::drawer_button,
    signal::RwSignalExt as _,
    state::ConnectionState,
    text::hidden::{directory_name, exact_name, plain_name},
};

/// The header; `approvals` is who answers what codex asks.
pub(crate) fn header_view(demo: bool, approvals: ApprovalMode, chat: Option<Chat>) -> El {
    let t = texts();
    let demo = demo.then(|| el("span").class("badge").attr("title", t.demo_hint()).child(t.demo_badge()));
    let accepts = (approvals == ApprovalMode::Accept)
        .then(|| el("span").class("badge alarm").attr("title", t.asks_nobody_hint()).child(t.asks_nobody()));
    let title = chat.map_or_else(
        || el("span"),
        |chat| {
            let title = move || chat.live.meta(|transcript| transcript.title.clone());
            el("h1").child(live(move || title().unwrap_or_else(|| t.untitled().to_owned())))
        },
    );
    // The sidebar has one too, where it is in sight.
    let new_chat = link("/", icon(Icon::NewChat))
        .class("icon-button beside-drawer")
        .attr("aria-label", t.new_chat())
        .attr("title", t.new_chat());
    el("header")
        .class("bar")
        .child(drawer_button())
        .child(demo)
        .child(accepts)
        .child(title.class("title"))
        .child(chat.map(|chat| place_view(chat, t)))
        .child(chat.map(|chat| link_view(chat, t)))
        .child(chat.map(|chat| view! { <DetailsButton panel=chat.panel() t/> }))
        .child(new_chat)
        .child(settings_button(t))
        .child(settings_view(t))
}

/// Where the conversation works: the directory's name, and all of its path on request.
fn place_view(chat: Chat, t: &'static Texts) -> Node {
    live(move || {
        let cwd = chat.live.meta(|transcript| transcript.cwd.clone())?;
        let name = exact_name(directory_name(&cwd), t);
        let title = format!("{}: {}", t.workspace(), plain_name(&cwd));
        Some(
            el("span")
                .class("place")
                .attr("title", title)
                .child(icon(Icon::Folder))
                .child(el("code").child(name)),
        )
    })
}

/// How the connection fares: a dot while all is well, words as soon as it is not.
fn link_view(chat: Chat, t: &'static Texts) -> El {
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
        ConnectionState::Live => t.live().to_owned(),
        ConnectionState::Polling => t.live_by_polling().to_owned(),
        ConnectionState::Waiting(seconds) => (t.reconnecting_in)(seconds),
        ConnectionState::Offline => t.offline().to_owned(),
        ConnectionState::Closed
        | ConnectionState::Gone
        | ConnectionState::Expired
        | ConnectionState::SignedOut
        | ConnectionState::ProxySignedOut
        | ConnectionState::Past => String::new(),
    };
    // The seconds are for those who see them: heard, they would be said one by one.
    let counts = move || matches!(chat.connection.get(), ConnectionState::Waiting(_));
    let heard = move || counts().then(|| el("span").class("heard").child(t.reconnecting()));
    let retry = move || counts().then(|| link_button(t.retry_now(), move || chat.connect_now()));
    el("div")
        .class("connection")
        .live_attr("data-state", state)
        .attr("role", "status")
        .live_attr("title", words)
        .child(el("span").class("dot"))
        .child(
            el("span")
                .class("words")
                .live_attr("aria-hidden", move || counts().then_some("true"))
                .child(live(words)),
        )
        .child(live(heard))
        .child(live(retry))
}

/// Opens the menu below.
fn settings_button(t: &'static Texts) -> El {
    el("button")
        .attr("type", "button")
        .class("icon-button")
        .attr("popovertarget", "settings")
        .attr("aria-label", t.settings())
        .attr("title", t.settings())
        .child(icon(Icon::Settings))
}

/// A menu that the browser opens and closes by itself.
fn settings_view(t: &'static Texts) -> El {
    let prefs = Prefs::current();
    let theme = RwSignal::new(prefs.theme);
    let themes = Theme::ALL.map(|choice| {
        let name = match choice {
            Theme::System => t.theme_system(),
            Theme::Light => t.theme_light(),
            Theme::Dark => t.theme_dark(),
        };
        let choose = move || {
            choose_theme(choice);
            theme.set(choice);
        };
        segment(name, move || theme.get() == choice, choose)
    });
    let langs = Lang::ALL.map(|choice| {
        let chosen = prefs.lang == choice;
        segment(choice.own_name(), move || chosen, move || choose_lang(choice)).attr("lang", choice.code())
    });
    el("div")
        .attr("id", "settings")
        .class("menu")
        .attr("popover", "auto")
        .child(segments("theme-label", t.theme(), themes))
        .child(segments("lang-label", t.language(), langs))
        .child(notifications_view(t))
        .child(auth_enabled().then(|| sign_out_view(t)))
}

/// Whether the system's notifications tell what happens while nobody looks. The browser is asked on a click only.
fn notifications_view(t: &'static Texts) -> Node {
    let on = RwSignal::new(false);
    Effect::new(move |_| on.set_if_changed(notify::is_on()));
    let choices = [(t.off(), false), (t.on(), true)];
    let choices = choices
        .map(|(name, choice)| segment(name, move || on.get() == choice, move || notify::choose(choice, on)));
    segments("notify-label", t.notifications(), choices)
}

/// A form like any other, so that it works while nothing else does.
fn sign_out_view(t: &'static Texts) -> El {
    let button = el("button").attr("type", "submit").class("sign-out").child(t.sign_out());
    el("form").attr("method", "post").attr("action", address("/sign-out")).child(button)
}

/// Choices side by side, one of which is chosen.
fn segments(id: &'static str, label: &'static str, choices: impl IntoIterator<Item = El>) -> Node {
    let choices = many(choices);
    many([
        el("div").class("label").attr("id", id).child(label),
        el("div").class("segments").attr("role", "group").attr("aria-labelledby", id).child(choices),
    ])
}

fn segment(
    name: &'static str,
    chosen: impl Fn() -> bool + Send + 'static,
    act: impl FnMut() + Send + 'static,
) -> El {
    el("button")
        .attr("type", "button")
        .live_attr("aria-pressed", move || chosen().to_string())
        .on_click(act)
        .child(name)
}

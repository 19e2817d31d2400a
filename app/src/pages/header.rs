//! The header: who we are, where one is, how the connection fares, and the settings.

use leptos::prelude::*;

use crate::{
    conversation::Chat,
    i18n::{Lang, Texts, texts},
    icon::{Icon, icon},
    live::LinkState,
    prefs::{Prefs, Theme, choose_lang, choose_theme},
};

pub(crate) fn header_view(demo: bool, chat: Option<Chat>) -> AnyView {
    let t = texts();
    let demo = demo.then(|| view! { <span class="badge" title=t.demo_hint>{t.demo_badge}</span> });
    let title = move || chat.and_then(|chat| chat.live.meta(|transcript| transcript.title.clone()));
    let link = chat.map(|chat| link_view(chat, t));
    view! {
        <header class="bar">
            <a class="brand" href="/" data-link="">{icon(Icon::Brand)} <span>"Codex Gateway"</span></a>
            {demo}
            <h1 class="title">{title}</h1>
            {link}
            <a class="icon-button" href="/" data-link="" aria-label=t.new_chat title=t.new_chat>
                {icon(Icon::NewChat)}
            </a>
            {settings_view(t)}
        </header>
    }
    .into_any()
}

/// How the connection fares: a dot while all is well, words as soon as it is not.
fn link_view(chat: Chat, t: &'static Texts) -> AnyView {
    let state = move || match chat.link.get() {
        LinkState::Connecting => "connecting",
        LinkState::Live => "live",
        LinkState::Waiting(_) => "waiting",
        LinkState::Offline => "offline",
        LinkState::Closed | LinkState::Gone => "closed",
    };
    let words = move || match chat.link.get() {
        LinkState::Connecting => t.connecting.to_owned(),
        LinkState::Live => t.live.to_owned(),
        LinkState::Waiting(seconds) => (t.reconnecting_in)(seconds),
        LinkState::Offline => t.offline.to_owned(),
        LinkState::Closed | LinkState::Gone => String::new(),
    };
    let retry = move || {
        matches!(chat.link.get(), LinkState::Waiting(_)).then(|| {
            view! { <button type="button" class="link" on:click=move |_| chat.connect_now()>{t.retry_now}</button> }
        })
    };
    view! {
        <div class="connection" data-state=state role="status" title=words>
            <span class="dot"></span> <span class="words">{words}</span> {retry}
        </div>
    }
    .into_any()
}

/// A menu that the browser opens and closes by itself.
fn settings_view(t: &'static Texts) -> AnyView {
    let prefs = Prefs::current();
    let theme = RwSignal::new(prefs.theme);
    let theme_choice = move |choice: Theme| {
        let name = match choice {
            Theme::System => t.theme_system,
            Theme::Light => t.theme_light,
            Theme::Dark => t.theme_dark,
        };
        let choose = move |_| {
            choose_theme(choice);
            theme.set(choice);
        };
        view! {
            <button type="button" aria-pressed=move || (theme.get() == choice).to_string() on:click=choose>
                {name}
            </button>
        }
    };
    let lang_choice = |choice: Lang| {
        view! {
            <button
                type="button"
                lang=choice.code()
                aria-pressed=(prefs.lang == choice).to_string()
                on:click=move |_| choose_lang(choice)
            >
                {choice.own_name()}
            </button>
        }
    };
    view! {
        <button type="button" class="icon-button" popovertarget="settings" aria-label=t.settings title=t.settings>
            {icon(Icon::Settings)}
        </button>
        <div id="settings" class="menu" popover="auto">
            <div class="label" id="theme-label">{t.theme}</div>
            <div class="segments" role="group" aria-labelledby="theme-label">
                {Theme::ALL.map(theme_choice)}
            </div>
            <div class="label" id="lang-label">{t.language}</div>
            <div class="segments" role="group" aria-labelledby="lang-label">
                {Lang::ALL.map(lang_choice)}
            </div>
        </div>
    }
    .into_any()
}

//! The first screen: a composer, what it will work with, and where one was. Nothing is made before the first
//! message is sent.

use codex_gateway_wire::api::SessionSummary;
use leptos::{prelude::*, task::spawn_local};

use super::{failed::failed_view, header::header_view, keep_title};
use crate::{
    browser,
    composer::{ComposerSetup, Draft, composer_view},
    conversation::bubble,
    i18n::{Texts, texts},
    icon::{Icon, icon},
    live::{Unsent, UnsentState},
    route::{Navigator, conversation_path},
    server_fns::{self, Failure, Home, Site},
    text::format::{ago, utc},
};

/// The first message of a conversation that is being made; shown until the conversation has it.
#[derive(Clone, Copy)]
pub(crate) struct FirstMessage(pub(crate) RwSignal<Option<Unsent>>);

pub(crate) fn home_page() -> AnyView {
    keep_title(|| None);
    let home = Resource::new_blocking(|| (), |()| server_fns::home());
    view! {
        <Suspense fallback=|| ()>
            {move || Suspend::new(async move {
                match home.await {
                    Ok(home) => home_view(home.0),
                    Err(failure) => failed_view(&failure),
                }
            })}
        </Suspense>
    }
    .into_any()
}

fn home_view(home: Home) -> AnyView {
    let demo = home.site.demo;
    let failure = RwSignal::new(None::<Failure>);
    let first = use_context::<FirstMessage>();
    let starting = move || first.and_then(|first| first.0.get());
    let home = StoredValue::new(home);
    let content = move || match starting() {
        Some(message) => starting_view(message),
        None => welcome_view(home.get_value(), failure),
    };
    view! {
        <div class="page">
            {header_view(demo, None)}
            {content}
        </div>
    }
    .into_any()
}

/// The conversation as it will be, while codex starts.
pub(crate) fn starting_view(message: Unsent) -> AnyView {
    let t = texts();
    view! {
        <main class="chat">
            <div class="viewport">
                <div class="scroll">
                    <div class="log">
                        <section class="turn">
                            <div class="entry" data-kind="user">{bubble(message.text)}</div>
                        </section>
                    </div>
                </div>
            </div>
            <div class="dock">
                <div class="live-line" role="status"><span class="doing">{t.starting}</span></div>
            </div>
        </main>
    }
    .into_any()
}

fn welcome_view(home: Home, failure: RwSignal<Option<Failure>>) -> AnyView {
    let t = texts();
    let Home { site, models, recent, codex_error } = home;
    let (first, navigator) = (use_context::<FirstMessage>(), use_context::<Navigator>());
    let submit = Callback::new(move |draft| {
        if let (Some(first), Some(navigator)) = (first, navigator) {
            failure.set(None);
            start(draft, first, navigator, failure);
        }
    });
    let setup = ComposerSetup {
        draft_key: "new".to_owned(),
        placeholder: t.placeholder_first,
        models,
        model: Signal::stored(None),
        context: Signal::stored(None),
        running: Signal::stored(false),
        closed: Signal::stored(false),
        submit,
        stop: Callback::new(|()| ()),
    };
    let ask = move |text: &'static str| {
        submit.run(Draft { text: text.to_owned(), model: None, done: Box::new(|| ()) });
    };
    let suggestions = site.demo.then(|| suggestions_view(t, ask));
    let broken = codex_error.map(|why| notice_view(t.codex_missing, why));
    let failed = move || failure.get().map(|failure| notice_view(t.not_started, t.failure(&failure)));
    view! {
        <main class="welcome">
            <h2 class="headline">{t.headline}</h2>
            <div>{broken}{failed}</div>
            {composer_view(setup)}
            {settings_line(&site, t)}
            {suggestions}
            {recent_view(recent, site.now_ms, t)}
        </main>
    }
    .into_any()
}

/// Makes the conversation and goes there.
fn start(draft: Draft, first: FirstMessage, navigator: Navigator, failure: RwSignal<Option<Failure>>) {
    let Draft { text, model, done } = draft;
    let client_id = browser::unique_id();
    let message = Unsent {
        client_id: client_id.clone(),
        text: text.clone(),
        model: model.clone(),
        state: UnsentState::Sending,
    };
    first.0.set(Some(message));
    spawn_local(async move {
        match server_fns::start(text, model, client_id).await {
            Ok(id) => {
                done();
                navigator.go(&conversation_path(&id));
            }
            Err(why) => {
                // The composer comes back, with the draft that was kept.
                first.0.set(None);
                failure.try_set(Some(why));
            }
        }
    });
}

fn notice_view(what: &'static str, why: String) -> impl IntoView {
    view! {
        <div class="failure" role="alert">
            {icon(Icon::Alert)}
            <div class="what">
                <strong>{what}</strong>
                <p>{why}</p>
            </div>
        </div>
    }
}

/// Where it works and what it may do, in words.
fn settings_line(site: &Site, t: &'static Texts) -> AnyView {
    let may = match site.sandbox.as_str() {
        "read-only" => t.may_read,
        "danger-full-access" => t.may_everything,
        _ => t.may_edit,
    };
    let asks = if site.approval_policy == "never" { t.never_asks } else { t.asks_declined };
    view! {
        <div class="setting">
            <span title=t.workspace>{icon(Icon::Folder)} <code>{site.cwd.clone()}</code></span>
            <span>{icon(Icon::Shield)} {may}" · "{asks}</span>
        </div>
    }
    .into_any()
}

fn suggestions_view(t: &'static Texts, ask: impl Fn(&'static str) + Copy + 'static + Send) -> AnyView {
    let all = [
        (Icon::Brand, t.suggestion_tour),
        (Icon::Terminal, t.suggestion_command),
        (Icon::File, t.suggestion_long),
    ];
    let one = move |(mark, text): (Icon, &'static str)| {
        view! {
            <li>
                <button type="button" on:click=move |_| ask(text)>{icon(mark)} <span>{text}</span></button>
            </li>
        }
    };
    view! {
        <p class="demo-hint">{t.demo_hint}</p>
        <ul class="suggestions">{all.map(one)}</ul>
    }
    .into_any()
}

fn recent_view(recent: Vec<SessionSummary>, server_now: i64, t: &'static Texts) -> Option<AnyView> {
    if recent.is_empty() {
        return None;
    }
    // In UTC first, as the server writes it; relative once this program runs.
    let taken_over = RwSignal::new(false);
    Effect::new(move |_| taken_over.set(true));
    let one = move |session: SessionSummary| {
        let then = session.last_access_ms;
        let when = move || if taken_over.get() { ago(then, server_now, t) } else { utc(then) };
        let running = session.running.then(|| view! { <span class="running">{t.running_now}</span> });
        view! {
            <li>
                <a href=conversation_path(&session.id) data-link="">
                    <span class="name">{session.title.unwrap_or_else(|| t.untitled.to_owned())}</span>
                    {running}
                    <time title=utc(then)>{when}</time>
                </a>
            </li>
        }
    };
    let view = view! {
        <section class="recent">
            <h3 class="label">{t.recent}</h3>
            <ul>{recent.into_iter().map(one).collect::<Vec<_>>()}</ul>
        </section>
    };
    Some(view.into_any())
}

//! The first screen: a composer, what it will work with, and where one was. Nothing is made before the first
//! message is sent.

use codex_gateway_wire::{
    SessionId, StartTurn,
    api::{SessionSummary, Workspace},
};
use leptos::task::spawn_local;
use view::prelude::*;
use web_sys::Event;

use super::{header::header_view, keep_title};
use crate::{
    composer::{Composer, InitialText},
    conversation::{FailureAlert, ProxySignInNotice, SentMessage, SignInNotice},
    folder_trust::FolderTrust,
    i18n::{Texts, texts},
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, button, el, live, many},
    route::{Navigator, conversation_path, link},
    server_fns::{self, Home},
    sidebar::Conversations,
    signal::RwSignalExt as _,
    state::{Draft, FirstMessage, Folder, Unsent},
    text::{
        format::{ago, utc},
        hidden::{directory_name, exact_name, plain_name},
    },
};

pub(super) fn home_view(home: Home) -> El {
    keep_title(|| None, || 0);
    let (demo, approvals) = (home.site.demo, home.site.approvals);
    let first = use_context::<FirstMessage>();
    // One whose conversation is made is on its page, and was not seen there.
    if let Some(first) = first.filter(|first| first.has_session()) {
        first.message.take_untracked();
    }
    // What was told here is told once; what goes wrong after the reader has left, once they come back.
    if let (Some(first), Some(navigator)) = (first, use_context::<Navigator>()) {
        let forget = move || {
            first.failure.take_untracked();
            first.open.take_untracked();
        };
        let route = Memo::new(move |_| navigator.route());
        Effect::watch(move || route.get(), move |_, _, _| forget(), false);
    }
    let starting = move || first.and_then(|first| first.message.get().pop());
    let home = RwSignal::new(Some(home));
    let cwd = RwSignal::new(None);
    let content = move || match starting() {
        Some(message) => starting_view(message, first),
        None => el("main").class("welcome").child(home.get_untracked().map(|home| welcome_view(home, cwd))),
    };
    el("div").class("page").child(header_view(demo, approvals, None)).child(live(content))
}

/// Stops the first message. Its text comes back into the composer.
fn stop_starting(first: Option<FirstMessage>) {
    if let Some(message) = first.and_then(FirstMessage::stop) {
        if let Some(initial_text) = use_context::<InitialText>() {
            initial_text.set(message.turn.prompt);
        }
    }
}

/// The conversation as it will be, while codex starts.
fn starting_view(message: Unsent, first: Option<FirstMessage>) -> El {
    let t = texts();
    let entry = el("div")
        .class("entry")
        .attr("data-kind", "user")
        .child(view! { <SentMessage turn=message.turn t/> });
    let log = el("div").class("log").child(el("section").class("turn").child(entry));
    let doing = el("span").class("doing").child(t.starting());
    let stop = button(t.stop(), move || stop_starting(first));
    let line = el("div").class("live-line").child(doing.attr("role", "status")).child(stop);
    el("main")
        .class("chat")
        .child(el("div").class("viewport").child(el("div").class("scroll").child(log)))
        .child(el("div").class("dock").child(line))
}

fn welcome_view(home: Home, cwd: RwSignal<Option<String>>) -> Node {
    let t = texts();
    let Home { site, workspaces, models, recent, codex_error, project } = home;
    let folder = Folder::new(project);
    let (first, navigator) = (use_context::<FirstMessage>(), use_context::<Navigator>());
    let show_folder = move |cwd: &Option<String>| {
        folder.show(cwd.clone());
        // In another folder the same words are another message.
        if let Some(first) = first {
            first.open.take_untracked();
        }
    };
    let chosen_cwd = Memo::new(move |_| cwd.get());
    Effect::watch(move || chosen_cwd.get(), move |cwd, _, _| show_folder(cwd), false);
    let on_submit = Callback::new(move |draft| {
        if let (Some(first), Some(navigator)) = (first, navigator) {
            start(draft, cwd.get_untracked(), first, navigator);
        }
    });
    let composer = view! {
        <Composer
            draft_name="new".to_owned()
            placeholder=t.placeholder_first()
            models
            site=site.clone()
            cwd
            on_submit
        />
    };
    let failed = move || {
        first.and_then(|first| first.failure.get()).map(|failure| {
            if failure.is_unauthorized() {
                return view! { <SignInNotice t/> };
            }
            if failure.is_proxy_signed_out() {
                return view! { <ProxySignInNotice t/> };
            }
            view! { <FailureAlert what=t.not_started() why=t.failure(&failure)/> }
        })
    };
    many([
        el("h1").class("headline").child(t.headline()).into(),
        codex_error.map(|why| view! { <FailureAlert what=t.codex_missing() why/> }).into(),
        live(failed),
        composer,
        workspace_view(workspaces, cwd, t).into(),
        view! { <FolderTrust folder is_expanded=true t/> },
        site.demo.then(|| suggestions_view(t, on_submit)).into(),
        recent_view(recent, site.now_ms, t).into(),
    ])
}

/// Makes the conversation and goes there.
fn start(draft: Draft, cwd: Option<String>, first: FirstMessage, navigator: Navigator) {
    let Draft { turn, done } = draft;
    let message = first.message(turn);
    let (turn, page) = (message.turn.clone(), navigator.route_untracked());
    let (conversations, initial_text) = (use_context::<Conversations>(), use_context::<InitialText>());
    first.failure.set(None);
    first.session.set(SessionId::default());
    first.message.set(vec![message.clone()]);
    spawn_local(async move {
        match server_fns::start_conversation(cwd, turn).await {
            Ok(id) if first.is_stopped(&message) => {
                // Nothing shows the conversation yet, so there is nowhere to say that this did not work.
                let _ = server_fns::interrupt_turn(id).await;
                if let Some(all) = conversations {
                    all.refresh();
                }
            }
            Ok(id) => {
                done();
                first.session_created(navigator, &page, id, message);
                if let Some(all) = conversations {
                    all.refresh();
                }
            }
            Err(why) => {
                // The composer comes back, with the draft that was kept; unless another message is being sent by now.
                if first
                    .message
                    .with_untracked(|all| all.iter().any(|shown| shown.client_id == message.client_id))
                {
                    if navigator.route_untracked() == page {
                        if let Some(initial_text) = initial_text {
                            initial_text.set(message.turn.prompt.clone());
                        }
                    }
                    first.message.set(Vec::new());
                }
                first.open.set(if why.is_open() { vec![message] } else { Vec::new() });
                first.failure.set(Some(why));
            }
        }
    });
}

/// Where it works, to be chosen if there is a choice. (What it may do there is chosen in the composer.)
fn workspace_view(all: Vec<Workspace>, cwd: RwSignal<Option<String>>, t: &'static Texts) -> El {
    let part = |title, mark| el("span").attr("title", title).child(icon(mark));
    let only = (all.len() < 2).then(|| all.first().map(|one| el("code").child(exact_name(&one.path, t))));
    let choice = only.is_none().then(|| {
        let options = all.iter().map(|one| {
            let chosen = cwd.get_untracked().as_ref() == Some(&one.path);
            // The name comes first: there may be no room for all of the path.
            let label = plain_name(&format!("{} · {}", directory_name(&one.path), one.path));
            el("option").attr("value", one.path.clone()).attr("selected", chosen).child(label)
        });
        el("select")
            .attr("aria-label", t.workspace())
            .attr("translate", "no")
            .attr("autocomplete", "off")
            .on("change", move |event: Event| cwd.set(Some(event_target_value(&event))))
            .child(many(options))
    });
    let branch = move || {
        let chosen = cwd.get();
        let one = all.iter().find(|one| chosen.as_ref().is_none_or(|path| one.path == *path));
        one.and_then(|one| one.branch.clone())
            .map(|name| part(t.branch(), Icon::Branch).child(el("code").child(exact_name(&name, t))))
    };
    el("div")
        .class("setting")
        .child(part(t.workspace(), Icon::Folder).child(only.flatten()).child(choice))
        .child(live(branch))
}

fn suggestions_view(t: &'static Texts, submit: Callback<Draft>) -> Node {
    let all = [
        (Icon::Brand, t.suggestion_tour()),
        (Icon::Terminal, t.suggestion_command()),
        (Icon::File, t.suggestion_long()),
    ];
    let all = all.map(|(mark, text)| {
        let ask = move || {
            let turn = StartTurn { prompt: text.to_owned(), ..StartTurn::default() };
            submit.run(Draft { turn, done: Box::new(|| ()) });
        };
        let button = el("button").attr("type", "button").on_click(ask);
        el("li").child(button.child(icon(mark)).child(el("span").child(text)))
    });
    many([el("p").class("demo-hint").child(t.demo_hint()), el("ul").class("suggestions").child(many(all))])
}

fn recent_view(recent: Vec<SessionSummary>, server_now: i64, t: &'static Texts) -> Option<El> {
    if recent.is_empty() {
        return None;
    }
    // In UTC first, as the server writes it; relative once this program runs.
    let taken_over = RwSignal::new(false);
    Effect::new(move |_| taken_over.set(true));
    let all = recent.into_iter().map(|session| {
        let then = session.last_access_ms;
        let when = move || if taken_over.get() { ago(then, server_now, t) } else { utc(then) };
        let name = session.title.unwrap_or_else(|| t.untitled().to_owned());
        let mark = match (session.waiting, session.running) {
            (true, _) => Some(el("span").class("waiting").child(t.waits_for_you())),
            (false, true) => Some(el("span").class("running").child(t.running_now())),
            (false, false) => None,
        };
        let link = link(&conversation_path(&session.id), el("span").class("name").child(name))
            .child(mark)
            .child(el("time").attr("title", utc(then)).child(live(when)));
        el("li").child(link)
    });
    let all = el("ul").child(many(all));
    Some(el("section").class("recent").child(el("h2").class("label").child(t.recent())).child(all))
}

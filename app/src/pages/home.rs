//! `/`: the home page, on which a new conversation is started. Nothing is created before the first message is sent.

use codex_gateway_wire::{
    StartTurn,
    api::{SessionSummary, Workspace},
};
use view::prelude::*;

use super::{header::Header, start_conversation::send_first_message, window_title::follow_window_title};
use crate::{
    composer::{Composer, InitialText},
    conversation::{FailureAlert, ProxySignInNotice, SentMessage, SignInNotice},
    folder_trust::FolderTrust,
    i18n::{Texts, texts},
    icon::{Icon, icon},
    router::{A, conversation_path, use_navigate, use_route},
    server_fns::Home,
    signal::RwSignalExt as _,
    state::{Draft, FirstMessage, Folder, Unsent},
    text::{
        format::{ago, utc},
        hidden::{directory_name, exact_name, plain_name},
    },
};

/// The home page. While the first message is being sent, it shows the conversation that the message begins.
#[component]
pub(super) fn HomePage(home: Home) -> impl IntoView {
    let t = texts();
    follow_window_title(|| None, || 0);
    let first_message = expect_context::<FirstMessage>();
    // A message whose conversation exists is not shown again here, even if that conversation's page was not opened.
    if first_message.has_session() {
        first_message.message.take_untracked();
    }
    // A failure is shown until the reader leaves the page. A failure after that is shown when they come back.
    let clear_failure = move || {
        first_message.failure.take_untracked();
        first_message.open.take_untracked();
    };
    let route = use_route();
    let route = Memo::new(move |_| route.get());
    Effect::watch(move || route.get(), move |_, _, _| clear_failure(), false);
    let (is_demo, approvals) = (home.site.demo, home.site.approvals);
    // The chosen directory outlives the composer, which is replaced while a message is being sent.
    let cwd = RwSignal::new(None);
    let content = move || match first_message.message.get().pop() {
        Some(message) => view! { <StartingConversation message first_message t/> },
        None => view! {
            <main class="welcome">
                <Welcome home=home.clone() cwd first_message t/>
            </main>
        },
    };
    view! {
        <div class="page">
            <Header is_demo approvals/>
            {content}
        </div>
    }
}

/// The conversation as it will look, while codex starts.
#[component]
fn StartingConversation(message: Unsent, first_message: FirstMessage, t: &'static Texts) -> impl IntoView {
    let initial_text = use_context::<InitialText>();
    // The text of the stopped message returns to the composer.
    let stop = move |_| {
        if let (Some(message), Some(initial_text)) = (first_message.stop(), initial_text) {
            initial_text.set(message.turn.prompt);
        }
    };
    view! {
        <main class="chat">
            <div class="viewport">
                <div class="scroll">
                    <div class="log">
                        <section class="turn">
                            <div class="entry" data-kind="user"><SentMessage turn=message.turn t/></div>
                        </section>
                    </div>
                </div>
            </div>
            <div class="dock">
                <div class="status-line">
                    <span class="activity" role="status">{t.starting_codex()}</span>
                    <button type="button" class="button" on:click=stop>
                        {t.stop()}
                    </button>
                </div>
            </div>
        </main>
    }
}

/// The composer, the directory that it works in, and what the reader did last.
#[component]
fn Welcome(
    home: Home,
    /// The chosen directory; `None` for the default.
    cwd: RwSignal<Option<String>>,
    first_message: FirstMessage,
    t: &'static Texts,
) -> impl IntoView {
    let Home { site, workspaces, models, recent, codex_error, project } = home;
    let (is_demo, server_now_ms) = (site.demo, site.now_ms);
    let folder = Folder::new(project);
    let chosen_cwd = Memo::new(move |_| cwd.get());
    let show_folder = move |cwd: &Option<String>| {
        folder.show(cwd.clone());
        // In another directory, the same text is another message.
        first_message.open.take_untracked();
    };
    Effect::watch(move || chosen_cwd.get(), move |cwd, _, _| show_folder(cwd), false);
    let (route, navigate) = (use_route(), use_navigate());
    let on_submit = Callback::new(move |draft| {
        send_first_message(first_message, draft, cwd.get_untracked(), route, navigate);
    });
    let failure = move || {
        let failure = first_message.failure.get()?;
        Some(if failure.is_unauthorized() {
            view! { <SignInNotice t/> }
        } else if failure.is_proxy_signed_out() {
            view! { <ProxySignInNotice t/> }
        } else {
            view! { <FailureAlert title=t.start_failed() reason=t.failure(&failure)/> }
        })
    };
    view! {
        <h1 class="headline">{t.home_headline()}</h1>
        {codex_error.map(|reason| view! { <FailureAlert title=t.codex_not_runnable() reason/> })}
        {failure}
        <Composer
            draft_name="new".to_owned()
            placeholder=t.first_message_placeholder()
            models
            site
            cwd
            on_submit
        />
        <WorkspaceSetting workspaces cwd t/>
        <FolderTrust folder is_expanded=true t/>
        {is_demo.then(|| view! { <Suggestions on_submit t/> })}
        {(!recent.is_empty()).then(|| view! { <RecentConversations sessions=recent server_now_ms t/> })}
    }
}

/// The directory that a new conversation works in, and its branch. With several directories, the reader chooses one.
#[component]
fn WorkspaceSetting(
    workspaces: Vec<Workspace>,
    cwd: RwSignal<Option<String>>,
    t: &'static Texts,
) -> impl IntoView {
    let has_choice = workspaces.len() > 1;
    let only = workspaces.first().filter(|_| !has_choice);
    let name = only.map(|workspace| view! { <code>{exact_name(&workspace.path, t)}</code> });
    let select = has_choice.then(|| {
        let options = workspaces.iter().map(|workspace| {
            let is_chosen = cwd.get_untracked().as_ref() == Some(&workspace.path);
            // The name comes first: there may be no room for the whole path.
            let label = plain_name(&format!("{} · {}", directory_name(&workspace.path), workspace.path));
            view! { <option value=workspace.path.clone() selected=is_chosen>{label}</option> }
        });
        view! {
            <select
                aria-label=t.workspace()
                translate="no"
                autocomplete="off"
                on:change=move |event| cwd.set(Some(event_target_value(&event)))
            >
                {options.collect::<Vec<_>>()}
            </select>
        }
    });
    let branch = move || {
        let chosen = cwd.get();
        let mut workspaces = workspaces.iter();
        let workspace =
            workspaces.find(|workspace| chosen.as_ref().is_none_or(|path| workspace.path == *path))?;
        let branch = workspace.branch.as_ref()?;
        Some(view! {
            <span title=t.branch()>
                {icon(Icon::Branch)}
                <code>{exact_name(branch, t)}</code>
            </span>
        })
    };
    view! {
        <div class="setting">
            <span title=t.workspace()>
                {icon(Icon::Folder)}
                {name}
                {select}
            </span>
            {branch}
        </div>
    }
}

/// The messages that the demo proposes.
#[component]
fn Suggestions(on_submit: Callback<Draft>, t: &'static Texts) -> impl IntoView {
    let suggestions = [
        (Icon::Brand, t.suggestion_tour()),
        (Icon::Terminal, t.suggestion_command()),
        (Icon::File, t.suggestion_long()),
    ];
    let suggestions = suggestions.map(|(mark, text)| {
        let send = move |_| {
            let turn = StartTurn { prompt: text.to_owned(), ..StartTurn::default() };
            on_submit.run(Draft { turn, done: Box::new(|| ()) });
        };
        view! {
            <li>
                <button type="button" on:click=send>
                    {icon(mark)}
                    <span>{text}</span>
                </button>
            </li>
        }
    });
    view! {
        <p class="demo-hint">{t.demo_hint()}</p>
        <ul class="suggestions">{Vec::from(suggestions)}</ul>
    }
}

/// The reader's last conversations.
#[component]
fn RecentConversations(
    sessions: Vec<SessionSummary>,
    /// The server's time, in Unix milliseconds.
    server_now_ms: i64,
    t: &'static Texts,
) -> impl IntoView {
    // The server does not know the reader's time zone and clock: it writes times in UTC. They become relative when the
    // page runs in the browser.
    let is_hydrated = RwSignal::new(false);
    Effect::new(move |_| is_hydrated.set(true));
    let rows = sessions.into_iter().map(|session| {
        let at_ms = session.last_access_ms;
        let time = move || if is_hydrated.get() { ago(at_ms, server_now_ms, t) } else { utc(at_ms) };
        let title = session.title.unwrap_or_else(|| t.untitled().to_owned());
        let status = match (session.waiting, session.running) {
            (true, _) => Some(view! { <span class="waiting">{t.waiting_for_you()}</span> }),
            (false, true) => Some(view! { <span class="running">{t.running_now()}</span> }),
            (false, false) => None,
        };
        view! {
            <li>
                <A href=conversation_path(&session.id)>
                    <span class="name">{title}</span>
                    {status}
                    <time title=utc(at_ms)>{time}</time>
                </A>
            </li>
        }
    });
    view! {
        <section class="recent">
            <h2 class="label">{t.recent_conversations()}</h2>
            <ul>{rows.collect::<Vec<_>>()}</ul>
        </section>
    }
}

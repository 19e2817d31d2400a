//! The line above the composer that says what is going on.

use view::{Node, prelude::*};

use super::activity::{Activity, activity, starting_servers};
use crate::{
    signal::RwSignalExt as _,
    state::Chat,
    text::{format::clock, hidden::exact_name},
};

/// The status line. It keeps its height while it is empty, so that the page does not jump.
#[component]
pub(super) fn StatusLine(chat: Chat) -> impl IntoView {
    let t = chat.t;
    let line = move || {
        if let Some(text) = transient_text(chat) {
            return view! { <span class="activity">{text}</span> };
        }
        // Entries can change without the transcript's metadata. The clock ticks while a turn runs, so reading it here
        // runs this closure again.
        let now_ms = chat.now.get();
        if let Some(activity) = chat.transcript.meta(|transcript| activity(transcript, t)) {
            return view! { <ActivityLine chat activity now_ms/> };
        }
        match chat.transcript.meta(starting_servers) {
            Some(names) => view! {
                <span class="activity">{t.starting_servers()} " " <code>{exact_name(&names, t)}</code></span>
            },
            None => Node::Empty,
        }
    };
    view! {
        <div
            class="status-line"
            role="status"
            data-running=move || chat.running().to_string()
            data-activity=move || activity_state(chat).name()
        >
            {line}
        </div>
    }
}

/// Whether the agent works, as far as the page knows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ActivityState {
    Idle,
    Working,
    /// It waits for the user.
    Waiting,
    /// The page does not know, because it is not connected.
    Unknown,
}

impl ActivityState {
    /// Returns the value of the attribute `data-activity`.
    fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
        }
    }
}

/// Tracked.
fn activity_state(chat: Chat) -> ActivityState {
    if !chat.running() {
        ActivityState::Idle
    } else if !chat.connection.get_or_default().is_live() {
        ActivityState::Unknown
    } else if chat.waiting() > 0 {
        ActivityState::Waiting
    } else {
        ActivityState::Working
    }
}

/// What the agent does, for how long, and the key that stops it.
#[component]
fn ActivityLine(chat: Chat, activity: Activity, now_ms: i64) -> impl IntoView {
    let t = chat.t;
    let Activity { verb, target, plan_step, since_ms } = activity;
    let elapsed = since_ms.and_then(|since_ms| u64::try_from((now_ms - since_ms).max(0) / 1000).ok());
    let target = target.map(|target| view! { <code>{exact_name(&target, t)}</code> });
    // Esc answers a request that waits for the user, and closes an edit. Only without them does it stop the turn.
    let hint = move || {
        if activity_state(chat) == ActivityState::Unknown {
            return Some(t.not_connected());
        }
        since_ms.filter(|_| !chat.edit().is_open()).map(|_| t.esc_stops())
    };
    view! {
        <span class="activity">{verb} " " {target}</span>
        <span class="plan-step">{plan_step.map(|step| exact_name(&step, t))}</span>
        // Hidden from screen readers, which would otherwise read it every second.
        <span class="clock" aria-hidden="true">{elapsed.map(clock)}</span>
        <span class="hint">{hint}</span>
    }
}

/// Returns what the line says in place of the activity. `None` in the normal course of a turn. Tracked.
fn transient_text(chat: Chat) -> Option<String> {
    let t = chat.t;
    if chat.stopping.get() {
        Some(t.stopping().to_owned())
    } else if let Some(retrying) = chat.transcript.meta(|transcript| transcript.retrying.clone()) {
        Some(retrying)
    } else if chat.is_sending() && !chat.running() {
        let text = if chat.is_loading_history() { t.loading_long_conversation() } else { t.sending() };
        Some(text.to_owned())
    } else {
        None
    }
}

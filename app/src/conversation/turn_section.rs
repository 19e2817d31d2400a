//! A turn in the log: the message of the user, the work, the answer, and how the turn ended.

use codex_gateway_wire::{ItemId, codex::TurnStatus};
use view::prelude::*;

use super::{
    changed_files::ChangedFiles, disclosure::WorkDisclosure, entry::LogEntry, exploration::ExplorationRow,
    failure_alert::FailureAlert, turn::Turn, turn_actions::TurnActions,
};
use crate::{
    state::{Chat, GroupKey},
    text::upstream::plain_message,
};

/// A row of a turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Row {
    /// The line that the work folds to.
    Disclosure,
    /// Steps that only read, by the first of them.
    Exploration(ItemId),
    Entry(ItemId),
}

/// A turn in the log.
#[component]
pub(super) fn TurnSection(chat: Chat, group: GroupKey) -> impl IntoView {
    let turn = Turn::new(chat, group);
    let rows = move || {
        let is_unfolded = turn.is_unfolded();
        let facts = turn.facts.read();
        let mut rows = Vec::new();
        let mut has_disclosure = false;
        for id in turn.mounted_entries() {
            if facts.hidden.contains(&id) {
                continue;
            }
            let is_foldable = facts.folds.contains(&id);
            if is_foldable && !has_disclosure {
                rows.push(Row::Disclosure);
                has_disclosure = true;
            }
            // Folded entries are not mounted: a turn can have more steps than a browser lays out at ease.
            if !is_unfolded && is_foldable {
                continue;
            }
            match facts.explorations.group_of(&id) {
                Some([first, ..]) => {
                    let row = Row::Exploration(first.clone());
                    if rows.last() != Some(&row) {
                        rows.push(row);
                    }
                }
                _ => rows.push(Row::Entry(id)),
            }
        }
        rows
    };
    let row = move |row| match row {
        Row::Disclosure => view! { <WorkDisclosure chat turn/> },
        Row::Exploration(first) => view! { <ExplorationRow chat turn first/> },
        Row::Entry(id) => view! { <LogEntry chat turn entry=chat.transcript.entry(id)/> },
    };
    view! {
        <section class="turn" data-status=move || turn.facts.read().status.as_str()>
            <For each=rows key=Row::clone children=row/>
            <ChangedFiles chat turn/>
            <TurnEnd chat turn/>
            <TurnActions chat turn/>
        </section>
    }
}

/// How the turn ended, if it was interrupted or failed.
#[component]
fn TurnEnd(chat: Chat, turn: Turn) -> impl IntoView {
    let t = chat.t;
    let end = move || {
        let facts = turn.facts.read();
        let (status, error) = (facts.status, facts.error.clone());
        // A later turn has taken the place of another attempt.
        let can_retry = facts.is_last && !facts.has_own_instructions();
        match status {
            TurnStatus::Interrupted => Some(view! { <p class="note">{t.turn_stopped()}</p> }),
            TurnStatus::Failed => {
                let error = error.unwrap_or_default();
                let retry = move |_| {
                    if let Some(turn) = turn.id() {
                        chat.retry_turn(&turn);
                    }
                };
                Some(view! {
                    <FailureAlert title=t.turn_failed() reason=plain_message(&error.message)>
                        {error.additional_details.map(|details| view! { <p class="error-details">{details}</p> })}
                        {can_retry.then(|| view! {
                            <button
                                type="button"
                                class="button"
                                on:click=retry
                                disabled=move || !chat.may_send()
                            >
                                {t.retry()}
                            </button>
                        })}
                    </FailureAlert>
                })
            }
            TurnStatus::InProgress | TurnStatus::Completed | TurnStatus::Other => None,
        }
    };
    view! { {end} }
}

//! A turn in the log: the message of the user, the work, the answer, and how the turn ended.

use codex_gateway_wire::{ItemId, TurnId, codex::TurnStatus};
use view::prelude::*;

use super::{
    changed_files::ChangedFiles, disclosure::WorkDisclosure, entry::LogEntry, turn_actions::TurnActions,
};
use crate::{
    icon::{Icon, icon},
    state::{Chat, DisclosureKey, GroupKey, TurnFacts},
    text::upstream::plain_message,
};

/// A turn that the log shows. An entry of no turn is shown as a turn without work.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) facts: Memo<TurnFacts>,
    chat: Chat,
    group: StoredValue<GroupKey>,
}

impl Turn {
    fn new(chat: Chat, group: GroupKey) -> Self {
        let group = StoredValue::new(group);
        let facts = Memo::new(move |before: Option<&TurnFacts>| {
            let ids = group.with_value(|group| chat.transcript.entries_of(group));
            match group.with_value(|group| group.turn().cloned()) {
                Some(turn) => {
                    chat.transcript.meta(|transcript| TurnFacts::of(transcript, &turn, &ids, before))
                }
                None => TurnFacts { status: TurnStatus::Other, ..TurnFacts::default() },
            }
        });
        Self { facts, chat, group }
    }

    /// Returns the turn's id. `None` for an entry of no turn.
    pub(super) fn id(self) -> Option<TurnId> {
        self.group.with_value(|group| group.turn().cloned())
    }

    /// Returns all entries of the turn, mounted or not. Tracked.
    pub(super) fn entries(self) -> Vec<ItemId> {
        self.group.with_value(|group| self.chat.transcript.entries_of(group))
    }

    /// Returns the entries of the turn within the mounted range. Tracked.
    fn mounted_entries(self) -> Vec<ItemId> {
        self.group.with_value(|group| self.chat.transcript.visible_entries_of(group))
    }

    /// Returns `true` if the work is shown. It folds when the turn ends well, unless the user has chosen. Tracked.
    pub(super) fn is_unfolded(self) -> bool {
        let has_ended_well = || matches!(self.facts.read().status, TurnStatus::Completed | TurnStatus::Other);
        self.chat.disclosures.get(&self.disclosure_key()).unwrap_or_else(|| !has_ended_well())
    }

    /// Unfolds the work or folds it.
    pub(super) fn set_unfolded(self, is_unfolded: bool) {
        self.chat.disclosures.set(self.disclosure_key(), is_unfolded);
    }

    fn disclosure_key(self) -> DisclosureKey {
        DisclosureKey::Group(self.group.get_value())
    }
}

/// A row of a turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Row {
    /// The line that the work folds to.
    Disclosure,
    Entry(ItemId),
}

/// A turn.
#[component]
pub(super) fn TurnSection(chat: Chat, group: GroupKey) -> impl IntoView {
    let turn = Turn::new(chat, group);
    let rows = move || {
        let is_unfolded = turn.is_unfolded();
        let folds = &turn.facts.read().folds;
        let mut rows = Vec::new();
        let mut has_disclosure = false;
        for id in turn.mounted_entries() {
            let is_foldable = folds.contains(&id);
            if is_foldable && !has_disclosure {
                rows.push(Row::Disclosure);
                has_disclosure = true;
            }
            // Folded entries are not mounted: a turn can have more steps than a browser lays out at ease.
            if is_unfolded || !is_foldable {
                rows.push(Row::Entry(id));
            }
        }
        rows
    };
    let row = move |row| match row {
        Row::Disclosure => view! { <WorkDisclosure chat turn/> },
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
        let (status, error) = (turn.facts.read().status, turn.facts.read().error.clone());
        match status {
            TurnStatus::Interrupted => Some(view! { <p class="note">{t.stopped()}</p> }),
            TurnStatus::Failed => {
                let error = error.unwrap_or_default();
                let retry = move |_| {
                    if let Some(turn) = turn.id() {
                        chat.retry_turn(&turn);
                    }
                };
                Some(view! {
                    <FailureAlert what=t.turn_failed() why=plain_message(&error.message)>
                        {error.additional_details.map(|details| view! { <p class="why">{details}</p> })}
                        <button type="button" class="button" on:click=retry disabled=move || !chat.may_send()>
                            {t.retry()}
                        </button>
                    </FailureAlert>
                })
            }
            TurnStatus::InProgress | TurnStatus::Completed | TurnStatus::Other => None,
        }
    };
    view! { {end} }
}

/// What went wrong, and why. The children are details and what the user can do.
#[component]
pub(crate) fn FailureAlert(
    what: &'static str,
    why: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="failure" role="alert">
            {icon(Icon::Alert)}
            <div class="what"><strong>{what}</strong> <p>{why}</p></div>
            {children.map(|children| children())}
        </div>
    }
}

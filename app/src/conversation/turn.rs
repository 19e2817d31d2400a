//! A turn: what the user said, the work, the answer, and how it ended.

use codex_gateway_wire::{TurnId, codex::TurnStatus};
use leptos::prelude::*;

use super::{
    Chat, changed_files::changed_view, disclosure::fold_view, entry::entry_view, turn_actions::turn_actions,
};
use crate::{
    icon::{Icon, icon},
    node::{El, ElementExt as _, button, el, list, live},
    state::{DisclosureKey, GroupKey, TurnFacts},
    text::upstream::plain_message,
};

/// A turn on the page. (An entry of no turn is one of its own, with nothing to fold.)
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) facts: Memo<TurnFacts>,
    chat: Chat,
    key: RwSignal<GroupKey>,
}

impl Turn {
    /// Whether its work is to be seen; tracked. It folds when the turn ends well.
    pub(crate) fn unfolded(self) -> bool {
        let ended_well = || matches!(self.facts.read().status, TurnStatus::Completed | TurnStatus::Other);
        self.chosen().unwrap_or_else(|| !ended_well())
    }

    /// What the reader chose: whether its work is to be seen.
    fn chosen(self) -> Option<bool> {
        self.key
            .try_with_untracked(|key| self.chat.disclosures.get(&DisclosureKey::Group(key.clone())))
            .flatten()
    }

    /// Folds its work away, or unfolds it.
    pub(crate) fn choose(self, unfolded: bool) {
        self.key
            .try_with_untracked(|key| self.chat.disclosures.set(DisclosureKey::Group(key.clone()), unfolded));
    }
}

/// In a list of the entries of a turn, the line that its work folds to. (No entry has such an id.)
const FOLD: &str = "";

pub(crate) fn group_view(chat: Chat, group: GroupKey) -> El {
    let key = RwSignal::new(group);
    let ids = move || key.try_with_untracked(|key| chat.live.group(key)).unwrap_or_default();
    let facts = Memo::new(move |before: Option<&TurnFacts>| {
        let ids = ids();
        match turn_of(key) {
            Some(turn) => chat.live.meta(|transcript| TurnFacts::of(transcript, &turn, &ids, before)),
            None => TurnFacts { status: TurnStatus::Other, ..TurnFacts::default() },
        }
    });
    let turn = Turn { facts, chat, key };
    let rows = move || {
        let unfolded = turn.unfolded();
        let folds = &facts.read().folds;
        let mut rows = Vec::new();
        let mut has_fold = false;
        for id in key.try_with_untracked(|key| chat.live.shown(key)).unwrap_or_default() {
            let folds_away = folds.contains(&id);
            if folds_away && !has_fold {
                rows.push(FOLD.to_owned());
                has_fold = true;
            }
            // What is folded away is not there at all: a turn can have more steps than a browser likes.
            if unfolded || !folds_away {
                rows.push(id.to_string());
            }
        }
        rows
    };
    let row = move |id: String| match id.as_str() {
        FOLD => fold_view(chat, turn).into(),
        _ => entry_view(chat, turn, chat.live.entry(id.into())),
    };
    el("section")
        .class("turn")
        .live_attr("data-status", move || facts.read().status.as_str())
        .child(list(rows, row))
        .child(changed_view(chat, key, turn))
        .child(live(move || end_view(chat, key, turn)))
        .child(turn_actions(chat, key, turn))
}

pub(super) fn turn_of(key: RwSignal<GroupKey>) -> Option<TurnId> {
    key.try_with_untracked(|key| key.turn().cloned()).flatten()
}

/// How a turn ended, where that is not plain from its answer.
fn end_view(chat: Chat, key: RwSignal<GroupKey>, turn: Turn) -> Option<El> {
    let t = chat.t;
    let (status, error) = (turn.facts.read().status, turn.facts.read().error.clone());
    match status {
        TurnStatus::Interrupted => Some(el("p").class("note").child(t.stopped())),
        TurnStatus::Failed => {
            let error = error.unwrap_or_default();
            let retry = move || {
                if let Some(turn) = turn_of(key) {
                    chat.retry_turn(&turn);
                }
            };
            let why = error.additional_details.map(|why| el("p").class("why").child(why));
            let retry = button(t.retry(), retry).live_attr("disabled", move || !chat.may_send());
            Some(failure_view(t.turn_failed(), plain_message(&error.message)).child(why).child(retry))
        }
        TurnStatus::InProgress | TurnStatus::Completed | TurnStatus::Other => None,
    }
}

/// What went wrong, and why.
pub(crate) fn failure_view(what: &'static str, why: String) -> El {
    let words = el("div").class("what").child(el("strong").child(what)).child(el("p").child(why));
    el("div").class("failure").attr("role", "alert").child(icon(Icon::Alert)).child(words)
}

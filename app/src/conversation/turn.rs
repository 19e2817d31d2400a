//! A turn: what the user said, the work, the answer, and how it ended.

use codex_gateway_wire::{ItemId, codex::TurnStatus};
use leptos::prelude::*;

use super::{Chat, entry::entry_view, fold::fold_view};
use crate::{
    icon::{Icon, icon},
    live::{GroupKey, TurnFacts},
};

/// A turn on the page. (An entry of no turn is one of its own, with nothing to fold.)
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) facts: Memo<TurnFacts>,
    /// What the reader chose: whether its work is to be seen.
    pub(crate) choice: RwSignal<Option<bool>>,
}

impl Turn {
    /// Whether its work is to be seen; tracked. It folds when the turn ends well.
    pub(crate) fn unfolded(self) -> bool {
        let ended_well = || matches!(self.facts.read().status, TurnStatus::Completed | TurnStatus::Other);
        self.choice.get().unwrap_or_else(|| !ended_well())
    }

    /// Whether an entry is folded away; tracked.
    pub(crate) fn hides(self, id: &ItemId) -> bool {
        !self.unfolded() && self.facts.read().folds.contains(id)
    }
}

/// What stands in a turn: its entries, and before its work the line that it folds to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Row {
    Entry(ItemId),
    Fold,
}

pub(crate) fn group_view(chat: Chat, group: GroupKey) -> AnyView {
    let key = StoredValue::new(group);
    let ids = Memo::new(move |_| key.with_value(|key| chat.live.group(key)));
    let facts = Memo::new(move |_| {
        let ids = ids.read();
        match key.with_value(|key| key.turn().cloned()) {
            Some(turn) => chat.live.meta(|transcript| TurnFacts::of(transcript, &turn, &ids)),
            None => TurnFacts { status: TurnStatus::Other, ..TurnFacts::default() },
        }
    });
    let turn = Turn { facts, choice: RwSignal::new(None) };
    let rows = move || {
        let folds = &facts.read().folds;
        let first = ids.read().iter().position(|id| folds.contains(id));
        let mut rows: Vec<Row> = ids.read().iter().cloned().map(Row::Entry).collect();
        if let Some(first) = first {
            rows.insert(first, Row::Fold);
        }
        rows
    };
    let row_view = move |row| match row {
        Row::Entry(id) => entry_view(chat, turn, chat.live.entry(id)),
        Row::Fold => fold_view(chat, turn),
    };
    view! {
        <section class="turn" data-status=move || facts.read().status.as_str()>
            <For each=rows key=|row| row.clone() children=row_view />
            {move || end_view(chat, key, turn)}
        </section>
    }
    .into_any()
}

/// How a turn ended, where that is not plain from its answer.
fn end_view(chat: Chat, key: StoredValue<GroupKey>, turn: Turn) -> Option<AnyView> {
    let t = chat.t;
    let (status, error) = (turn.facts.read().status, turn.facts.read().error.clone());
    match status {
        TurnStatus::Interrupted => Some(view! { <p class="note">{t.stopped}</p> }.into_any()),
        TurnStatus::Failed => {
            let error = error.unwrap_or_default();
            let retry = move |_| {
                if let Some(turn) = key.with_value(|key| key.turn().cloned()) {
                    chat.retry_turn(&turn);
                }
            };
            let view = view! {
                <div class="failure" role="alert">
                    {icon(Icon::Alert)}
                    <div class="what">
                        <strong>{t.turn_failed}</strong>
                        <p>{error.message}</p>
                        <p class="why">{error.additional_details}</p>
                    </div>
                    <button type="button" class="button" disabled=move || !chat.may_send() on:click=retry>
                        {t.retry}
                    </button>
                </div>
            };
            Some(view.into_any())
        }
        TurnStatus::InProgress | TurnStatus::Completed | TurnStatus::Other => None,
    }
}

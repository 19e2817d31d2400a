//! Successive steps that only read files, list them, or search in them: one row, "Explored 3 files, 1 search".

use std::collections::HashSet;

use codex_gateway_wire::{
    Content, Entry, Item, ItemId, Phase,
    codex::{CommandAction, CommandActionKind},
};
use view::prelude::*;

use super::{entry::LogEntry, step::StepLine, turn::Turn};
use crate::{
    cards::EntryHeader,
    i18n::Texts,
    icon::Icon,
    state::{Chat, DisclosureKey},
};

/// What the steps of an exploration did.
#[derive(Clone, Debug, Default, PartialEq)]
struct ExplorationCounts {
    files: HashSet<String>,
    searches: usize,
    listings: usize,
    is_running: bool,
}

impl ExplorationCounts {
    fn add(&mut self, entry: &Entry) {
        self.is_running |= entry.phase == Phase::Running;
        let Content::Item(Item::CommandExecution(command)) = &entry.content else { return };
        for CommandAction { kind, path, .. } in &command.command_actions {
            match kind {
                CommandActionKind::Read => _ = self.files.insert(path.clone().unwrap_or_default()),
                CommandActionKind::Search => self.searches += 1,
                CommandActionKind::ListFiles => self.listings += 1,
                CommandActionKind::Unknown => {}
            }
        }
    }

    fn header(&self, t: &Texts) -> EntryHeader {
        let parts = [
            (self.files.len(), t.file_count),
            (self.searches, t.search_count),
            (self.listings, t.listing_count),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, text)| text(count)).collect();
        let verb = if self.is_running { t.exploring() } else { t.explored() };
        EntryHeader::new(Icon::Search, verb).text(parts.join(", "))
    }
}

/// The row of an exploration, which opens to its steps.
#[component]
pub(super) fn ExplorationRow(
    chat: Chat,
    turn: Turn,
    /// The first step of the exploration.
    first: ItemId,
) -> impl IntoView {
    let t = chat.t;
    let first = StoredValue::new(first);
    let steps = Memo::new(move |_| {
        let facts = turn.facts.read();
        first.with_value(|first| facts.explorations.group_of(first).map(<[_]>::to_vec)).unwrap_or_default()
    });
    let key = move || DisclosureKey::Exploration(first.get_value());
    // A step that was opened by itself, as the search does, opens the exploration.
    let is_open = Memo::new(move |_| {
        let is_step_open =
            |step: &ItemId| chat.disclosures.get(&DisclosureKey::Step(step.clone())) == Some(true);
        chat.disclosures.get(&key()).unwrap_or_default() || steps.read().iter().any(is_step_open)
    });
    let toggle = move |_| {
        let is_open = is_open.get_untracked();
        chat.disclosures.set(key(), !is_open);
        if is_open {
            for step in steps.get_untracked() {
                chat.disclosures.set(DisclosureKey::Step(step), false);
            }
        }
    };
    let line = move || {
        let mut counts = ExplorationCounts::default();
        for step in steps.get() {
            chat.transcript.read(&step, |entry| counts.add(entry));
        }
        view! { <StepLine chat head=counts.header(t) elapsed=None/> }
    };
    let shown_steps = move || if is_open.get() { steps.get() } else { Vec::new() };
    view! {
        <div class="entry" data-kind="step">
            <div class="step exploration">
                <button
                    type="button"
                    class="row"
                    aria-expanded=move || is_open.get().to_string()
                    on:click=toggle
                >
                    {line}
                </button>
                <div class="steps">
                    <For
                        each=shown_steps
                        key=ItemId::clone
                        children=move |step| view! { <LogEntry chat turn entry=chat.transcript.entry(step)/> }
                    />
                </div>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cards::Target, i18n::Lang};

    fn step(actions: &str, phase: Phase) -> Entry {
        let item = format!(r#"{{"type":"commandExecution","id":"c","commandActions":[{actions}]}}"#);
        Entry {
            id: "c".into(),
            as_of: 1,
            turn_id: Some("t".into()),
            phase,
            started_at_ms: None,
            completed_at_ms: None,
            content: Content::Item(serde_json::from_str(&item).unwrap()),
        }
    }

    #[test]
    fn header_counts_each_file_once_and_each_search() {
        let read = |path: &str| format!(r#"{{"type":"read","path":"{path}"}}"#);
        let mut counts = ExplorationCounts::default();
        counts.add(&step(&[read("a"), read("b")].join(","), Phase::Done));
        counts.add(&step(&read("a"), Phase::Done));
        counts.add(&step(r#"{"type":"search","query":"x"}"#, Phase::Done));
        let header = counts.header(Lang::En.texts());
        assert_eq!((header.verb, header.target), ("Explored", Target::Text("2 files, 1 search".to_owned())));
        counts.add(&step(r#"{"type":"listFiles"}"#, Phase::Running));
        assert_eq!(counts.header(Lang::En.texts()).verb, "Exploring");
    }
}

//! The details panel beside the conversation: whether it is open, and what it shows.

use leptos::prelude::*;

use codex_gateway_wire::TurnId;

use super::recorder::EventRecorder;
use crate::{browser, i18n::Texts, signal::RwSignalExt as _};

/// The key in the browser's storage for how diffs are shown.
const SPLIT_KEY: &str = "diff-split";
/// Marks the element that gets the focus back when the panel closes.
const OPENER: &str = "data-opener";

/// What the panel shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PanelTab {
    #[default]
    Changes,
    Plan,
    Usage,
    Events,
}

impl PanelTab {
    pub(crate) const ALL: [Self; 4] = [Self::Changes, Self::Plan, Self::Usage, Self::Events];

    /// The tab's label.
    pub(crate) fn name(self, t: &Texts) -> &'static str {
        match self {
            Self::Changes => t.changes(),
            Self::Plan => t.plan(),
            Self::Usage => t.usage(),
            Self::Events => t.events(),
        }
    }

    /// The id of the tab's element.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Changes => "tab-changes",
            Self::Plan => "tab-plan",
            Self::Usage => "tab-usage",
            Self::Events => "tab-events",
        }
    }
}

/// The state of a conversation's panel.
#[derive(Clone, Copy)]
pub(crate) struct Panel {
    pub(crate) open: RwSignal<bool>,
    pub(crate) tab: RwSignal<PanelTab>,
    /// The turn whose changes are shown. `None` for the newest one.
    pub(crate) turn: RwSignal<Option<TurnId>>,
    /// The changes of the whole conversation are shown.
    pub(crate) whole: RwSignal<bool>,
    /// The number of comments on lines that are being written. The changes stay as they are meanwhile.
    pub(crate) comments: RwSignal<usize>,
    /// Diffs are shown side by side, where there is room.
    pub(crate) split: RwSignal<bool>,
    /// Records the events of the stream while the panel shows them.
    pub(crate) recorder: EventRecorder,
}

impl Panel {
    pub(crate) fn new() -> Self {
        let split = RwSignal::new(false);
        Effect::new(move |_| split.set_if_changed(browser::stored(SPLIT_KEY).is_some()));
        Self {
            open: RwSignal::new(false),
            tab: RwSignal::new(PanelTab::default()),
            turn: RwSignal::new(None),
            whole: RwSignal::new(false),
            comments: RwSignal::new(0),
            split,
            recorder: EventRecorder::new(),
        }
    }

    /// Opens the panel, or closes it.
    pub(crate) fn toggle(self) {
        if self.open.get_untracked_or_default() {
            self.close();
        } else {
            self.show();
        }
    }

    /// Opens the panel at the changes of a turn. `None` shows those of the newest one.
    pub(crate) fn show_changes(self, turn: Option<TurnId>) {
        self.turn.set(turn);
        self.whole.set(false);
        self.tab.set(PanelTab::Changes);
        self.show();
    }

    fn show(self) {
        if !self.open.get_untracked_or_default() {
            if let Some(opener) = document().active_element() {
                let _ = opener.set_attribute(OPENER, "");
            }
            self.open.set(true);
        }
        request_animation_frame(|| browser::focus(".panel"));
    }

    /// Closes the panel and gives the focus back to the element that opened it.
    pub(crate) fn close(self) {
        self.open.set(false);
        self.turn.set(None);
        // On a narrow screen the panel covers the opener until the next frame.
        request_animation_frame(|| {
            browser::focus("[data-opener]");
            if let Some(opener) = document().query_selector("[data-opener]").ok().flatten() {
                let _ = opener.remove_attribute(OPENER);
            }
        });
    }

    /// Shows diffs side by side, or not, and remembers it in this browser.
    pub(crate) fn choose_split(self, split: bool) {
        browser::store(SPLIT_KEY, if split { "1" } else { "" });
        self.split.set(split);
    }
}

//! The gate that keeps a request from being accepted, by key or by click, before the end of its details was in view.
//!
//! An element without content marks the end of the details. The gate opens once this element has been inside the scroll
//! box and inside the window, and nothing above it is folded. "Show all" expands everything and opens the gate too.

use std::time::Duration;

use leptos::html;
use view::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    HtmlElement, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, js_sys,
};

use crate::{browser, i18n::Texts, signal::RwSignalExt as _};

/// How long the buttons of a new card are disabled. A click within this time was meant for what was there before: the
/// card has just come under the pointer, or has replaced the card of the request that was answered.
pub(super) const CLICK_GUARD: Duration = Duration::from_millis(500);

/// Marks an element that stands for folded content.
const FOLDED: &str = "[data-folded]";
/// How much of the previous page stays in view when a key scrolls by a page, in pixels.
const PAGE_OVERLAP_PX: i32 = 40;
/// How far an arrow key scrolls, in pixels.
const ARROW_STEP_PX: i32 = 40;

/// How much of a request was in view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    /// The card was not painted yet.
    #[default]
    Unknown,
    /// The end was not in view.
    Partial,
    /// The end was in view, but something above it is folded.
    Folded,
    /// Everything was in view, or was expanded by "Show all".
    Seen,
}

/// Tracks how much of a request was in view.
#[derive(Clone, Copy)]
pub(super) struct ReadGate {
    progress: RwSignal<Progress>,
    /// "Show all" was pressed: all changes are expanded.
    pub(super) is_expanded: RwSignal<bool>,
    /// The user has tried to accept the request while the gate was closed.
    was_refused: RwSignal<bool>,
    /// How often the observer has reported on the end.
    observations: RwSignal<u32>,
    /// Makes the observer report again.
    reobserve: Trigger,
    /// The element that scrolls the details.
    pub(super) scroll_box: NodeRef<html::Div>,
    /// The element that marks the end of the details.
    pub(super) end: NodeRef<html::Div>,
}

impl ReadGate {
    pub(super) fn new() -> Self {
        let gate = Self {
            progress: RwSignal::new(Progress::Unknown),
            is_expanded: RwSignal::new(false),
            was_refused: RwSignal::new(false),
            observations: RwSignal::new(0),
            reobserve: Trigger::new(),
            scroll_box: NodeRef::new(),
            end: NodeRef::new(),
        };
        Effect::new(move |_| {
            gate.reobserve.track();
            if let Some(end) = gate.end.get()
                && gate.progress.get_untracked_or_default() != Progress::Seen
            {
                gate.observe(&end);
            }
        });
        gate
    }

    /// Returns `true` if the request can be accepted; tracked.
    pub(super) fn is_open(self) -> bool {
        self.progress.get_or_default() == Progress::Seen
    }

    /// Returns the value of the attribute `data-seen`; tracked.
    pub(super) fn seen_attribute(self) -> Option<&'static str> {
        match self.progress.get_or_default() {
            Progress::Unknown => None,
            Progress::Partial => Some("partly"),
            Progress::Folded => Some("folded"),
            Progress::Seen => Some("all"),
        }
    }

    /// Runs `accept` if the gate is open. Otherwise scrolls by a page, and [`LockHint`] says what is missing.
    pub(super) fn run_if_open(self, accept: impl FnOnce()) {
        if self.progress.get_untracked_or_default() == Progress::Seen {
            return accept();
        }
        self.was_refused.set_if_changed(true);
        self.scroll(|box_height| box_height - PAGE_OVERLAP_PX);
    }

    /// Closes the gate because the details have changed.
    pub(super) fn restart(self) {
        self.progress.set(Progress::Unknown);
        self.observe_again();
    }

    /// Checks again whether the end is in view, unless the gate is open.
    pub(super) fn observe_again(self) {
        if self.progress.get_untracked_or_default() != Progress::Seen {
            self.reobserve.notify();
        }
    }

    /// Scrolls the details as the browser does for an element with the focus. Returns `false` for keys that do not
    /// scroll.
    pub(super) fn scroll_by_key(self, key: &str) -> bool {
        match key {
            "ArrowDown" => self.scroll(|_| ARROW_STEP_PX),
            "ArrowUp" => self.scroll(|_| -ARROW_STEP_PX),
            "PageDown" | " " => self.scroll(|box_height| box_height - PAGE_OVERLAP_PX),
            "PageUp" => self.scroll(|box_height| PAGE_OVERLAP_PX - box_height),
            "Home" => self.scroll(|_| i32::MIN / 2),
            "End" => self.scroll(|_| i32::MAX / 2),
            _ => return false,
        }
        true
    }

    /// Returns `true` if the target of an event is the scroll box, or is in it.
    pub(super) fn contains(self, target: Option<web_sys::EventTarget>) -> bool {
        let target = target.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        self.scroll_box().is_some_and(|scroll_box| scroll_box.contains(target.as_ref()))
    }

    fn scroll_box(self) -> Option<web_sys::HtmlDivElement> {
        self.scroll_box.try_get_untracked().flatten()
    }

    /// Scrolls by the pixels that `distance` returns for the height of the scroll box.
    fn scroll(self, distance: impl FnOnce(i32) -> i32) {
        let Some(scroll_box) = self.scroll_box() else { return };
        let before = scroll_box.scroll_top();
        let distance = distance(scroll_box.client_height());
        scroll_box.set_scroll_top(before.saturating_add(distance));
        // The box is at its end, but its end may be outside of the window.
        if distance > 0
            && scroll_box.scroll_top() == before
            && let Some(end) = self.end.try_get_untracked().flatten()
        {
            browser::scroll_into_view(&end);
        }
    }

    /// Expands everything and opens the gate.
    fn show_all(self) {
        self.is_expanded.set(true);
        self.progress.set(Progress::Seen);
        // The button that had the focus is removed.
        if let Some(scroll_box) = self.scroll_box() {
            let _ = scroll_box.focus();
        }
    }

    fn observe(self, end: &HtmlElement) {
        let callback = Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let newest: IntersectionObserverEntry = entries.pop().unchecked_into();
            self.on_observation(newest.intersection_ratio() >= 0.5);
        });
        let options = IntersectionObserverInit::new();
        options.set_threshold(&js_sys::Array::of2(&0.0.into(), &0.5.into()));
        let function = callback.as_ref().unchecked_ref();
        let Ok(observer) = IntersectionObserver::new_with_options(function, &options) else { return };
        observer.observe(end);
        let observation = StoredValue::new_local((observer, callback));
        on_cleanup(move || observation.with_value(|(observer, _)| observer.disconnect()));
    }

    /// The end came into view, or left it.
    fn on_observation(self, is_in_view: bool) {
        let number = self.observations.get_untracked_or_default() + 1;
        self.observations.set(number);
        if self.progress.get_untracked_or_default() == Progress::Seen {
            return;
        }
        if !is_in_view {
            self.progress.set_if_changed(Progress::Partial);
        } else if number == 1 {
            // The buttons of a new card are disabled anyway.
            self.reach_end();
        } else {
            // The key press that scrolled to the end is often followed by another one, which must not accept the
            // request unread. So the end must stay in view for a while.
            let reach_end = move || {
                if self.observations.get_untracked_or_default() == number {
                    self.reach_end();
                }
            };
            set_timeout(reach_end, CLICK_GUARD);
        }
    }

    fn reach_end(self) {
        let folded =
            self.scroll_box().and_then(|scroll_box| scroll_box.query_selector(FOLDED).ok().flatten());
        self.progress.set_if_changed(if folded.is_some() { Progress::Folded } else { Progress::Seen });
    }
}

/// Says why the request cannot be accepted yet, and offers to show all. Empty once the gate is open.
#[component]
pub(super) fn LockHint(
    gate: ReadGate,
    /// The request is a form that is sent.
    sends: bool,
    t: &'static Texts,
) -> impl IntoView {
    let hint = move || {
        let text = match (gate.progress.get(), sends, gate.was_refused.get()) {
            (Progress::Unknown | Progress::Seen, ..) => return None,
            (Progress::Folded, true, _) => t.unfold_to_send(),
            (Progress::Folded, false, _) => t.unfold_to_allow(),
            (Progress::Partial, true, _) => t.scroll_to_send(),
            (Progress::Partial, false, false) => t.scroll_to_allow(),
            (Progress::Partial, false, true) => t.not_read_to_end(),
        };
        Some(view! {
            <p>
                <span id="question-locked">{text}</span>
                <button type="button" class="link" on:click=move |_| gate.show_all()>
                    {t.show_all()}
                </button>
            </p>
        })
    };
    view! {
        <div class="locked" role="status" data-tried=gate.was_refused>
            {hint}
        </div>
    }
}

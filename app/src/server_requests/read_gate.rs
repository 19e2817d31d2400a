//! Whether all that is asked has been in view. Before that nothing is allowed, neither by a key nor by a click.
//!
//! Below what is asked stands an element without content. Once it has been inside the box that scrolls and inside the
//! window, and nothing above it is folded away, the request counts as seen. "Show all" unfolds everything and counts too.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    HtmlElement, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, js_sys,
};

use super::card::CLICK_GUARD;
use crate::{
    browser,
    i18n::Texts,
    node::{El, ElementExt as _, ElementRef, el, link_button, live},
    signal::RwSignalExt as _,
};

/// Marks what stands for something that is folded away.
const FOLDED: &str = "[data-folded]";
/// How much of what was in view stays in view when a key goes on by a page, in pixels.
const OVERLAP: i32 = 40;
/// How far an arrow key goes, in pixels.
const STEP: i32 = 40;

/// How far a request has been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    /// Nothing has been painted yet.
    #[default]
    Unknown,
    /// The end has not been in view.
    Partly,
    /// The end has been in view, but something above it is folded away.
    Folded,
    /// All of it has been in view, or was unfolded.
    Seen,
}

/// Follows how far a request has been seen.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    progress: RwSignal<Progress>,
    /// Everything is unfolded.
    pub(super) all: RwSignal<bool>,
    /// An answer was tried that is not possible yet.
    tried: RwSignal<bool>,
    /// The end must stay in view this long.
    dwell: RwSignal<Duration>,
    /// The number of times that the end was looked for.
    looks: RwSignal<u32>,
    /// Changed to look for the end again.
    again: RwSignal<u32>,
    /// The box that scrolls.
    asked: ElementRef,
    /// The element below what is asked.
    end: ElementRef,
}

impl Reading {
    pub(super) fn new() -> Self {
        let reading = Self {
            progress: RwSignal::new(Progress::Unknown),
            all: RwSignal::new(false),
            tried: RwSignal::new(false),
            // A request that has just come cannot be answered at once anyway.
            dwell: RwSignal::new(Duration::ZERO),
            looks: RwSignal::new(0),
            again: RwSignal::new(0),
            asked: ElementRef::new(),
            end: ElementRef::new(),
        };
        Effect::new(move |_| {
            reading.again.get();
            if let Some(end) = reading.end.get()
                && reading.progress.get_untracked_or_default() != Progress::Seen
            {
                reading.observe(&end);
            }
        });
        reading
    }

    /// The box that scrolls, with what is asked in it and below it what is said about it.
    pub(super) fn view(self, asked: El, about: Option<El>) -> El {
        el("div")
            .class("asked")
            .node_ref(self.asked)
            .attr("tabindex", "0")
            .attr("role", "group")
            .attr("aria-labelledby", "question")
            // What was unfolded may leave the end in view, and then nothing else tells.
            .on_click(move || self.look_again())
            .child(asked)
            .child(el("div").class("end").attr("aria-hidden", "true").node_ref(self.end))
            .child(about)
    }

    /// Returns `true` once nothing stands in the way of allowing it; tracked.
    pub(super) fn is_seen(self) -> bool {
        self.progress.get() == Progress::Seen
    }

    /// How far it has been seen, as an attribute; tracked.
    pub(super) fn word(self) -> Option<&'static str> {
        match self.progress.get() {
            Progress::Unknown => None,
            Progress::Partly => Some("partly"),
            Progress::Folded => Some("folded"),
            Progress::Seen => Some("all"),
        }
    }

    /// Runs `allow` if all has been seen. Else goes on by a page, and says what is needed.
    pub(super) fn try_to(self, allow: impl FnOnce()) {
        if self.progress.get_untracked_or_default() == Progress::Seen {
            return allow();
        }
        self.tried.set_if_changed(true);
        self.scroll(|box_height| box_height - OVERLAP);
    }

    /// Something else is asked than before: it has to be seen again.
    pub(super) fn restart(self) {
        self.progress.set(Progress::Unknown);
        self.look_again();
    }

    /// Says why it cannot be allowed yet, and offers to show all.
    pub(super) fn hint_view(self, sends: bool, t: &'static Texts) -> El {
        let hint = move || {
            let words = match (self.progress.get(), sends, self.tried.get()) {
                (Progress::Unknown | Progress::Seen, ..) => return None,
                (Progress::Folded, true, _) => t.folded_to_send(),
                (Progress::Folded, false, _) => t.folded_to_allow(),
                (Progress::Partly, true, _) => t.scroll_to_send(),
                (Progress::Partly, false, false) => t.scroll_to_allow(),
                (Progress::Partly, false, true) => t.not_allowed_yet(),
            };
            let show_all = link_button(t.show_all(), move || self.show_all());
            Some(el("p").child(el("span").attr("id", "question-locked").child(words)).child(show_all))
        };
        el("div")
            .class("locked")
            .attr("role", "status")
            .live_attr("data-tried", move || self.tried.get())
            .child(live(hint))
    }

    /// Scrolls by a key as the browser does it for what has the focus. Returns `false` if the key means something else.
    pub(super) fn scroll_by_key(self, key: &str) -> bool {
        match key {
            "ArrowDown" => self.scroll(|_| STEP),
            "ArrowUp" => self.scroll(|_| -STEP),
            "PageDown" | " " => self.scroll(|box_height| box_height - OVERLAP),
            "PageUp" => self.scroll(|box_height| OVERLAP - box_height),
            "Home" => self.scroll(|_| i32::MIN / 2),
            "End" => self.scroll(|_| i32::MAX / 2),
            _ => return false,
        }
        true
    }

    /// Returns `true` if an event was meant for the box that scrolls, or something in it.
    pub(super) fn contains(self, target: Option<web_sys::EventTarget>) -> bool {
        let target = target.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        self.asked.try_get_untracked().flatten().is_some_and(|asked| asked.contains(target.as_ref()))
    }

    fn scroll(self, distance: impl FnOnce(i32) -> i32) {
        let Some(asked) = self.asked.try_get_untracked().flatten() else { return };
        let before = asked.scroll_top();
        let distance = distance(asked.client_height());
        asked.set_scroll_top(before.saturating_add(distance));
        // Where the box itself is out of the window, the end of what it shows is brought into it.
        if distance > 0
            && asked.scroll_top() == before
            && let Some(end) = self.end.try_get_untracked().flatten()
        {
            browser::scroll_into_view(&end);
        }
    }

    fn show_all(self) {
        self.all.set(true);
        self.progress.set(Progress::Seen);
        // The button is gone with its focus.
        if let Some(asked) = self.asked.try_get_untracked().flatten() {
            let _ = asked.focus();
        }
    }

    fn look_again(self) {
        if self.progress.get_untracked_or_default() != Progress::Seen {
            self.again.update(|again| *again += 1);
        }
    }

    fn observe(self, end: &HtmlElement) {
        let looked = Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let newest: IntersectionObserverEntry = entries.pop().unchecked_into();
            self.looked(newest.intersection_ratio() >= 0.5);
        });
        let options = IntersectionObserverInit::new();
        options.set_threshold(&js_sys::Array::of2(&0.0.into(), &0.5.into()));
        let looked_at = looked.as_ref().unchecked_ref();
        let Ok(observer) = IntersectionObserver::new_with_options(looked_at, &options) else { return };
        observer.observe(end);
        let held = StoredValue::new_local((observer, looked));
        on_cleanup(move || held.with_value(|(observer, _)| observer.disconnect()));
    }

    /// The end has come into view, or is out of it.
    fn looked(self, in_view: bool) {
        let look = self.looks.get_untracked_or_default() + 1;
        self.looks.set(look);
        let dwell = self.dwell.get_untracked_or_default();
        self.dwell.set(CLICK_GUARD);
        if self.progress.get_untracked_or_default() == Progress::Seen {
        } else if !in_view {
            self.progress.set_if_changed(Progress::Partly);
        } else if dwell.is_zero() {
            self.reached_end();
        } else {
            // The key that brought it into view must not be followed by one that allows, unread.
            let settle = move || {
                if self.looks.get_untracked_or_default() == look {
                    self.reached_end();
                }
            };
            set_timeout(settle, dwell);
        }
    }

    fn reached_end(self) {
        let asked = self.asked.try_get_untracked().flatten();
        let folded = asked.is_some_and(|asked| asked.query_selector(FOLDED).ok().flatten().is_some());
        self.progress.set_if_changed(if folded { Progress::Folded } else { Progress::Seen });
    }
}

//! Staying at the end of the conversation, unless the reader scrolled up.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, MouseEvent, ResizeObserver};

use crate::{
    live::Live,
    node::ElementRef,
    state::{State, effect},
};

/// So near to the end counts as at the end, in pixels.
const NEAR: i32 = 48;
/// Marks the entry that is held in its place.
const HELD: &str = "data-held";

/// Where the reader is.
#[derive(Clone, Copy)]
pub(crate) struct Scroll {
    scroller: ElementRef,
    /// The reader is not at the end.
    away: State<bool>,
    /// The beginning is less than a screen away.
    near_top: State<bool>,
    /// How far below the top edge the entry stands that is held there, in pixels.
    held: State<Option<i32>>,
    /// Something came meanwhile.
    unseen: State<bool>,
    /// Whether to stay at the end while the conversation grows.
    stick: State<bool>,
    /// The last event that the reader has seen, if they have seen the end.
    seen: State<u64>,
    live: Live,
}

impl Scroll {
    /// Keeps the end of `content`, which shows `live`, in sight of `scroller`.
    pub(crate) fn follow(live: Live, scroller: ElementRef, content: ElementRef) -> Self {
        let scroll = Self {
            scroller,
            away: State::new(false),
            near_top: State::new(false),
            held: State::new(None),
            unseen: State::new(false),
            stick: State::new(true),
            seen: State::new(0),
            live,
        };
        effect(move || {
            if let (Some(scroller), Some(content)) = (scroller.get(), content.get()) {
                scroll.observe(&scroller, &content);
            }
        });
        scroll
    }

    /// Follows changes of size, whatever their cause: they are seen after layout and before paint.
    fn observe(self, scroller: &HtmlElement, content: &HtmlElement) {
        let resized = Closure::<dyn Fn()>::new(move || self.resized());
        let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) else { return };
        observer.observe(content);
        observer.observe(scroller);
        let held = StoredValue::new_local((observer, resized));
        on_cleanup(move || held.with_value(|(observer, _)| observer.disconnect()));
    }

    /// The reader is not at the end; tracked.
    pub(crate) fn away(self) -> bool {
        self.away.get()
    }

    /// The beginning of what is loaded is less than a screen away; tracked.
    pub(crate) fn near_top(self) -> bool {
        self.near_top.get()
    }

    /// Something came while the reader was not at the end; tracked.
    pub(crate) fn unseen(self) -> bool {
        self.unseen.get()
    }

    /// Goes to the end, and stays there.
    pub(crate) fn to_end(self) {
        self.stick.set(true);
        self.jump();
    }

    /// Keeps the first entry in sight where it is while something is put before it in this frame. Browsers do so
    /// themselves, but not all of them, and none at the very top.
    pub(crate) fn hold(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let Ok(entries) = scroller.query_selector_all(".entry") else { return };
        let entries = (0..entries.length()).filter_map(|at| entries.item(at)?.dyn_into::<HtmlElement>().ok());
        let in_sight =
            |entry: &HtmlElement| entry.offset_top() + entry.offset_height() > scroller.scroll_top();
        if let Some(entry) = entries.into_iter().find(in_sight) {
            let _ = entry.set_attribute(HELD, "");
            self.held.set(Some(entry.offset_top() - scroller.scroll_top()));
        }
    }

    /// Lets go of the entry that is held.
    pub(crate) fn release(self) {
        self.held.set(None);
        let Some(scroller) = self.scroller.get_untracked() else { return };
        if let Some(entry) = held(&scroller) {
            let _ = entry.remove_attribute(HELD);
        }
    }

    /// The reader, or we, moved.
    pub(crate) fn scrolled(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        self.near_top.set_to(scroller.scroll_top() < scroller.client_height());
        let below = scroller.scroll_height() - scroller.scroll_top() - scroller.client_height();
        let near = below <= NEAR;
        self.stick.set(near);
        self.away.set_to(!near);
        if near {
            self.seen.set(self.newest());
            self.unseen.set_to(false);
        }
    }

    /// Opening a row makes the log longer: the reader wants to read there, not at the end.
    pub(crate) fn clicked(self, event: &MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| target.closest("button").ok().flatten().is_some()) {
            self.stick.set(false);
        }
    }

    fn resized(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        if self.stick.peek() {
            self.jump();
        } else if let Some(place) = self.held.peek() {
            if let Some(entry) = held(&scroller) {
                scroller.set_scroll_top(entry.offset_top() - place);
            }
        } else if self.away.peek() {
            self.unseen.set_to(self.newest() > self.seen.peek());
        } else {
            // A row that was opened may have pushed the end out of sight.
            self.scrolled();
        }
        self.near_top.set_to(scroller.scroll_top() < scroller.client_height());
    }

    fn newest(self) -> u64 {
        self.live.peek(|transcript| transcript.as_of)
    }

    fn jump(self) {
        self.seen.set(self.newest());
        if let Some(scroller) = self.scroller.get_untracked() {
            scroller.set_scroll_top(scroller.scroll_height());
        }
    }
}

/// The entry that is held.
fn held(scroller: &HtmlElement) -> Option<HtmlElement> {
    scroller.query_selector("[data-held]").ok().flatten()?.dyn_into().ok()
}

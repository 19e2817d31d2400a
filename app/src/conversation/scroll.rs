//! Staying at the end of the conversation, unless the reader scrolled up.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, MouseEvent, ResizeObserver};

use crate::{live::Live, node::ElementRef, state::State};

/// So near to the end counts as at the end, in pixels.
const NEAR: i32 = 48;

/// Where the reader is.
#[derive(Clone, Copy)]
pub(crate) struct Scroll {
    scroller: ElementRef,
    /// The reader is not at the end.
    away: State<bool>,
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
            unseen: State::new(false),
            stick: State::new(true),
            seen: State::new(0),
            live,
        };
        Effect::new(move |_| {
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

    /// Something came while the reader was not at the end; tracked.
    pub(crate) fn unseen(self) -> bool {
        self.unseen.get()
    }

    /// Goes to the end, and stays there.
    pub(crate) fn to_end(self) {
        self.stick.set(true);
        self.jump();
    }

    /// The reader, or we, moved.
    pub(crate) fn scrolled(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
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
        if self.stick.peek() {
            self.jump();
        } else if self.away.peek() {
            self.unseen.set_to(self.newest() > self.seen.peek());
        } else {
            // A row that was opened may have pushed the end out of sight.
            self.scrolled();
        }
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

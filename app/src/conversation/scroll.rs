//! Staying at the end of the conversation, unless the reader scrolled up.

use codex_gateway_wire::ItemId;
use leptos::{prelude::*, tachys::html::node_ref::NodeRefContainer as _};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, MouseEvent, ResizeObserver};

use super::match_highlights;
use crate::{node::ElementRef, signal::RwSignalExt as _, state::TranscriptStore};

/// So near to the end counts as at the end, in pixels.
const NEAR: i32 = 48;
/// So many entries beyond what is in sight are enough on each side, however low they are.
const ENOUGH: usize = 80;
/// Says which entry an element is.
const ITEM: &str = "data-item";
const ENTRIES: &str = "[data-item]";
/// Marks the entry that was looked for.
const FOUND: &str = "data-found";

/// Where the reader is.
#[derive(Clone, Copy)]
pub(crate) struct Scroll {
    scroller: ElementRef,
    /// The reader is not at the end.
    away: RwSignal<bool>,
    /// The first entry that is mounted is less than three screens and [`ENOUGH`] entries away, or the last one.
    near_top: RwSignal<bool>,
    near_end: RwSignal<bool>,
    /// How many entries are mounted.
    mounted: RwSignal<usize>,
    /// The entry that is held in its place, and how far below the top edge that is, in pixels.
    held: ElementRef,
    place: RwSignal<Option<i32>>,
    /// Something came meanwhile.
    unseen: RwSignal<bool>,
    /// Whether to stay at the end while the conversation grows.
    stick: RwSignal<bool>,
    /// The last event that the reader has seen, if they have seen the end.
    seen: RwSignal<u64>,
    live: TranscriptStore,
}

impl Scroll {
    /// Keeps the end of `content`, which shows `live`, in sight of `scroller`.
    pub(crate) fn follow(live: TranscriptStore, scroller: ElementRef, content: ElementRef) -> Self {
        let scroll = Self {
            scroller,
            away: RwSignal::new(false),
            near_top: RwSignal::new(false),
            near_end: RwSignal::new(false),
            mounted: RwSignal::new(0),
            held: ElementRef::new(),
            place: RwSignal::new(None),
            unseen: RwSignal::new(false),
            stick: RwSignal::new(true),
            seen: RwSignal::new(0),
            live,
        };
        Effect::new(move |_| {
            if let (Some(scroller), Some(content)) = (scroller.get(), content.get()) {
                scroll.observe(&scroller, &content);
            }
        });
        Effect::new(move |_| {
            live.at();
            if scroll.away.get_untracked_or_default() {
                scroll.unseen.set_if_changed(scroll.newest() > scroll.seen.get_untracked_or_default());
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

    /// More entries should be mounted before those in sight; tracked.
    pub(crate) fn near_top(self) -> bool {
        self.near_top.get()
    }

    /// More entries should be mounted after those in sight; tracked.
    pub(crate) fn near_end(self) -> bool {
        self.near_end.get()
    }

    /// How many entries are mounted; tracked.
    pub(crate) fn mounted(self) -> usize {
        self.mounted.get()
    }

    /// Whether it stays at the end while the conversation grows.
    pub(crate) fn sticks(self) -> bool {
        self.stick.get_untracked_or_default()
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
        let Some(scroller) = self.scroller() else { return };
        let all = mounted(&scroller);
        if let Some(entry) = all.get(in_sight(&scroller, &all)) {
            self.held.load(entry);
            self.place.set(Some(entry.offset_top() - scroller.scroll_top()));
        }
    }

    /// The entries that are mounted, and the place of the first one in sight among them.
    pub(crate) fn entries(self) -> (Vec<ItemId>, usize) {
        let Some(scroller) = self.scroller() else { return Default::default() };
        let all = mounted(&scroller);
        let in_sight = in_sight(&scroller, &all);
        (all.iter().map(|entry| entry.get_attribute(ITEM).unwrap_or_default().into()).collect(), in_sight)
    }

    /// Lets go of the entry that is held.
    pub(crate) fn release(self) {
        self.place.set(None);
    }

    /// Whether an entry is mounted.
    pub(crate) fn has(self, id: &ItemId) -> bool {
        self.scroller().is_some_and(|scroller| find(&scroller, id).is_some())
    }

    /// Marks an entry as the one that was looked for, and the words in it, and brings it into sight; marks none
    /// without one.
    pub(crate) fn mark(self, id: Option<&ItemId>, words: &str) {
        let Some(scroller) = self.scroller() else { return };
        if let Ok(Some(before)) = scroller.query_selector(&format!("[{FOUND}]")) {
            let _ = before.remove_attribute(FOUND);
        }
        match_highlights::wipe();
        if let Some(entry) = id.and_then(|id| find(&scroller, id)) {
            let _ = entry.set_attribute(FOUND, "");
            match_highlights::paint(&entry, words);
            self.stick.set(false);
            // In the upper third, with what follows below.
            scroller.set_scroll_top(entry.offset_top() - scroller.client_height() / 3);
        }
    }

    /// The reader, or we, moved.
    pub(crate) fn scrolled(self) {
        let Some(scroller) = self.scroller() else { return };
        self.look_around(&scroller);
        // The end of what is mounted need not be that of the conversation.
        let near = below(&scroller) <= NEAR && !untrack(|| self.live.below());
        self.stick.set(near);
        self.away.set_if_changed(!near);
        if near {
            self.seen.set(self.newest());
            self.unseen.set_if_changed(false);
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
        let Some(scroller) = self.scroller() else { return };
        if self.stick.get_untracked_or_default() {
            self.jump();
        } else if let Some(place) = self.place.get_untracked_or_default() {
            if let Some(entry) = self.held.try_get_untracked().flatten().filter(|entry| entry.is_connected())
            {
                scroller.set_scroll_top(entry.offset_top() - place);
            }
        } else if !self.away.get_untracked_or_default() {
            // A row that was opened may have pushed the end out of sight.
            self.scrolled();
        }
        self.look_around(&scroller);
    }

    fn look_around(self, scroller: &HtmlElement) {
        let all = mounted(scroller);
        let (above, near) = (in_sight(scroller, &all), 3 * scroller.client_height());
        let end = scroller.scroll_top() + scroller.client_height();
        let below_sight = all.len() - all.partition_point(|entry| entry.offset_top() < end);
        self.near_top.set_if_changed(scroller.scroll_top() < near && above < ENOUGH);
        self.near_end.set_if_changed(below(scroller) < near && below_sight < ENOUGH);
        self.mounted.set_if_changed(all.len());
    }

    /// What is scrolled; none once the page is another: frames that were asked for come nevertheless.
    fn scroller(self) -> Option<HtmlElement> {
        self.scroller.try_get_untracked().flatten()
    }

    fn newest(self) -> u64 {
        self.live.with_untracked(|transcript| transcript.as_of)
    }

    fn jump(self) {
        self.seen.set(self.newest());
        if let Some(scroller) = self.scroller() {
            scroller.set_scroll_top(scroller.scroll_height());
        }
    }
}

/// How much there is below what is in sight, in pixels.
fn below(scroller: &HtmlElement) -> i32 {
    scroller.scroll_height() - scroller.scroll_top() - scroller.client_height()
}

/// The entries that are mounted, in order.
fn mounted(scroller: &HtmlElement) -> Vec<HtmlElement> {
    let Ok(all) = scroller.query_selector_all(ENTRIES) else { return Vec::new() };
    (0..all.length()).filter_map(|at| all.item(at)?.dyn_into().ok()).collect()
}

fn find(scroller: &HtmlElement, id: &ItemId) -> Option<HtmlElement> {
    mounted(scroller).into_iter().find(|entry| entry.get_attribute(ITEM).as_deref() == Some(id.as_str()))
}

/// The place of the first entry in sight among all.
fn in_sight(scroller: &HtmlElement, all: &[HtmlElement]) -> usize {
    // They stand one below the other.
    all.partition_point(|entry| entry.offset_top() + entry.offset_height() <= scroller.scroll_top())
}

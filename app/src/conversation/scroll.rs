//! The scroll position: the log follows the end of the conversation unless the user has scrolled up.

use codex_gateway_wire::ItemId;
use leptos::{html, prelude::*, tachys::html::node_ref::NodeRefContainer as _};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, MouseEvent, ResizeObserver};

use super::match_highlights;
use crate::{signal::RwSignalExt as _, state::TranscriptStore};

/// A position within this many pixels of the end counts as the end.
const END_TOLERANCE_PX: i32 = 48;
/// More entries are mounted on a side only while fewer than this are out of sight there, however low they are.
const MAX_OUT_OF_SIGHT: usize = 80;
/// More entries are mounted on a side only within this many screens of its edge.
const NEAR_SCREENS: i32 = 3;
/// The attribute that has the id of an entry.
const ENTRY_ID: &str = "data-item";
const ENTRY_SELECTOR: &str = "[data-item]";
/// The attribute that marks the entry of the current match.
const FOUND: &str = "data-found";
const FOUND_SELECTOR: &str = "[data-found]";

/// The scroll position of the log.
#[derive(Clone, Copy)]
pub(super) struct Scroll {
    transcript: TranscriptStore,
    /// The element that scrolls.
    pub(super) scroller: NodeRef<html::Div>,
    /// The log in it.
    pub(super) content: NodeRef<html::Div>,
    /// The end of the conversation is out of sight.
    is_away: RwSignal<bool>,
    /// The scroll position calls for more entries before the mounted ones.
    is_near_top: RwSignal<bool>,
    /// The scroll position calls for more entries after the mounted ones.
    is_near_end: RwSignal<bool>,
    mounted_count: RwSignal<usize>,
    /// The entry that is held in place: see [`Scroll::hold`].
    held: NodeRef<html::Div>,
    /// How many pixels below the top edge the entry is held. `None` while no entry is held.
    held_offset: RwSignal<Option<i32>>,
    /// Something has changed since the user last saw the end.
    has_unseen: RwSignal<bool>,
    /// The log stays at the end while it grows.
    follows_end: RwSignal<bool>,
    /// The number of the last event when the user last saw the end.
    seen_seq: RwSignal<u64>,
}

impl Scroll {
    /// Creates the scroll position of the log that shows `transcript`. It starts to work once `scroller` and `content` are
    /// mounted.
    pub(super) fn new(transcript: TranscriptStore) -> Self {
        let scroll = Self {
            transcript,
            scroller: NodeRef::new(),
            content: NodeRef::new(),
            is_away: RwSignal::new(false),
            is_near_top: RwSignal::new(false),
            is_near_end: RwSignal::new(false),
            mounted_count: RwSignal::new(0),
            held: NodeRef::new(),
            held_offset: RwSignal::new(None),
            has_unseen: RwSignal::new(false),
            follows_end: RwSignal::new(true),
            seen_seq: RwSignal::new(0),
        };
        Effect::new(move |_| {
            if let (Some(scroller), Some(content)) = (scroll.scroller.get(), scroll.content.get()) {
                scroll.observe(&scroller, &content);
            }
        });
        Effect::new(move |_| {
            transcript.last_event();
            if scroll.is_away.get_untracked_or_default() {
                scroll
                    .has_unseen
                    .set_if_changed(scroll.last_seq() > scroll.seen_seq.get_untracked_or_default());
            }
        });
        scroll
    }

    /// Follows changes of the size. The browser reports them after layout and before paint.
    fn observe(self, scroller: &HtmlElement, content: &HtmlElement) {
        let on_resize = Closure::<dyn Fn()>::new(move || self.on_resize());
        let Ok(observer) = ResizeObserver::new(on_resize.as_ref().unchecked_ref()) else { return };
        observer.observe(content);
        observer.observe(scroller);
        let observation = StoredValue::new_local((observer, on_resize));
        on_cleanup(move || observation.with_value(|(observer, _)| observer.disconnect()));
    }

    /// Returns `true` if the end of the conversation is out of sight. Tracked.
    pub(super) fn is_away(self) -> bool {
        self.is_away.get_or_default()
    }

    /// Returns `true` if more entries should be mounted before the mounted ones. Tracked.
    pub(super) fn is_near_top(self) -> bool {
        self.is_near_top.get_or_default()
    }

    /// Returns `true` if more entries should be mounted after the mounted ones. Tracked.
    pub(super) fn is_near_end(self) -> bool {
        self.is_near_end.get_or_default()
    }

    /// Returns the number of mounted entries. Tracked.
    pub(super) fn mounted_count(self) -> usize {
        self.mounted_count.get_or_default()
    }

    /// Returns `true` if the conversation has changed while its end was out of sight. Tracked.
    pub(super) fn has_unseen(self) -> bool {
        self.has_unseen.get_or_default()
    }

    /// Returns `true` if the log stays at the end while it grows.
    pub(super) fn follows_end(self) -> bool {
        self.follows_end.get_untracked_or_default()
    }

    /// Goes to the end, and follows it from then on.
    pub(super) fn go_to_end(self) {
        self.follows_end.set(true);
        self.jump_to_end();
    }

    /// Holds the first entry in sight in place while entries are mounted before it in this frame.
    ///
    /// Browsers do so by themselves, but not all of them, and none at the very top.
    pub(super) fn hold(self) {
        let Some(scroller) = self.scroller() else { return };
        let entries = entry_elements(&scroller);
        if let Some(entry) = entries.get(first_in_sight(&scroller, &entries)) {
            self.held.load(entry);
            self.held_offset.set(Some(entry.offset_top() - scroller.scroll_top()));
        }
    }

    /// Releases the entry that is held in place.
    pub(super) fn release(self) {
        self.held_offset.set(None);
    }

    /// Returns the mounted entries, and the index of the first one in sight.
    pub(super) fn mounted_entries(self) -> (Vec<ItemId>, usize) {
        let Some(scroller) = self.scroller() else { return Default::default() };
        let entries = entry_elements(&scroller);
        let first_in_sight = first_in_sight(&scroller, &entries);
        let ids = entries.iter().map(|entry| entry.get_attribute(ENTRY_ID).unwrap_or_default().into());
        (ids.collect(), first_in_sight)
    }

    /// Returns `true` if the entry is mounted.
    pub(super) fn is_mounted(self, id: &ItemId) -> bool {
        self.scroller().is_some_and(|scroller| find_entry(&scroller, id).is_some())
    }

    /// Scrolls to the entry of a match, and marks it and the words in it.
    pub(super) fn mark_match(self, id: &ItemId, words: &str) {
        let Some(scroller) = self.scroller() else { return };
        self.clear_match();
        if let Some(entry) = find_entry(&scroller, id) {
            let _ = entry.set_attribute(FOUND, "");
            match_highlights::show(&entry, words);
            self.follows_end.set(false);
            // In the upper third of the screen, with the context below.
            scroller.set_scroll_top(entry.offset_top() - scroller.client_height() / 3);
        }
    }

    /// Removes the marks of a match.
    pub(super) fn clear_match(self) {
        let Some(scroller) = self.scroller() else { return };
        if let Ok(Some(entry)) = scroller.query_selector(FOUND_SELECTOR) {
            let _ = entry.remove_attribute(FOUND);
        }
        match_highlights::clear();
    }

    /// Called after each change of the scroll position, by the user or by this program.
    pub(super) fn on_scroll(self) {
        let Some(scroller) = self.scroller() else { return };
        self.measure(&scroller);
        // The end of the mounted entries need not be the end of the conversation.
        let is_at_end =
            height_below(&scroller) <= END_TOLERANCE_PX && !untrack(|| self.transcript.has_entries_below());
        self.follows_end.set(is_at_end);
        self.is_away.set_if_changed(!is_at_end);
        if is_at_end {
            self.seen_seq.set(self.last_seq());
            self.has_unseen.set_if_changed(false);
        }
    }

    /// Stops following the end after a click on a button: a row that opens makes the log longer, and the user wants to
    /// read there.
    pub(super) fn on_click(self, event: &MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| target.closest("button").ok().flatten().is_some()) {
            self.follows_end.set(false);
        }
    }

    fn on_resize(self) {
        let Some(scroller) = self.scroller() else { return };
        if self.follows_end() {
            self.jump_to_end();
        } else if let Some(offset) = self.held_offset.get_untracked_or_default() {
            let held = self.held.try_get_untracked().flatten();
            if let Some(entry) = held.filter(|entry| entry.is_connected()) {
                scroller.set_scroll_top(entry.offset_top() - offset);
            }
        } else if !self.is_away.get_untracked_or_default() {
            // A row that was opened may have pushed the end out of sight.
            self.on_scroll();
        }
        self.measure(&scroller);
    }

    /// Updates what the scroll position calls for.
    fn measure(self, scroller: &HtmlElement) {
        let entries = entry_elements(scroller);
        let near_px = NEAR_SCREENS * scroller.client_height();
        let end_of_sight = scroller.scroll_top() + scroller.client_height();
        let above = first_in_sight(scroller, &entries);
        let below = entries.len() - entries.partition_point(|entry| entry.offset_top() < end_of_sight);
        self.is_near_top.set_if_changed(scroller.scroll_top() < near_px && above < MAX_OUT_OF_SIGHT);
        self.is_near_end.set_if_changed(height_below(scroller) < near_px && below < MAX_OUT_OF_SIGHT);
        self.mounted_count.set_if_changed(entries.len());
    }

    /// Returns the element that scrolls. `None` once the page is left: animation frames that were requested before
    /// come nevertheless.
    fn scroller(self) -> Option<HtmlElement> {
        self.scroller.try_get_untracked().flatten().map(Into::into)
    }

    fn last_seq(self) -> u64 {
        self.transcript.with_untracked(|transcript| transcript.as_of)
    }

    fn jump_to_end(self) {
        self.seen_seq.set(self.last_seq());
        if let Some(scroller) = self.scroller() {
            scroller.set_scroll_top(scroller.scroll_height());
        }
    }
}

/// Returns the height of the content below what is in sight, in pixels.
fn height_below(scroller: &HtmlElement) -> i32 {
    scroller.scroll_height() - scroller.scroll_top() - scroller.client_height()
}

/// Returns the elements of the mounted entries in order.
fn entry_elements(scroller: &HtmlElement) -> Vec<HtmlElement> {
    let Ok(entries) = scroller.query_selector_all(ENTRY_SELECTOR) else { return Vec::new() };
    (0..entries.length()).filter_map(|index| entries.item(index)?.dyn_into().ok()).collect()
}

fn find_entry(scroller: &HtmlElement, id: &ItemId) -> Option<HtmlElement> {
    let has_id = |entry: &HtmlElement| entry.get_attribute(ENTRY_ID).as_deref() == Some(id.as_str());
    entry_elements(scroller).into_iter().find(has_id)
}

/// Returns the index of the first entry in sight.
fn first_in_sight(scroller: &HtmlElement, entries: &[HtmlElement]) -> usize {
    // The entries stand one below the other, so their positions are sorted.
    entries.partition_point(|entry| entry.offset_top() + entry.offset_height() <= scroller.scroll_top())
}

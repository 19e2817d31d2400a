//! The entries that are mounted: a window of at most [`MAX_MOUNTED`] entries, which moves as the user scrolls.
//!
//! The window moves in batches that are small enough for the machine to finish each frame in time. Meanwhile the
//! entries in sight stay in place: [`Scroll::hold`] sees to that where the browser does not. Every mounted entry is laid
//! out, seen or not; there is no `content-visibility`. For so few entries that costs little, and with estimated heights
//! the text would jump while it is read.

use std::ops::RangeInclusive;

use view::prelude::*;

use super::scroll::Scroll;
use crate::{
    browser,
    signal::RwSignalExt as _,
    state::{Chat, TranscriptStore, VisibleRange},
};

/// The most entries that are mounted.
const MAX_MOUNTED: usize = 280;
/// The least and the most entries that one move mounts.
const BATCH: RangeInclusive<usize> = 4..=24;
/// How many entries the first move mounts.
const INITIAL_BATCH: usize = 12;
/// A frame of this many milliseconds or more halves the batch.
const SLOW_FRAME_MS: i64 = 34;
/// A frame of less than this many milliseconds enlarges the batch.
const FAST_FRAME_MS: i64 = 24;
/// How many entries are mounted when the user goes to the end of the conversation.
const MOUNTED_AT_END: usize = 160;

/// The window of mounted entries.
#[derive(Clone, Copy)]
pub(super) struct EntryWindow {
    transcript: TranscriptStore,
    scroll: Scroll,
    /// `true` from the request of a move until its entries are laid out.
    is_moving: RwSignal<bool>,
    /// How many entries the next move mounts.
    batch: RwSignal<usize>,
}

/// A move of the window.
#[derive(Clone, Copy)]
pub(super) enum WindowMove {
    /// Mounts the entries before the first one.
    Up,
    /// Mounts the entries after the last one.
    Down,
    /// Unmounts entries on the side that has more of them out of sight.
    Trim,
}

impl EntryWindow {
    /// Creates a window that follows the scroll position of a conversation.
    pub(super) fn new(chat: Chat, scroll: Scroll) -> Self {
        let window = Self {
            transcript: chat.transcript,
            scroll,
            is_moving: RwSignal::new(false),
            batch: RwSignal::new(INITIAL_BATCH),
        };
        Effect::new(move |_| {
            if let Some(next) = window.needed_move().filter(|_| !window.is_moving.get_or_default()) {
                window.request_move(next);
            }
        });
        window
    }

    /// Returns the move that the scroll position calls for. Tracked.
    fn needed_move(self) -> Option<WindowMove> {
        let Self { transcript, scroll, .. } = self;
        let is_crowded = scroll.mounted_count() > MAX_MOUNTED - BATCH.end();
        let up = scroll.is_near_top() && transcript.has_entries_above();
        let down = scroll.is_near_end() && transcript.has_entries_below();
        let to = up.then_some(WindowMove::Up).or(down.then_some(WindowMove::Down));
        if is_crowded { Some(WindowMove::Trim) } else { to }
    }

    /// Returns `true` while the window moves. Tracked.
    pub(super) fn is_moving(self) -> bool {
        self.is_moving.get_or_default()
    }

    /// Moves the window in the next frame. Until then the range may change.
    pub(super) fn request_move(self, next: WindowMove) {
        self.is_moving.set(true);
        request_animation_frame(move || self.run(next));
    }

    /// Moves the window now, and again in each following frame while a move is needed.
    fn run(self, next: WindowMove) {
        let started_ms = browser::now_ms();
        self.scroll.hold();
        self.transcript.show(self.range_after(next));
        // The positions of the edges are known once this frame has been laid out.
        request_animation_frame(move || {
            self.batch.update(|batch| *batch = next_batch(*batch, browser::now_ms() - started_ms));
            self.scroll.release();
            match untrack(|| self.needed_move()) {
                Some(next) => self.run(next),
                None => self.is_moving.set(false),
            }
        });
    }

    /// Returns the range that a move leads to.
    fn range_after(self, next: WindowMove) -> VisibleRange {
        let (transcript, range, batch) =
            (self.transcript, self.transcript.visible_range(), self.batch.get_untracked_or_default());
        let neighbour = |id: &Option<_>, by: isize| transcript.neighbour(id.as_ref()?, by);
        match next {
            WindowMove::Up => VisibleRange { first: neighbour(&range.first, -batch.cast_signed()), ..range },
            WindowMove::Down => VisibleRange { last: neighbour(&range.last, batch.cast_signed()), ..range },
            WindowMove::Trim => {
                let (ids, first_in_sight) = self.scroll.mounted_entries();
                let removed = (2 * batch).min(ids.len() / 4);
                let above = if self.scroll.follows_end() { ids.len() } else { first_in_sight };
                if above > ids.len() / 2 {
                    VisibleRange { first: ids.get(removed).cloned(), ..range }
                } else {
                    VisibleRange { last: ids.iter().rev().nth(removed).cloned(), ..range }
                }
            }
        }
    }

    /// Goes to the end of the conversation, and follows it from then on.
    pub(super) fn go_to_end(self) {
        if untrack(|| self.transcript.has_entries_below()) {
            self.transcript.show_newest(MOUNTED_AT_END);
        }
        // The entries are mounted after this.
        request_animation_frame(move || self.scroll.go_to_end());
    }
}

/// Returns the size of the batch that follows one that took `elapsed_ms`.
fn next_batch(batch: usize, elapsed_ms: i64) -> usize {
    let next = match elapsed_ms {
        SLOW_FRAME_MS.. => batch / 2,
        ..FAST_FRAME_MS => batch + 2,
        _ => batch,
    };
    next.clamp(*BATCH.start(), *BATCH.end())
}

/// A button that mounts the entries after the window, for users who do not scroll.
#[component]
pub(super) fn NewerEntries(chat: Chat, window: EntryWindow) -> impl IntoView {
    let button = move || {
        chat.transcript.has_entries_below().then(|| view! {
            <p class="note older">
                <button type="button" class="link" on:click=move |_| window.request_move(WindowMove::Down)>
                    {chat.t.load_newer()}
                </button>
            </p>
        })
    };
    view! { {button} }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_batch_shrinks_after_slow_frame_and_grows_after_fast_frame() {
        assert_eq!([next_batch(12, 16), next_batch(12, 30), next_batch(12, 60)], [14, 12, 6]);
    }

    #[test]
    fn next_batch_stays_within_limits() {
        assert_eq!([next_batch(4, 500), next_batch(24, 0)], [4, 24]);
    }
}

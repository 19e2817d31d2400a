//! How much of the conversation is mounted: a window of at most [`MOST`] entries, which moves with the reader.
//!
//! It moves in steps as small as the machine needs them for its frames to come in time, while what is in sight stays in its place: [`Scroll::hold`] keeps
//! it there where the browser does not. Every entry in it is laid out, seen or not (there is no `content-visibility`):
//! of so few that costs little, and a height that is only guessed would make what one reads jump.

use std::ops::RangeInclusive;

use leptos::prelude::*;

use super::{Chat, scroll::Scroll};
use crate::{
    browser,
    node::{El, ElementExt as _, el, link_button},
    signal::RwSignalExt as _,
    state::{TranscriptStore, VisibleRange},
};

/// The most entries that are mounted.
const MOST: usize = 280;
/// The least and the most that come at once, and how many do at first.
const BATCH: RangeInclusive<usize> = 4..=24;
const FIRST_PACE: usize = 12;
/// A frame that takes longer than this is late, in milliseconds; one that takes less than the other has time to spare.
const LATE: i64 = 34;
const SPARE: i64 = 24;
/// How many are mounted at the end of the conversation when one goes there.
const AT_END: usize = 160;

/// What is mounted.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    live: TranscriptStore,
    scroll: Scroll,
    /// It moves, or what came with its last step is being laid out.
    moving: RwSignal<bool>,
    /// How many entries the next step brings.
    pace: RwSignal<usize>,
}

/// How it moves.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// The next entries before the first one are mounted.
    Up,
    /// The next entries after the last one are mounted.
    Down,
    /// Some go, where most are beyond what is in sight.
    Cut,
}

impl Window {
    /// Follows the reader of a conversation.
    pub(super) fn follow(chat: Chat, scroll: Scroll) -> Self {
        let window =
            Self { live: chat.live, scroll, moving: RwSignal::new(false), pace: RwSignal::new(FIRST_PACE) };
        Effect::new(move |_| {
            if let Some(step) = window.wanted().filter(|_| !window.moving.get()) {
                window.go(step);
            }
        });
        window
    }

    /// Where the reader wants it to move; tracked.
    fn wanted(self) -> Option<Step> {
        let Self { live, scroll, .. } = self;
        let crowded = scroll.mounted() > MOST - BATCH.end();
        let up = scroll.near_top() && live.above();
        let down = scroll.near_end() && live.below();
        let to = up.then_some(Step::Up).or(down.then_some(Step::Down));
        if crowded { Some(Step::Cut) } else { to }
    }

    /// Whether it moves; tracked.
    pub(super) fn moving(self) -> bool {
        self.moving.get()
    }

    /// Moves with the next frame, in which it may be elsewhere than now.
    pub(super) fn go(self, step: Step) {
        self.moving.set(true);
        request_animation_frame(move || self.take(step));
    }

    /// Moves now, and goes on with every frame for as long as that is wanted.
    fn take(self, step: Step) {
        let began = browser::now_ms();
        self.scroll.hold();
        self.live.show(self.after(step));
        // When this frame has been laid out, it is known where its edges are.
        request_animation_frame(move || {
            self.pace.update(|pace| *pace = next_pace(*pace, browser::now_ms() - began));
            self.scroll.release();
            match untrack(|| self.wanted()) {
                Some(step) => self.take(step),
                None => self.moving.set(false),
            }
        });
    }

    /// What is shown after a step.
    fn after(self, step: Step) -> VisibleRange {
        let (live, span, pace) = (self.live, self.live.span(), self.pace.get_untracked_or_default());
        let beside = |id: &Option<_>, by: isize| live.neighbour(id.as_ref()?, by);
        match step {
            Step::Up => VisibleRange { first: beside(&span.first, -pace.cast_signed()), ..span },
            Step::Down => VisibleRange { last: beside(&span.last, pace.cast_signed()), ..span },
            Step::Cut => {
                let (ids, in_sight) = self.scroll.entries();
                let go = (2 * pace).min(ids.len() / 4);
                let above = if self.scroll.sticks() { ids.len() } else { in_sight };
                if above > ids.len() / 2 {
                    VisibleRange { first: ids.get(go).cloned(), ..span }
                } else {
                    VisibleRange { last: ids.iter().rev().nth(go).cloned(), ..span }
                }
            }
        }
    }

    /// Goes to the newest entries, and stays with them.
    pub(super) fn to_end(self) {
        if untrack(|| self.live.below()) {
            self.live.show_newest(AT_END);
        }
        // They are mounted only after this.
        request_animation_frame(move || self.scroll.to_end());
    }
}

/// How many entries the next step brings, when one that brought so many took so long, in milliseconds.
fn next_pace(pace: usize, took: i64) -> usize {
    let next = match took {
        LATE.. => pace / 2,
        ..SPARE => pace + 2,
        _ => pace,
    };
    next.clamp(*BATCH.start(), *BATCH.end())
}

/// The way to what comes after the window, for those who do not scroll.
pub(super) fn newer_view(chat: Chat, window: Window) -> Option<El> {
    let way = link_button(chat.t.load_newer(), move || window.go(Step::Down));
    chat.live.below().then(|| el("p").class("note older").child(way))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_the_machine() {
        assert_eq!([next_pace(12, 16), next_pace(12, 30), next_pace(12, 60)], [14, 12, 6]);
        assert_eq!([next_pace(4, 500), next_pace(24, 0)], [4, 24]);
    }
}

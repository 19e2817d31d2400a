//! How much of the conversation is mounted: a window of at most [`MOST`] entries, which moves with the reader.
//!
//! It moves in small steps, so that none takes long, while what is in sight stays in its place: [`Scroll::hold`] keeps
//! it there where the browser does not. Every entry in it is laid out, seen or not (there is no `content-visibility`):
//! of so few that costs little, and a height that is only guessed would make what one reads jump.

use leptos::prelude::*;

use super::{Chat, scroll::Scroll};
use crate::{
    live::{Live, Span},
    node::{El, el, link_button},
    state::{State, effect},
};

/// The most entries that are mounted.
const MOST: usize = 400;
/// How many come at once.
const STEP: usize = 40;
/// How many are left when some have to go.
const KEEP: usize = MOST - 2 * STEP;

/// What is mounted.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    live: Live,
    scroll: Scroll,
    /// It moves, or what came with its last step is being laid out.
    moving: State<bool>,
}

/// How it moves.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// The next entries before the first one are mounted.
    Up,
    /// The next entries after the last one are mounted.
    Down,
    /// Those that are nearest to the reader are left.
    Cut,
}

impl Window {
    /// Follows the reader of a conversation.
    pub(super) fn follow(chat: Chat, scroll: Scroll) -> Self {
        let window = Self { live: chat.live, scroll, moving: State::new(false) };
        effect(move || {
            let (live, moving) = (window.live, window.moving.get());
            let crowded = scroll.mounted() > MOST - STEP;
            let up = scroll.near_top() && live.above();
            let down = scroll.near_end() && live.below();
            if moving {
                return;
            }
            if crowded {
                window.go(Step::Cut);
            } else if up {
                window.go(Step::Up);
            } else if down {
                window.go(Step::Down);
            }
        });
        window
    }

    /// Whether it moves; tracked.
    pub(super) fn moving(self) -> bool {
        self.moving.get()
    }

    /// Moves with the next frame, in which it may be elsewhere than now.
    pub(super) fn go(self, step: Step) {
        let Self { live, scroll, moving } = self;
        moving.set(true);
        request_animation_frame(move || {
            scroll.hold();
            live.show(self.after(step));
            // When this frame has been laid out, it is known where its edges are.
            request_animation_frame(move || {
                scroll.release();
                moving.set(false);
            });
        });
    }

    /// What is shown after a step.
    fn after(self, step: Step) -> Span {
        let (live, span) = (self.live, self.live.span());
        let beside = |id: &Option<_>, by: isize| live.beside(id.as_ref()?, by);
        match step {
            Step::Up => Span { first: beside(&span.first, -STEP.cast_signed()), ..span },
            Step::Down => Span { last: beside(&span.last, STEP.cast_signed()), ..span },
            Step::Cut => {
                let (ids, in_sight) = self.scroll.entries();
                let from = if self.scroll.sticks() { ids.len() } else { in_sight };
                let from = from.saturating_sub(KEEP / 2).min(ids.len().saturating_sub(KEEP));
                let to = from + KEEP;
                Span {
                    first: ids.get(from).filter(|_| from > 0).cloned().or(span.first),
                    last: ids.get(to.saturating_sub(1)).filter(|_| to < ids.len()).cloned().or(span.last),
                }
            }
        }
    }

    /// Goes to the newest entries, and stays with them.
    pub(super) fn to_end(self) {
        if untrack(|| self.live.below()) {
            self.live.show_newest(KEEP / 2);
        }
        self.scroll.to_end();
    }
}

/// The way to what comes after the window, for those who do not scroll.
pub(super) fn newer_view(chat: Chat, window: Window) -> Option<El> {
    let way = link_button(chat.t.load_newer(), move || window.go(Step::Down));
    chat.live.below().then(|| el("p").class("note older").child(way))
}

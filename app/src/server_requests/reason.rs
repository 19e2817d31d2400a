//! Why something is asked for, in the agent's words.

use crate::{
    i18n::Texts,
    node::{El, ElementExt as _, el, link_button, live, many},
    text::{
        excerpt::first_lines,
        hidden::{TextKind, exact},
    },
};
use leptos::prelude::*;

/// How much of a reason is shown at first. More would draw the eye away from what is asked.
const LINES: usize = 4;
const CHARS: usize = 320;

/// A reason; of a long one the beginning, and the rest on demand.
pub(super) fn why_view(reason: &str, t: &'static Texts) -> El {
    let reason = reason.trim().to_owned();
    let all = RwSignal::new(false);
    let words = move || {
        let start = beginning(&reason);
        if all.get() || start.len() == reason.len() {
            return exact(&reason, TextKind::Prose, t);
        }
        let more = link_button(t.show_all(), move || all.set(true));
        many([exact(start.trim_end(), TextKind::Prose, t), "… ".into(), more.into()])
    };
    el("p").class("why").child(live(words))
}

fn beginning(reason: &str) -> &str {
    let lines = first_lines(reason, LINES);
    lines.char_indices().nth(CHARS).map_or(lines, |(end, _)| &lines[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_reason_is_whole() {
        assert_eq!(beginning("One.\nTwo."), "One.\nTwo.");
    }

    #[test]
    fn long_reason_is_cut_by_lines_and_by_characters() {
        assert_eq!(beginning(&"a\n".repeat(9)), "a\n".repeat(LINES));
        assert_eq!(beginning(&"é".repeat(1000)), "é".repeat(CHARS));
    }
}

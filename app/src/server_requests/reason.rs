//! The agent's reason for a request.

use view::prelude::*;

use crate::{
    i18n::Texts,
    text::{
        excerpt::first_lines,
        hidden::{TextKind, exact},
    },
};

/// How much of a reason is shown before it is expanded. A longer text would distract from the details.
const MAX_LINES: usize = 4;
const MAX_CHARS: usize = 320;

/// A reason. The user can expand a long one.
#[component]
pub(super) fn Reason(reason: String, t: &'static Texts) -> impl IntoView {
    let reason = reason.trim().to_owned();
    let is_expanded = RwSignal::new(false);
    let text = move || {
        let beginning = beginning(&reason);
        if is_expanded.get() || beginning.len() == reason.len() {
            return exact(&reason, TextKind::Prose, t);
        }
        view! {
            {exact(beginning.trim_end(), TextKind::Prose, t)}
            "… "
            <button type="button" class="link" on:click=move |_| is_expanded.set(true)>
                {t.show_all()}
            </button>
        }
    };
    view! { <p class="reason">{text}</p> }
}

fn beginning(reason: &str) -> &str {
    let lines = first_lines(reason, MAX_LINES);
    lines.char_indices().nth(MAX_CHARS).map_or(lines, |(end, _)| &lines[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_reason_is_not_truncated() {
        assert_eq!(beginning("One.\nTwo."), "One.\nTwo.");
    }

    #[test]
    fn long_reason_is_truncated_by_lines_and_by_characters() {
        assert_eq!(beginning(&"a\n".repeat(9)), "a\n".repeat(MAX_LINES));
        assert_eq!(beginning(&"é".repeat(1000)), "é".repeat(MAX_CHARS));
    }
}

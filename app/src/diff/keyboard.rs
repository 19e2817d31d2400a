//! Keyboard and mouse in a diff: finding the line of an event, and moving from line to line.

use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement, KeyboardEvent};

/// Returns the index of the line whose number is the target of an event.
pub(super) fn line_of(target: Option<EventTarget>) -> Option<usize> {
    let number = target?.dyn_into::<Element>().ok()?.closest(".number").ok()??;
    number.closest("[data-line]").ok()??.get_attribute("data-line")?.parse().ok()
}

/// Handles a key: the arrow keys move the focus from line to line, and C comments on the focused line.
pub(super) fn handle_key(event: &KeyboardEvent, comment: impl Fn(usize)) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
        return;
    }
    let step = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        "c" => 0,
        _ => return,
    };
    let line = line_of(event.target());
    if step == 0 {
        line.into_iter().for_each(comment);
    } else if move_focus(event, line.is_some(), step).is_none() {
        return;
    }
    event.prevent_default();
}

/// Moves the focus by `step` lines. From outside of the lines, a step down moves it to the first line.
///
/// Returns `None` if there is no such line.
fn move_focus(event: &KeyboardEvent, is_in_line: bool, step: i32) -> Option<()> {
    let lines = event.current_target()?.dyn_into::<Element>().ok()?;
    let buttons = lines.query_selector_all("button.number").ok()?;
    let target = event.target()?;
    let current =
        (0..buttons.length()).find(|index| buttons.get(*index).is_some_and(|button| *button == target));
    let next = match current {
        Some(index) => index.checked_add_signed(step)?,
        None if is_in_line || step < 0 => return None,
        None => 0,
    };
    buttons.get(next)?.dyn_into::<HtmlElement>().ok()?.focus().ok()
}

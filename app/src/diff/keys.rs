//! Going from line to line by keyboard, and to the one that was clicked.

use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement, KeyboardEvent};

/// The line whose number was clicked.
pub(super) fn line_of(target: Option<EventTarget>) -> Option<usize> {
    let number = target?.dyn_into::<Element>().ok()?.closest(".number").ok()??;
    number.closest("[data-line]").ok()??.get_attribute("data-line")?.parse().ok()
}

/// The arrow keys go from line to line; C comments on the one that has the focus.
pub(super) fn pressed(event: &KeyboardEvent, comment: impl Fn(usize)) {
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
    } else if go(event, line.is_some(), step).is_none() {
        return;
    }
    event.prevent_default();
}

/// Puts the focus on the next line, or the one before; on the first from outside of them.
fn go(event: &KeyboardEvent, within: bool, step: i32) -> Option<()> {
    let lines = event.current_target()?.dyn_into::<Element>().ok()?;
    let buttons = lines.query_selector_all("button.number").ok()?;
    let now = event.target()?;
    let place = (0..buttons.length()).find(|at| buttons.get(*at).is_some_and(|one| *one == now));
    let next = match place {
        Some(at) => at.checked_add_signed(step)?,
        None if within || step < 0 => return None,
        None => 0,
    };
    buttons.get(next)?.dyn_into::<HtmlElement>().ok()?.focus().ok()
}

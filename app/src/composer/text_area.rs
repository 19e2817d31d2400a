//! The field that one writes in.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlTextAreaElement};

use crate::{browser, node::ElementRef};

#[derive(Clone, Copy)]
pub(crate) struct TextArea(pub(crate) ElementRef);

impl TextArea {
    pub(crate) fn new() -> Self {
        Self(ElementRef::new())
    }

    /// The field, as soon as it is there; tracked.
    pub(crate) fn track(self) -> Option<HtmlTextAreaElement> {
        self.0.get().and_then(|area| area.dyn_into().ok())
    }

    pub(super) fn get(self) -> Option<HtmlTextAreaElement> {
        untrack(|| self.track())
    }

    pub(crate) fn value(self) -> String {
        self.get().map(|area| area.value()).unwrap_or_default()
    }

    pub(crate) fn focus(self) {
        if let Some(area) = self.get() {
            let _ = area.focus();
        }
    }

    /// Where the caret is, in bytes of the text.
    pub(super) fn caret(self) -> usize {
        let Some(area) = self.get() else { return 0 };
        let units = area.selection_start().ok().flatten().unwrap_or_default();
        byte_of_unit(&area.value(), units as usize)
    }

    /// Puts a text into it, and the caret behind so many of its bytes. What was written before cannot be brought back by undo.
    pub(crate) fn set(self, text: &str, caret: usize) {
        let Some(area) = self.get() else { return };
        area.set_value(text);
        place_caret(&area, text, caret);
    }

    /// Puts a text in place of what is written, and the caret behind so many of its bytes. Undo brings back what was written before.
    pub(crate) fn replace(self, text: &str, caret: usize) {
        let Some(area) = self.get() else { return };
        let focused = document().active_element().filter(|element| *element != *area.as_ref());
        // The focus would bring the keyboard up; a field that is disabled takes none, and another one would be written in.
        if area.disabled() || (focused.is_some() && browser::is_coarse_pointer()) {
            return self.set(text, caret);
        }
        let change = Replacement::between(&area.value(), text);
        // The browser records only what is done to the field that has the focus.
        let _ = area.focus();
        let _ = area.set_selection_range(change.from, change.to);
        browser::replace_selection(change.text);
        if area.value() != text {
            area.set_value(text);
        }
        place_caret(&area, text, caret);
        if let Some(before) = focused.and_then(|element| element.dyn_into::<HtmlElement>().ok())
            && before.tag_name() != "BODY"
        {
            let _ = before.focus();
        }
    }
}

/// What is written in a field that the page does not know yet.
#[cfg(feature = "hydrate")]
pub(super) fn value_of(selector: &str) -> Option<String> {
    let field = crate::browser::find(selector)?.dyn_into::<HtmlTextAreaElement>().ok()?;
    Some(field.value())
}

/// Puts the caret behind so many bytes of the text of the field.
fn place_caret(area: &HtmlTextAreaElement, text: &str, caret: usize) {
    let units = units_of(text.get(..caret).unwrap_or(text));
    let _ = area.set_selection_range(units, units);
}

/// How long a text is as the browser counts, in units of UTF-16.
fn units_of(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

/// The smallest change that makes one text of another.
#[derive(Debug, PartialEq, Eq)]
struct Replacement<'a> {
    /// What is replaced, in units of UTF-16.
    from: u32,
    to: u32,
    /// What takes its place.
    text: &'a str,
}

impl<'a> Replacement<'a> {
    fn between(before: &str, after: &'a str) -> Self {
        let same = |(one, other): &(char, char)| one == other;
        let start: usize =
            before.chars().zip(after.chars()).take_while(same).map(|(one, _)| one.len_utf8()).sum();
        let (before_rest, after_rest) = (&before[start..], &after[start..]);
        let end: usize = before_rest
            .chars()
            .rev()
            .zip(after_rest.chars().rev())
            .take_while(same)
            .map(|(one, _)| one.len_utf8())
            .sum();
        let from = units_of(&before[..start]);
        let to = from + units_of(&before_rest[..before_rest.len() - end]);
        Self { from, to, text: &after_rest[..after_rest.len() - end] }
    }
}
/// Where a place in a text is, which the browser counts in units of UTF-16.
fn byte_of_unit(text: &str, unit: usize) -> usize {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units >= unit {
            return at;
        }
        units += c.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Replacement, byte_of_unit};

    #[test]
    fn replacement_is_the_part_that_differs() {
        let change = |before: &str, after: &'static str| {
            let Replacement { from, to, text } = Replacement::between(before, after);
            (from, to, text)
        };
        assert_eq!(change("see @sr now", "see @src/ now"), (7, 7, "c/"));
        assert_eq!(change("aé漢😀b", "aé漢😃b"), (3, 5, "😃"));
        assert_eq!(change("aa", "a"), (1, 2, ""));
        assert_eq!(change("", "new"), (0, 0, "new"));
        assert_eq!(change("old", ""), (0, 3, ""));
        assert_eq!(change("same", "same"), (4, 4, ""));
    }

    #[test]
    fn places_are_counted_as_the_browser_does() {
        let text = "aé漢😀b";
        let bytes: Vec<usize> = (0..8).map(|unit| byte_of_unit(text, unit)).collect();
        assert_eq!(bytes, [0, 1, 3, 6, 10, 10, 11, 11]);
    }
}

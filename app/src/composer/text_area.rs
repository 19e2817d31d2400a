//! A multi-line text field, addressed by byte offsets instead of the browser's UTF-16 units.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlTextAreaElement};

use crate::browser;

/// A `<textarea>` of the page, as its `node_ref`.
#[derive(Clone, Copy)]
pub(crate) struct TextArea(pub(crate) NodeRef<html::Textarea>);

impl TextArea {
    pub(crate) fn new() -> Self {
        Self(NodeRef::new())
    }

    /// Returns the element. `None` until it is mounted. Tracked.
    pub(crate) fn track(self) -> Option<HtmlTextAreaElement> {
        self.0.get()
    }

    /// Returns the element. `None` until it is mounted, and once the page that has it is left.
    pub(super) fn get(self) -> Option<HtmlTextAreaElement> {
        self.0.try_get_untracked().flatten()
    }

    /// Returns the text in the field.
    pub(crate) fn value(self) -> String {
        self.get().map(|area| area.value()).unwrap_or_default()
    }

    /// Gives the field the focus.
    pub(crate) fn focus(self) {
        if let Some(area) = self.get() {
            let _ = area.focus();
        }
    }

    /// Returns the caret's byte offset in the text.
    pub(super) fn caret(self) -> usize {
        let Some(area) = self.get() else { return 0 };
        let units = area.selection_start().ok().flatten().unwrap_or_default();
        byte_offset(&area.value(), units as usize)
    }

    /// Sets the text, and the caret's byte offset in it. Undo cannot bring back the text before.
    pub(crate) fn set(self, text: &str, caret: usize) {
        let Some(area) = self.get() else { return };
        area.set_value(text);
        set_caret(&area, text, caret);
    }

    /// Replaces the text as typing does, and sets the caret's byte offset. Undo brings back the text before.
    pub(crate) fn replace(self, text: &str, caret: usize) {
        let Some(area) = self.get() else { return };
        let focused = document().active_element().filter(|element| *element != *area.as_ref());
        // Editing needs the focus. Taking it would open the on-screen keyboard, and a disabled field cannot have it: the
        // edit would go into another field.
        if area.disabled() || (focused.is_some() && browser::is_coarse_pointer()) {
            return self.set(text, caret);
        }
        let change = Replacement::between(&area.value(), text);
        // The browser records edits for undo only in the focused field.
        let _ = area.focus();
        let _ = area.set_selection_range(change.start, change.end);
        browser::replace_selection(change.text);
        if area.value() != text {
            area.set_value(text);
        }
        set_caret(&area, text, caret);
        if let Some(before) = focused.and_then(|element| element.dyn_into::<HtmlElement>().ok())
            && before.tag_name() != "BODY"
        {
            let _ = before.focus();
        }
    }
}

/// Puts the caret at a byte offset of the text.
fn set_caret(area: &HtmlTextAreaElement, text: &str, caret: usize) {
    let units = utf16_len(text.get(..caret).unwrap_or(text));
    let _ = area.set_selection_range(units, units);
}

/// The length of a text in UTF-16 units, as the browser counts.
fn utf16_len(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

/// The smallest replacement that turns one text into another.
#[derive(Debug, PartialEq, Eq)]
struct Replacement<'a> {
    /// The range to replace, in UTF-16 units.
    start: u32,
    end: u32,
    /// The new text of the range.
    text: &'a str,
}

impl<'a> Replacement<'a> {
    fn between(before: &str, after: &'a str) -> Self {
        let is_same = |(one, other): &(char, char)| one == other;
        let prefix: usize =
            before.chars().zip(after.chars()).take_while(is_same).map(|(one, _)| one.len_utf8()).sum();
        let (before_rest, after_rest) = (&before[prefix..], &after[prefix..]);
        let suffix: usize = before_rest
            .chars()
            .rev()
            .zip(after_rest.chars().rev())
            .take_while(is_same)
            .map(|(one, _)| one.len_utf8())
            .sum();
        let start = utf16_len(&before[..prefix]);
        let end = start + utf16_len(&before_rest[..before_rest.len() - suffix]);
        Self { start, end, text: &after_rest[..after_rest.len() - suffix] }
    }
}

/// Converts an offset in UTF-16 units to a byte offset.
fn byte_offset(text: &str, utf16_offset: usize) -> usize {
    let mut units = 0;
    for (offset, c) in text.char_indices() {
        if units >= utf16_offset {
            return offset;
        }
        units += c.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Replacement, byte_offset};

    #[test]
    fn replacement_is_the_part_that_differs() {
        let change = |before: &str, after: &'static str| {
            let Replacement { start, end, text } = Replacement::between(before, after);
            (start, end, text)
        };
        assert_eq!(change("see @sr now", "see @src/ now"), (7, 7, "c/"));
        assert_eq!(change("aé漢😀b", "aé漢😃b"), (3, 5, "😃"));
        assert_eq!(change("aa", "a"), (1, 2, ""));
        assert_eq!(change("", "new"), (0, 0, "new"));
        assert_eq!(change("old", ""), (0, 3, ""));
        assert_eq!(change("same", "same"), (4, 4, ""));
    }

    #[test]
    fn byte_offset_counts_utf16_units() {
        let text = "aé漢😀b";
        let bytes: Vec<usize> = (0..8).map(|unit| byte_offset(text, unit)).collect();
        assert_eq!(bytes, [0, 1, 3, 6, 10, 10, 11, 11]);
    }
}

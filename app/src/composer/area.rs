//! The field that one writes in.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;

use crate::node::ElementRef;

#[derive(Clone, Copy)]
pub(crate) struct Area(pub(crate) ElementRef);

impl Area {
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

    /// Puts a text into it, and the caret behind so many of its bytes.
    pub(crate) fn set(self, text: &str, caret: usize) {
        let Some(area) = self.get() else { return };
        area.set_value(text);
        let units = text.get(..caret).unwrap_or(text).encode_utf16().count();
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let _ = area.set_selection_range(units, units);
    }
}

/// What is written in a field that the page does not know yet.
#[cfg(feature = "hydrate")]
pub(super) fn value_of(selector: &str) -> Option<String> {
    let field = crate::browser::find(selector)?.dyn_into::<HtmlTextAreaElement>().ok()?;
    Some(field.value())
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
    use super::byte_of_unit;

    #[test]
    fn places_are_counted_as_the_browser_does() {
        let text = "aé漢😀b";
        let bytes: Vec<usize> = (0..8).map(|unit| byte_of_unit(text, unit)).collect();
        assert_eq!(bytes, [0, 1, 3, 6, 10, 10, 11, 11]);
    }
}

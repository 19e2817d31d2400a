//! Highlights the words of a match where they stand in an entry.
//!
//! The browser paints the highlights over the text (CSS Custom Highlight API), so the nodes of the page stay as they are.
//! A browser without that API shows no highlights.

use leptos::prelude::document;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::{Element, Node, Range, js_sys::JsString};

use crate::browser::to_lowercase;

/// The name of the highlights in the stylesheet.
const NAME: &str = "found";
/// The maximum number of highlighted occurrences. Further ones cost time, and a reader does not go through so many.
const MAX_OCCURRENCES: usize = 2000;
/// `NodeFilter.SHOW_TEXT` of the DOM.
const SHOW_TEXT: u32 = 4;

#[wasm_bindgen]
extern "C" {
    type Highlight;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<Highlight, JsValue>;
    #[wasm_bindgen(method)]
    fn add(this: &Highlight, range: &Range);
    #[wasm_bindgen(catch, js_namespace = ["CSS", "highlights"], js_name = "set")]
    fn set_highlight(name: &str, highlight: &Highlight) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["CSS", "highlights"], js_name = "delete")]
    fn delete_highlight(name: &str) -> Result<JsValue, JsValue>;
}

/// Highlights the words in an element, and nowhere else. An occurrence may span several text nodes.
pub(super) fn show(element: &Element, words: &str) {
    let Ok(highlight) = Highlight::new() else { return };
    let words = to_lowercase(words.trim());
    let length = JsString::from(words.as_str()).length();
    let Ok(walker) = document().create_tree_walker_with_what_to_show(element, SHOW_TEXT) else { return };
    let (mut text, mut end, mut nodes) = (JsString::from(""), 0, Vec::new());
    while let Ok(Some(node)) = walker.next_node() {
        let node_text = JsString::from(node.text_content().unwrap_or_default());
        nodes.push((end, node));
        end += node_text.length();
        text = text.concat(&node_text);
    }
    let text = text.to_lower_case();
    let (mut search_from, mut occurrences) = (0, 0);
    while length > 0
        && occurrences < MAX_OCCURRENCES
        && let Ok(start) = u32::try_from(text.index_of(&words, search_from))
    {
        if let Some(range) = range(&nodes, start, start + length) {
            highlight.add(&range);
        }
        occurrences += 1;
        search_from = i32::try_from(start + length).unwrap_or(i32::MAX);
    }
    let _ = set_highlight(NAME, &highlight);
}

/// Returns the range between two offsets in the joined text of `nodes`, in UTF-16 units. Each node comes with the offset
/// of its start.
fn range(nodes: &[(u32, Node)], from: u32, to: u32) -> Option<Range> {
    let range = document().create_range().ok()?;
    let node_before = |end| nodes.get(nodes.partition_point(|(start, _)| *start < end).checked_sub(1)?);
    let (start, first) = node_before(from + 1)?;
    range.set_start(first, from - start).ok()?;
    let (start, last) = node_before(to)?;
    range.set_end(last, to - start).ok()?;
    Some(range)
}

/// Removes all highlights.
pub(super) fn clear() {
    let _ = delete_highlight(NAME);
}

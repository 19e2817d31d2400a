//! The words that were found, marked where they stand. The browser paints them over, so the page's nodes stay as they
//! are; one that cannot leaves them as they are, too.

use leptos::prelude::document;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::{Element, Node, Range, js_sys::JsString};

use crate::browser::lower_case;

/// What the styles call them.
const NAME: &str = "found";
/// How many places are marked: more than that say nothing to a reader.
const MAX_MARKS: usize = 2000;
/// Of all nodes the texts, as the DOM numbers them.
const TEXTS: u32 = 4;

#[wasm_bindgen]
extern "C" {
    type Highlight;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<Highlight, JsValue>;
    #[wasm_bindgen(method)]
    fn add(this: &Highlight, range: &Range);
    #[wasm_bindgen(catch, js_namespace = ["CSS", "highlights"], js_name = "set")]
    fn show(name: &str, highlight: &Highlight) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["CSS", "highlights"], js_name = "delete")]
    fn hide(name: &str) -> Result<JsValue, JsValue>;
}

/// Marks the words in an element, also where they stand in several nodes of it, and nowhere else.
pub(super) fn paint(element: &Element, words: &str) {
    let Ok(highlight) = Highlight::new() else { return };
    let words = lower_case(words.trim());
    let length = JsString::from(words.as_str()).length();
    let Ok(texts) = document().create_tree_walker_with_what_to_show(element, TEXTS) else { return };
    let (mut all, mut end, mut nodes) = (JsString::from(""), 0, Vec::new());
    while let Ok(Some(node)) = texts.next_node() {
        let text = JsString::from(node.text_content().unwrap_or_default());
        nodes.push((end, node));
        end += text.length();
        all = all.concat(&text);
    }
    let all = all.to_lower_case();
    let (mut from, mut marks) = (0, 0);
    while length > 0
        && marks < MAX_MARKS
        && let Ok(at) = u32::try_from(all.index_of(&words, from))
    {
        if let Some(range) = range(&nodes, at, at + length) {
            highlight.add(&range);
        }
        marks += 1;
        from = i32::try_from(at + length).unwrap_or(i32::MAX);
    }
    let _ = show(NAME, &highlight);
}

/// From one place in the text of all these nodes to another. Each comes with where it begins.
fn range(nodes: &[(u32, Node)], from: u32, to: u32) -> Option<Range> {
    let range = document().create_range().ok()?;
    let before = |end| nodes.get(nodes.partition_point(|(start, _)| *start < end).checked_sub(1)?);
    let (start, first) = before(from + 1)?;
    range.set_start(first, from - start).ok()?;
    let (start, last) = before(to)?;
    range.set_end(last, to - start).ok()?;
    Some(range)
}

/// Marks none any more.
pub(super) fn wipe() {
    let _ = hide(NAME);
}

//! Changing the HTML inside an element without making anew what stays as it was.
//!
//! While a message streams, its open block is written again with every piece of text. What the reader has selected in it,
//! and how far they have scrolled a wide table, belong to the nodes that are there.

use wasm_bindgen::JsCast;
use web_sys::{CharacterData, Element, Node};

/// Makes the HTML inside `element` be `html`.
pub(crate) fn set_inner_html(element: &Element, html: &str) {
    let Some(shape) = element.first_child().and_then(|_| element.clone_node().ok()) else {
        return element.set_inner_html(html);
    };
    let shape: Element = shape.unchecked_into();
    shape.set_inner_html(html);
    if patch_children(element, &shape).is_none() {
        element.set_inner_html(html);
    }
}

/// Makes the children of `old` like those of `new`, which may be moved. `None` if the browser refuses.
fn patch_children(old: &Node, new: &Node) -> Option<()> {
    let (mut old_child, mut new_child) = (old.first_child(), new.first_child());
    loop {
        let (next_old, next_new) = (next_sibling(old_child.as_ref()), next_sibling(new_child.as_ref()));
        match (&old_child, &new_child) {
            (Some(one), Some(other)) => patch(old, one, other)?,
            (Some(one), None) => drop(old.remove_child(one).ok()?),
            (None, Some(other)) => drop(old.append_child(other).ok()?),
            (None, None) => return Some(()),
        }
        (old_child, new_child) = (next_old, next_new);
    }
}

fn next_sibling(node: Option<&Node>) -> Option<Node> {
    node?.next_sibling()
}

/// Makes a child of `parent` like another one, or puts that in its place.
fn patch(parent: &Node, old: &Node, new: &Node) -> Option<()> {
    if old.is_equal_node(Some(new)) {
        return Some(());
    }
    if old.node_type() == new.node_type() && old.node_name() == new.node_name() {
        if let (Some(old), Some(new)) = (old.dyn_ref::<CharacterData>(), new.dyn_ref::<CharacterData>()) {
            return patch_text(old, &new.data());
        }
        if let (Some(old), Some(new)) = (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) {
            patch_attributes(old, new)?;
            return patch_children(old, new);
        }
    }
    parent.replace_child(new, old).ok().map(drop)
}

/// Replaces what differs, so that a selection in the rest stays.
fn patch_text(node: &CharacterData, text: &str) -> Option<()> {
    let old = node.data();
    let same = old.chars().zip(text.chars()).take_while(|(old, new)| old == new).map(|(c, _)| c);
    let (bytes, units) = same.fold((0, 0), |(bytes, units), c| (bytes + c.len_utf8(), units + c.len_utf16()));
    let units = u32::try_from(units).ok()?;
    node.replace_data(units, node.length() - units, &text[bytes..]).ok()
}

fn patch_attributes(old: &Element, new: &Element) -> Option<()> {
    for name in old.get_attribute_names().iter().filter_map(|name| name.as_string()) {
        if !new.has_attribute(&name) {
            old.remove_attribute(&name).ok()?;
        }
    }
    for name in new.get_attribute_names().iter().filter_map(|name| name.as_string()) {
        let value = new.get_attribute(&name)?;
        if old.get_attribute(&name).as_ref() != Some(&value) {
            old.set_attribute(&name, &value).ok()?;
        }
    }
    Some(())
}

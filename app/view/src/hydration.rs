//! Checks whether the document is as the server wrote it.
//!
//! An extension of the browser, or a proxy, may have changed it before the page takes it over. Each piece looks at the node
//! that it is about to take over. If it is another one, this piece and all after it are built instead, and the code that has
//! started the page mounts it anew.

use std::cell::Cell;

use leptos::tachys::{
    hydration::Cursor,
    renderer::{Rndr, types::Placeholder},
    view::{Position, PositionState},
};
use wasm_bindgen::JsCast;
use web_sys::{Element, Node};

thread_local! {
    static IS_CHANGED: Cell<bool> = const { Cell::new(false) };
}

/// A node that the server wrote.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    Text,
    Placeholder,
    Element { tag: &'a str, class: Option<&'a str> },
}

/// Returns `true` if the document is not as the server wrote it, as far as it was looked at.
pub fn is_document_changed() -> bool {
    IS_CHANGED.get()
}

/// Returns `true` if the node that comes next can be taken over.
pub(crate) fn fits(expected: Expected<'_>, cursor: &Cursor, position: &PositionState) -> bool {
    let fits =
        !is_document_changed() && next(expected, cursor, position).is_some_and(|node| is(expected, &node));
    IS_CHANGED.set(!fits);
    fits
}

/// The placeholder that comes next, or one of its own.
pub(crate) fn placeholder(cursor: &Cursor, position: &PositionState) -> Placeholder {
    if !fits(Expected::Placeholder, cursor, position) {
        return Rndr::create_placeholder();
    }
    let placeholder = cursor.next_placeholder(position);
    position.set(Position::NextChild);
    placeholder
}

fn next(expected: Expected<'_>, cursor: &Cursor, position: &PositionState) -> Option<Node> {
    let current = cursor.current();
    match (position.get(), expected) {
        (Position::FirstChild, _) => current.first_child(),
        (Position::Current, Expected::Element { .. }) => Some(current),
        // Between two texts stands a comment.
        (Position::NextChildAfterText, Expected::Text) => current.next_sibling()?.next_sibling(),
        _ => current.next_sibling(),
    }
}

fn is(expected: Expected<'_>, node: &Node) -> bool {
    match expected {
        Expected::Text => node.node_type() == Node::TEXT_NODE,
        Expected::Placeholder => node.node_type() == Node::COMMENT_NODE,
        Expected::Element { tag, class } => node.dyn_ref::<Element>().is_some_and(|element| {
            element.local_name() == tag
                && class.is_none_or(|class| element.get_attribute("class").as_deref() == Some(class))
        }),
    }
}

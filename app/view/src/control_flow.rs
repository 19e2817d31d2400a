//! Leptos's components for conditions and lists, over nodes.

// The macro writes functions that are reached under the names of the components.
#![allow(unreachable_pub)]

use std::hash::Hash;

use leptos::prelude::*;

use crate::{IntoNode, Node, dynamic, keyed};

/// Shows its children while a condition holds, as Leptos's `Show` does.
///
/// The children are made again each time the condition becomes true. A change that leaves the condition as it was
/// does not touch them.
#[component]
pub fn Show<W>(
    /// The content while `when` returns `true`.
    children: ChildrenFn,
    /// The condition.
    when: W,
    /// The content while `when` returns `false`; nothing by default.
    #[prop(optional, into)]
    fallback: ViewFn,
) -> impl IntoView
where
    W: Fn() -> bool + Send + Sync + 'static,
{
    show(Memo::new(move |_| when()), children, fallback)
}

fn show(when: Memo<bool>, children: ChildrenFn, fallback: ViewFn) -> Node {
    dynamic(move || Node::View(if when.get() { children() } else { fallback.run() }))
}

/// Shows a row for each item, as Leptos's `For` does: a row whose key is still there keeps its elements and state.
///
/// Other than Leptos's, rows that come or go do not take the other rows out of the page for a moment.
#[component]
pub fn For<E, I, T, F, N, K, Q>(
    /// Returns the items.
    each: E,
    /// Returns the key of an item, which must be unique in the list.
    key: K,
    /// Returns the row of an item; called once for each key.
    children: F,
) -> impl IntoView
where
    E: Fn() -> I + Send + 'static,
    I: IntoIterator<Item = T>,
    T: Send + 'static,
    F: Fn(T) -> N + Send + Sync + 'static,
    N: IntoNode,
    K: Fn(&T) -> Q + Send + 'static,
    Q: Eq + Hash + Send + 'static,
{
    keyed(each, key, children)
}

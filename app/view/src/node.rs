//! The one type that all pieces of a page have.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use leptos::prelude::*;

use crate::{IntoAttributeValue, IntoNode, element::Element, list::Keyed};

/// A piece of a page.
///
/// A node is a Leptos view: it is built, hydrated and written as HTML as any other. A view that waits for data, such
/// as `Suspense`, must stand around a node, not in it: a node is always resolved.
pub enum Node {
    /// Nothing on the page, except a comment that marks the place.
    Empty,
    /// A text.
    Text(Cow<'static, str>),
    /// An element.
    Element(Element),
    /// Nodes one after the other.
    Fragment(Vec<Self>),
    /// A node that is made again whenever a signal that it reads changes.
    Dynamic(DynamicNode),
    /// A list whose rows keep their state while they move.
    Keyed(Keyed),
    /// Any other Leptos view.
    View(AnyView),
}

/// Makes the node again whenever a signal that it reads changes.
pub(crate) type DynamicNode = Arc<Mutex<dyn FnMut() -> Node + Send>>;

/// Returns a node that is made again whenever a signal that `make` reads changes.
///
/// The new node is compared with the one on the page, element by element; what did not change stays as it is.
pub fn dynamic<N: IntoNode>(make: impl Fn() -> N + Send + 'static) -> Node {
    Node::Dynamic(Arc::new(Mutex::new(move || make().into_node())))
}

/// Returns nodes one after the other.
pub fn fragment<N: IntoNode>(nodes: impl IntoIterator<Item = N>) -> Node {
    Node::Fragment(nodes.into_iter().map(N::into_node).collect())
}

impl Node {
    /// Sets an attribute of the element that a component returns, for `attr:name` on the component.
    ///
    /// A node that is not an element stays as it is.
    #[doc(hidden)]
    #[must_use]
    pub fn with_attribute(self, name: &'static str, value: impl IntoAttributeValue) -> Self {
        debug_assert!(
            matches!(self, Self::Element(_)),
            "`attr:{name}` needs a component that returns an element"
        );
        match self {
            Self::Element(element) => Self::Element(element.attribute(name, value)),
            node => node,
        }
    }
}

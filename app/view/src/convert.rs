//! What can stand between tags and as the value of an attribute.

use std::{any::Any, borrow::Cow};

use leptos::prelude::*;

use crate::{AttributeValue, Element, Node, dynamic};

/// A value that can stand between the tags of [`view!`](crate::view!).
pub trait IntoNode {
    /// Converts it to a node.
    fn into_node(self) -> Node;
}

impl IntoNode for Node {
    fn into_node(self) -> Node {
        self
    }
}

impl IntoNode for () {
    fn into_node(self) -> Node {
        Node::Empty
    }
}

/// An empty text is [`Node::Empty`]. (Leptos writes a space, so that there is a text node to hydrate.)
impl IntoNode for Cow<'static, str> {
    fn into_node(self) -> Node {
        if self.is_empty() { Node::Empty } else { Node::Text(self) }
    }
}

impl IntoNode for &'static str {
    fn into_node(self) -> Node {
        Cow::Borrowed(self).into_node()
    }
}

impl IntoNode for String {
    fn into_node(self) -> Node {
        Cow::<str>::Owned(self).into_node()
    }
}

macro_rules! text_of_display {
    ($($type:ty),*) => {$(
        impl IntoNode for $type {
            fn into_node(self) -> Node {
                self.to_string().into_node()
            }
        }
    )*};
}
text_of_display!(char, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64);

impl IntoNode for Element {
    fn into_node(self) -> Node {
        Node::Element(self)
    }
}

impl IntoNode for AnyView {
    fn into_node(self) -> Node {
        Node::View(self)
    }
}

impl<N: IntoNode> IntoNode for Option<N> {
    fn into_node(self) -> Node {
        self.map_or(Node::Empty, N::into_node)
    }
}

impl<N: IntoNode> IntoNode for Vec<N> {
    fn into_node(self) -> Node {
        Node::Fragment(self.into_iter().map(N::into_node).collect())
    }
}

impl<F, N> IntoNode for F
where
    F: Fn() -> N + Send + 'static,
    N: IntoNode,
{
    fn into_node(self) -> Node {
        dynamic(self)
    }
}

macro_rules! nodes_of_signals {
    ($($signal:ident),*) => {$(
        impl<T: IntoNode + Clone + Send + Sync + 'static> IntoNode for $signal<T> {
            fn into_node(self) -> Node {
                dynamic(move || self.get())
            }
        }
    )*};
}
nodes_of_signals!(RwSignal, ReadSignal, Memo, Signal);

/// A value, or a closure that returns one, that an attribute can have in [`view!`](crate::view!).
pub trait IntoAttributeValue {
    /// Converts it to a fixed value, or to a closure that computes it.
    fn into_attribute_value(self) -> AttributeSource;
}

/// Where the value of an attribute comes from.
pub enum AttributeSource {
    /// The value is fixed.
    Fixed(AttributeValue),
    /// The value is computed again whenever a signal that the closure reads changes.
    Computed(Box<dyn Fn() -> AttributeValue + Send>),
}

macro_rules! fixed_values {
    ($($type:ty),*) => {$(
        impl IntoAttributeValue for $type {
            fn into_attribute_value(self) -> AttributeSource {
                AttributeSource::Fixed(self.into())
            }
        }
    )*};
}
fixed_values!(AttributeValue, &'static str, String, Cow<'static, str>, bool, u32, u64, usize, i32, i64, f64);

impl<V: Into<AttributeValue>> IntoAttributeValue for Option<V> {
    fn into_attribute_value(self) -> AttributeSource {
        AttributeSource::Fixed(self.into())
    }
}

impl<F, V> IntoAttributeValue for F
where
    F: Fn() -> V + Send + 'static,
    V: Into<AttributeValue>,
{
    fn into_attribute_value(self) -> AttributeSource {
        AttributeSource::Computed(Box::new(move || self().into()))
    }
}

macro_rules! attribute_values_of_signals {
    ($($signal:ident),*) => {$(
        impl<T> IntoAttributeValue for $signal<T>
        where
            T: Into<AttributeValue> + Clone + Send + Sync + 'static,
        {
            fn into_attribute_value(self) -> AttributeSource {
                AttributeSource::Computed(Box::new(move || self.get().into()))
            }
        }
    )*};
}
attribute_values_of_signals!(RwSignal, ReadSignal, Memo, Signal);

/// Returns the node of a value that stands between tags.
pub fn to_node(value: impl IntoNode) -> Node {
    value.into_node()
}

/// Returns the node of a component: the node itself where the component is written with this crate, and
/// [`Node::View`] where it returns any other view.
pub fn component_node<V: IntoView + 'static>(view: V) -> Node {
    let mut view = Some(view);
    match (&mut view as &mut dyn Any).downcast_mut::<Option<Node>>() {
        Some(node) => node.take().unwrap_or(Node::Empty),
        None => view.map_or(Node::Empty, |view| Node::View(view.into_any())),
    }
}

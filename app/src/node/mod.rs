//! The pieces that pages are built of.
//!
//! In `view!` every element has a type of its own, and the browser gets the code to build, hydrate and update each
//! of those types: written so, this application weighed 411 KB (brotli). A [`Node`] is one type for all of them.
//! It is a leptos view like any other: it holds other views, and stands in `view!`.
//!
//! ```ignore
//! el("p").class("note").child("It is ").child(live(move || format!("{} o'clock", hour.get())))
//! ```
//!
//! What is inside a [`live`] piece is compared with what stood there before, element by element; what is the
//! same stays as it is.

mod attribute;
mod element;
mod html;
mod hydration;
mod list;
mod many;
mod patch;
mod render;
mod text;

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use leptos::prelude::*;

pub(crate) use attribute::Value;
pub(crate) use element::{El, ElementRef, el, svg};
#[cfg(feature = "hydrate")]
pub(crate) use hydration::is_changed;
use list::List;
pub(crate) use list::list;

/// A piece of a page. (What waits for data, as `Suspense` does, belongs around it, not into it.)
pub(crate) enum Node {
    Nothing,
    Text(Cow<'static, str>),
    Element(El),
    Many(Vec<Node>),
    Live(LiveNode),
    List(List),
    View(AnyView),
}

/// Makes a piece anew whenever something that it reads changes.
type LiveNode = Arc<Mutex<dyn FnMut() -> Node + Send>>;

/// A piece that is made anew whenever something that it reads changes.
pub(crate) fn live<N: Into<Node>>(make: impl Fn() -> N + Send + 'static) -> Node {
    Node::Live(Arc::new(Mutex::new(move || make().into())))
}

/// Pieces one after the other.
pub(crate) fn many<N: Into<Node>>(pieces: impl IntoIterator<Item = N>) -> Node {
    Node::Many(pieces.into_iter().map(Into::into).collect())
}

/// A button that looks like a link.
pub(crate) fn link_button(label: &'static str, act: impl FnMut() + Send + 'static) -> El {
    el("button").attr("type", "button").class("link").on_click(act).child(label)
}

/// A button.
pub(crate) fn button(label: &'static str, act: impl FnMut() + Send + 'static) -> El {
    el("button").attr("type", "button").class("button").on_click(act).child(label)
}

impl From<()> for Node {
    fn from((): ()) -> Self {
        Self::Nothing
    }
}

/// An empty text is nothing. (Leptos writes it as a space, so that there is something to take over.)
impl From<Cow<'static, str>> for Node {
    fn from(text: Cow<'static, str>) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Text(text) }
    }
}

impl From<&'static str> for Node {
    fn from(text: &'static str) -> Self {
        Cow::Borrowed(text).into()
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Cow::<str>::Owned(text).into()
    }
}

impl From<El> for Node {
    fn from(element: El) -> Self {
        Self::Element(element)
    }
}

impl From<AnyView> for Node {
    fn from(view: AnyView) -> Self {
        Self::View(view)
    }
}

impl<N: Into<Self>> From<Option<N>> for Node {
    fn from(piece: Option<N>) -> Self {
        piece.map_or(Self::Nothing, Into::into)
    }
}

#[cfg(test)]
#[cfg(feature = "ssr")]
mod tests;

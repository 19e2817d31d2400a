//! The builders that the page's older parts are written with, over the nodes of the crate `view`.
//!
//! New components are written with `view!`; see the README of `app/view`.

use leptos::ev;
pub(crate) use view::{AttributeValue as Value, Element as El, Node};
use wasm_bindgen::{JsCast, convert::FromWasmAbi};

use crate::browser;

/// An HTML element.
pub(crate) fn el(tag: &'static str) -> El {
    view::element(tag)
}

/// A node that is made again whenever a signal that it reads changes.
pub(crate) fn live<N: Into<Node>>(make: impl Fn() -> N + Send + 'static) -> Node {
    view::dynamic(move || make().into())
}

/// Nodes one after the other.
pub(crate) fn many<N: Into<Node>>(nodes: impl IntoIterator<Item = N>) -> Node {
    Node::Fragment(nodes.into_iter().map(Into::into).collect())
}

/// A row for each key. A key that was there before keeps its row.
pub(crate) fn list(
    keys: impl Fn() -> Vec<String> + Send + 'static,
    row: impl Fn(String) -> Node + Send + Sync + 'static,
) -> Node {
    view::keyed(keys, String::clone, row)
}

/// A button that looks like a link.
pub(crate) fn link_button(label: &'static str, act: impl FnMut() + Send + 'static) -> El {
    el("button").attr("type", "button").class("link").on_click(act).child(label)
}

/// A button.
pub(crate) fn button(label: &'static str, act: impl FnMut() + Send + 'static) -> El {
    el("button").attr("type", "button").class("button").on_click(act).child(label)
}

/// What the page's older parts call on elements.
pub(crate) trait ElementExt: Sized {
    /// Sets an attribute.
    fn attr(self, name: &'static str, value: impl Into<Value>) -> Self;

    /// Sets an attribute, and again whenever a signal that its value reads changes.
    fn live_attr<V: Into<Value>>(self, name: &'static str, value: impl Fn() -> V + Send + 'static) -> Self;

    /// Adds a listener; `E` is the type of the event in the browser.
    fn on<E: FromWasmAbi + JsCast + 'static>(
        self,
        event: &'static str,
        act: impl FnMut(E) + Send + 'static,
    ) -> Self;

    /// Sets the classes.
    fn class(self, class: &'static str) -> Self {
        self.attr("class", class)
    }

    /// Adds a listener for clicks.
    fn on_click(self, mut act: impl FnMut() + Send + 'static) -> Self {
        self.on("click", move |_: web_sys::Event| act())
    }

    /// Asks password managers to leave the field alone.
    fn unmanaged(self) -> Self {
        browser::PASSWORD_MANAGER_OPT_OUT
            .into_iter()
            .fold(self, |field, (name, value)| field.attr(name, value))
    }
}

impl ElementExt for El {
    fn attr(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attribute(name, value.into())
    }

    fn live_attr<V: Into<Value>>(self, name: &'static str, value: impl Fn() -> V + Send + 'static) -> Self {
        self.attribute(name, value)
    }

    fn on<E: FromWasmAbi + JsCast + 'static>(
        self,
        event: &'static str,
        act: impl FnMut(E) + Send + 'static,
    ) -> Self {
        self.listener(ev::Custom::<E>::new(event), act)
    }
}

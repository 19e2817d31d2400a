//! Elements, put together step by step.

use leptos::{html::Custom, prelude::*, tachys::html::node_ref::NodeRefContainer};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{
    Node, Value,
    attribute::{FixedAttribute, INNER_HTML, Listener, LiveAttribute},
};

/// Is told of an element once it is there.
pub(super) type Reference = Option<Box<dyn FnOnce(&Element) + Send>>;

/// Where an element is put once it is there.
pub(crate) type ElementRef = NodeRef<Custom<&'static str>>;

/// An element. (In a box: what is handed on from step to step is a pointer, which makes each step less code.)
pub(crate) struct El(pub(super) Box<Parts>);

/// What an element is made of.
pub(super) struct Parts {
    pub(super) tag: &'static str,
    pub(super) namespace: Option<&'static str>,
    pub(super) fixed: Vec<FixedAttribute>,
    pub(super) live: Vec<LiveAttribute>,
    pub(super) listeners: Vec<Listener>,
    pub(super) reference: Reference,
    pub(super) children: Vec<Node>,
}

/// An HTML element.
pub(crate) fn el(tag: &'static str) -> El {
    in_namespace(None, tag)
}

/// An element of a drawing.
pub(crate) fn svg(tag: &'static str) -> El {
    in_namespace(Some("http://www.w3.org/2000/svg"), tag)
}

/// Elements whose words are no prose: code, paths, output, keys.
const UNTRANSLATED: [&str; 3] = ["code", "pre", "kbd"];

fn in_namespace(namespace: Option<&'static str>, tag: &'static str) -> El {
    let translate = FixedAttribute { name: "translate", value: "no".into() };
    El(Box::new(Parts {
        tag,
        namespace,
        fixed: if UNTRANSLATED.contains(&tag) { vec![translate] } else { Vec::new() },
        live: Vec::new(),
        listeners: Vec::new(),
        reference: None,
        children: Vec::new(),
    }))
}

impl El {
    /// Sets its classes.
    pub(crate) fn class(self, class: &'static str) -> Self {
        self.attr("class", class)
    }

    /// Sets an attribute.
    pub(crate) fn attr(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.fixed.push(FixedAttribute { name, value: value.into() });
        self
    }

    /// Sets an attribute, again whenever something that its value reads changes.
    pub(crate) fn live_attr<V: Into<Value>>(
        mut self,
        name: &'static str,
        value: impl Fn() -> V + Send + 'static,
    ) -> Self {
        self.0.live.push(LiveAttribute { name, value: Box::new(move || value().into()) });
        self
    }

    /// Sets what stands in it as HTML, which must be safe; it takes no children then.
    pub(crate) fn inner_html(self, html: impl Fn() -> String + Send + 'static) -> Self {
        self.live_attr(INNER_HTML, html)
    }

    /// Does something on an event; `E` is what the event is in the browser.
    pub(crate) fn on<E: JsCast>(mut self, event: &'static str, act: impl FnMut(E) + Send + 'static) -> Self {
        self.0.listeners.push(Listener::new(event, act));
        self
    }

    /// Does something on a click.
    pub(crate) fn on_click(self, mut act: impl FnMut() + Send + 'static) -> Self {
        self.on("click", move |_: web_sys::Event| act())
    }

    /// Puts the element into a reference, once it is there.
    pub(crate) fn node_ref(mut self, reference: ElementRef) -> Self {
        self.0.reference = Some(Box::new(move |element| reference.load(element)));
        self
    }

    /// Asks programs that fill in passwords to leave the field alone.
    pub(crate) fn unmanaged(self) -> Self {
        crate::browser::UNMANAGED.into_iter().fold(self, |field, (name, value)| field.attr(name, value))
    }

    /// Adds what stands in it.
    pub(crate) fn child(mut self, child: impl Into<Node>) -> Self {
        self.0.children.push(child.into());
        self
    }
}

//! Attributes and listeners of elements.

use std::borrow::Cow;

use leptos::{
    prelude::*,
    tachys::renderer::{RemoveEventHandler, Rndr},
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlOptionElement};

use super::patch;

/// The value of an attribute; none where the attribute is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Value(pub(super) Option<Cow<'static, str>>);

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self(Some(Cow::Borrowed(text)))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(Some(Cow::Owned(text)))
    }
}

/// An attribute that says something by being there, like `hidden`.
impl From<bool> for Value {
    fn from(set: bool) -> Self {
        Self(set.then_some(Cow::Borrowed("")))
    }
}

impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map(Into::into).unwrap_or_default()
    }
}

impl Value {
    fn write(&self, element: &Element, name: &str) {
        match &self.0 {
            html if name == INNER_HTML => patch::set_inner_html(element, html.as_deref().unwrap_or_default()),
            Some(value) => Rndr::set_attribute(element, name, value),
            None => Rndr::remove_attribute(element, name),
        }
        // Of an option that the reader has chosen once, the browser does not look at the attribute any more.
        if name == "selected"
            && let Some(option) = element.dyn_ref::<HtmlOptionElement>()
        {
            option.set_selected(self.0.is_some());
        }
    }
}

/// An attribute whose value may change.
pub(super) struct LiveAttribute {
    pub(super) name: &'static str,
    pub(super) value: Box<dyn Fn() -> Value + Send>,
}

/// In place of an attribute's name: the value is the HTML inside the element, which has no children then.
pub(super) const INNER_HTML: &str = "";

impl LiveAttribute {
    /// Keeps the element's attribute in step. What the server wrote is right already.
    pub(super) fn attach(self, element: &Element, written: bool) -> RenderEffect<Value> {
        let (name, value, element) = (self.name, self.value, element.clone());
        RenderEffect::new(move |before: Option<Value>| {
            let now = value();
            let same = before.map_or(written, |before| before == now);
            if !same {
                now.write(&element, name);
            }
            now
        })
    }
}

/// An attribute whose value is fixed, as long as its element is not made anew.
#[derive(PartialEq)]
pub(super) struct FixedAttribute {
    pub(super) name: &'static str,
    pub(super) value: Value,
}

impl FixedAttribute {
    pub(super) fn attach(&self, element: &Element) {
        if self.value.0.is_some() {
            self.value.write(element, self.name);
        }
    }

    /// Takes the place of another of the same name.
    pub(super) fn replace(self, other: &mut Self, element: &Element) {
        if self.value != other.value {
            self.value.write(element, self.name);
            *other = self;
        }
    }
}

/// What is to happen on an event.
pub(super) struct Listener {
    pub(super) event: &'static str,
    pub(super) act: Box<dyn FnMut(JsValue) + Send>,
}

impl Listener {
    pub(super) fn new<E: JsCast>(event: &'static str, mut act: impl FnMut(E) + Send + 'static) -> Self {
        Self { event, act: Box::new(move |event| act(event.unchecked_into())) }
    }

    pub(super) fn attach(self, element: &Element) -> RemoveEventHandler<Element> {
        let (owner, mut act) = (Owner::current().unwrap_or_default(), self.act);
        let act = move |event| {
            // What a listener reads is not tracked, and that is as it should be.
            #[cfg(debug_assertions)]
            let _zone = leptos::reactive::diagnostics::SpecialNonReactiveZone::enter();
            owner.with(|| act(event));
        };
        Rndr::add_event_listener(element, self.event, Box::new(act))
    }
}

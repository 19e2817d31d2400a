//! Attributes and listeners of elements.

use std::borrow::Cow;

use leptos::{
    prelude::*,
    tachys::renderer::{RemoveEventHandler, Rndr},
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlOptionElement};

use crate::{convert::AttributeSource, patch};

/// The value of an attribute; `None` if the attribute is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributeValue(pub(crate) Option<Cow<'static, str>>);

impl From<&'static str> for AttributeValue {
    fn from(text: &'static str) -> Self {
        Self(Some(Cow::Borrowed(text)))
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self(Some(Cow::Owned(text)))
    }
}

impl From<Cow<'static, str>> for AttributeValue {
    fn from(text: Cow<'static, str>) -> Self {
        Self(Some(text))
    }
}

/// An attribute whose presence is its value, like `hidden`.
impl From<bool> for AttributeValue {
    fn from(is_set: bool) -> Self {
        Self(is_set.then_some(Cow::Borrowed("")))
    }
}

macro_rules! text_of_number {
    ($($type:ty),*) => {$(
        impl From<$type> for AttributeValue {
            fn from(number: $type) -> Self {
                number.to_string().into()
            }
        }
    )*};
}
text_of_number!(u32, u64, usize, i32, i64, f64);

impl<V: Into<Self>> From<Option<V>> for AttributeValue {
    fn from(value: Option<V>) -> Self {
        value.map(Into::into).unwrap_or_default()
    }
}

impl AttributeValue {
    fn write(&self, element: &Element, name: &str) {
        match &self.0 {
            html if name == INNER_HTML => patch::set_inner_html(element, html.as_deref().unwrap_or_default()),
            Some(value) => Rndr::set_attribute(element, name, value),
            None => Rndr::remove_attribute(element, name),
        }
        // Once the user has chosen an option, the browser ignores the attribute.
        if name == "selected"
            && let Some(option) = element.dyn_ref::<HtmlOptionElement>()
        {
            option.set_selected(self.0.is_some());
        }
    }
}

impl AttributeSource {
    /// Returns the present value.
    pub(crate) fn now(&self) -> AttributeValue {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Computed(value) => value(),
        }
    }
}

/// The name under which the HTML inside an element is kept; no attribute can be called so.
pub(crate) const INNER_HTML: &str = "";

/// An attribute whose value may change.
pub(crate) struct DynamicAttribute {
    pub(crate) name: &'static str,
    pub(crate) value: Box<dyn Fn() -> AttributeValue + Send>,
}

impl DynamicAttribute {
    /// Keeps the element's attribute up to date. `is_written` is `true` if the server has written the present value.
    pub(crate) fn attach(self, element: &Element, is_written: bool) -> RenderEffect<AttributeValue> {
        let (name, value, element) = (self.name, self.value, element.clone());
        RenderEffect::new(move |before: Option<AttributeValue>| {
            let now = value();
            let is_same = before.map_or(is_written, |before| before == now);
            if !is_same {
                now.write(&element, name);
            }
            now
        })
    }
}

/// An attribute whose value is fixed until its element is replaced.
#[derive(PartialEq)]
pub(crate) struct FixedAttribute {
    pub(crate) name: &'static str,
    pub(crate) value: AttributeValue,
}

impl FixedAttribute {
    pub(crate) fn attach(&self, element: &Element) {
        if self.value.0.is_some() {
            self.value.write(element, self.name);
        }
    }

    /// Replaces `other`, an attribute of the same name.
    pub(crate) fn replace(self, other: &mut Self, element: &Element) {
        if self.value != other.value {
            self.value.write(element, self.name);
            *other = self;
        }
    }
}

/// A listener for an event.
pub(crate) struct Listener {
    event: Cow<'static, str>,
    handler: Box<dyn FnMut(JsValue) + Send>,
}

impl Listener {
    pub(crate) fn new<E: JsCast>(
        event: Cow<'static, str>,
        mut handler: impl FnMut(E) + Send + 'static,
    ) -> Self {
        Self { event, handler: Box::new(move |event| handler(event.unchecked_into())) }
    }

    pub(crate) fn attach(self, element: &Element) -> RemoveEventHandler<Element> {
        let (owner, mut handler) = (Owner::current().unwrap_or_default(), self.handler);
        let handler = move |event| {
            // What a listener reads is not tracked, which is intended.
            #[cfg(debug_assertions)]
            let _zone = leptos::reactive::diagnostics::SpecialNonReactiveZone::enter();
            owner.with(|| handler(event));
        };
        Rndr::add_event_listener(element, &self.event, Box::new(handler))
    }
}

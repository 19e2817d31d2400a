//! Properties of the objects that stand for elements in the browser: `prop:value=…`.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::Element;

/// The value of a property.
#[derive(Clone, Debug, PartialEq)]
pub enum PropertyValue {
    /// A string.
    Text(String),
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
}

impl From<String> for PropertyValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for PropertyValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for PropertyValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for PropertyValue {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<i32> for PropertyValue {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

/// A value, or a closure that returns one, that a property can have in [`view!`](crate::view!).
pub trait IntoPropertyValue {
    /// Converts it to a closure that computes the value.
    fn into_property_value(self) -> Box<dyn Fn() -> PropertyValue + Send>;
}

macro_rules! fixed_values {
    ($($type:ty),*) => {$(
        impl IntoPropertyValue for $type {
            fn into_property_value(self) -> Box<dyn Fn() -> PropertyValue + Send> {
                let value = PropertyValue::from(self);
                Box::new(move || value.clone())
            }
        }
    )*};
}
fixed_values!(String, &'static str, bool, f64, i32);

impl<F, V> IntoPropertyValue for F
where
    F: Fn() -> V + Send + 'static,
    V: Into<PropertyValue>,
{
    fn into_property_value(self) -> Box<dyn Fn() -> PropertyValue + Send> {
        Box::new(move || self().into())
    }
}

/// A property of an element.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) source: Box<dyn Fn() -> PropertyValue + Send>,
}

impl Property {
    /// Sets the property, and again whenever its value changes.
    pub(crate) fn attach(self, element: &Element) -> RenderEffect<PropertyValue> {
        let Self { name, source } = self;
        let element = element.clone();
        RenderEffect::new(move |before: Option<PropertyValue>| {
            let now = source();
            if before.as_ref() != Some(&now) {
                let value = match &now {
                    PropertyValue::Text(text) => JsValue::from_str(text),
                    PropertyValue::Bool(value) => JsValue::from_bool(*value),
                    PropertyValue::Number(value) => JsValue::from_f64(*value),
                };
                // A property that the element's object refuses is the same as one it does not have.
                let _ = js_sys::Reflect::set(&element, &JsValue::from_str(name), &value);
            }
            now
        })
    }
}

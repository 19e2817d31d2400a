//! Elements, put together step by step.

use std::borrow::Cow;

use leptos::{
    ev::EventDescriptor,
    html::{Custom, ElementType},
    prelude::*,
    tachys::html::node_ref::NodeRefContainer,
};
use wasm_bindgen::JsCast;

use crate::{
    AttributeValue, IntoAttributeValue, IntoNode, Node,
    attribute::{DynamicAttribute, FixedAttribute, INNER_HTML, Listener},
    convert::AttributeSource,
    property::{IntoPropertyValue, Property},
};

/// Called with the element once it exists in the browser.
pub(crate) type OnReady = Option<Box<dyn FnOnce(&web_sys::Element) + Send>>;

/// A reference to an element of any tag.
pub type ElementRef = NodeRef<Custom<&'static str>>;

/// An element. (Its parts are in a box, so that each step of building it moves a pointer only.)
#[must_use]
pub struct Element(pub(crate) Box<ElementParts>);

/// What an element is made of.
pub(crate) struct ElementParts {
    pub(crate) tag: &'static str,
    pub(crate) namespace: Option<&'static str>,
    pub(crate) attributes: Vec<FixedAttribute>,
    pub(crate) dynamic_attributes: Vec<DynamicAttribute>,
    pub(crate) properties: Vec<Property>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) on_ready: OnReady,
    pub(crate) children: Vec<Node>,
}

/// Returns an HTML element without attributes and children.
pub fn element(tag: &'static str) -> Element {
    in_namespace(None, tag)
}

/// Returns an SVG element without attributes and children.
pub fn svg_element(tag: &'static str) -> Element {
    in_namespace(Some("http://www.w3.org/2000/svg"), tag)
}

/// Elements whose text is not prose: code, paths, output, keys. The browser must not translate them.
const UNTRANSLATED: [&str; 3] = ["code", "pre", "kbd"];

fn in_namespace(namespace: Option<&'static str>, tag: &'static str) -> Element {
    let translate = FixedAttribute { name: "translate", value: "no".into() };
    Element(Box::new(ElementParts {
        tag,
        namespace,
        attributes: if UNTRANSLATED.contains(&tag) { vec![translate] } else { Vec::new() },
        dynamic_attributes: Vec::new(),
        properties: Vec::new(),
        listeners: Vec::new(),
        on_ready: None,
        children: Vec::new(),
    }))
}

impl Element {
    /// Sets an attribute. An attribute that is set twice has the last value.
    pub fn attribute(mut self, name: &'static str, value: impl IntoAttributeValue) -> Self {
        self.set(name, value.into_attribute_value());
        self
    }

    /// Sets the attribute `class` from several parts: names, and names that are there while their value is set.
    pub fn classes<const N: usize>(self, parts: [AttributePart; N]) -> Self {
        self.joined("class", parts, |name, value, classes| {
            if !classes.is_empty() {
                classes.push(' ');
            }
            classes.push_str(name.unwrap_or(value));
        })
    }

    /// Sets the attribute `style` from several parts: declarations, and properties with their values.
    pub fn styles<const N: usize>(self, parts: [AttributePart; N]) -> Self {
        self.joined("style", parts, |name, value, style| {
            style.extend(name.into_iter().flat_map(|name| [name, ":"]));
            style.push_str(value);
            if !value.ends_with(';') {
                style.push(';');
            }
        })
    }

    /// Sets an attribute from the parts that have a value. `write` appends a part, given its name and value.
    fn joined<const N: usize>(
        mut self,
        name: &'static str,
        parts: [AttributePart; N],
        write: fn(Option<&'static str>, &str, &mut String),
    ) -> Self {
        let is_fixed = parts.iter().all(|part| matches!(part.source, AttributeSource::Fixed(_)));
        let value = move || {
            let mut value = String::new();
            for part in &parts {
                if let Some(part_value) = part.source.now().0 {
                    write(part.name, &part_value, &mut value);
                }
            }
            AttributeValue(Some(value).filter(|value| !value.is_empty()).map(Cow::Owned))
        };
        self.set(
            name,
            if is_fixed {
                AttributeSource::Fixed(value())
            } else {
                AttributeSource::Computed(Box::new(value))
            },
        );
        self
    }

    fn set(&mut self, name: &'static str, source: AttributeSource) {
        let parts = &mut *self.0;
        parts.attributes.retain(|other| other.name != name);
        parts.dynamic_attributes.retain(|other| other.name != name);
        match source {
            AttributeSource::Fixed(value) => parts.attributes.push(FixedAttribute { name, value }),
            AttributeSource::Computed(value) => {
                parts.dynamic_attributes.push(DynamicAttribute { name, value });
            }
        }
    }

    /// Sets a property of the element's object in the browser. The server does not write properties.
    pub fn property(mut self, name: &'static str, value: impl IntoPropertyValue) -> Self {
        self.0.properties.push(Property { name, source: value.into_property_value() });
        self
    }

    /// Sets the content as HTML, which must be safe. An element with such content has no children.
    pub fn inner_html(self, html: impl IntoAttributeValue) -> Self {
        self.attribute(INNER_HTML, html)
    }

    /// Adds a listener for a typed event.
    pub fn listener<E>(mut self, event: E, handler: impl FnMut(E::EventType) + Send + 'static) -> Self
    where
        E: EventDescriptor,
        E::EventType: JsCast,
    {
        self.0.listeners.push(Listener::new(event.name(), handler));
        self
    }

    /// Puts the element into a reference, once it exists in the browser.
    pub fn node_ref<E>(mut self, reference: NodeRef<E>) -> Self
    where
        E: ElementType + 'static,
        NodeRef<E>: NodeRefContainer<E>,
    {
        self.0.on_ready = Some(Box::new(move |element| reference.load(element)));
        self
    }

    /// Adds a child after the others.
    pub fn child(mut self, child: impl IntoNode) -> Self {
        self.0.children.push(child.into_node());
        self
    }
}

/// A part of the attribute `class` or `style`.
pub struct AttributePart {
    /// The `name` of `class:name` and `style:name`.
    name: Option<&'static str>,
    source: AttributeSource,
}

impl AttributePart {
    /// Names of classes, or declarations of a style.
    pub fn value(value: impl IntoAttributeValue) -> Self {
        Self { name: None, source: value.into_attribute_value() }
    }

    /// A class that is there while the value is set, or a property of a style with its value.
    pub fn named(name: &'static str, value: impl IntoAttributeValue) -> Self {
        Self { name: Some(name), source: value.into_attribute_value() }
    }
}

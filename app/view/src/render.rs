//! Nodes in the browser: building them, and updating the nodes that are on the page.

use leptos::{
    prelude::*,
    tachys::{
        renderer::{RemoveEventHandler, Rndr},
        view::{Mountable, Render},
    },
};
use web_sys::Element;

use crate::{
    AttributeValue, Element as NodeElement, Node, attribute::FixedAttribute, element::ElementParts,
    fragment::FragmentState, list::KeyedState, node::DynamicNode, property::PropertyValue, text::TextState,
};

/// A node on the page.
#[doc(hidden)]
pub enum NodeState {
    Empty(<() as Render>::State),
    Text(TextState),
    Element(Box<ElementState>),
    Fragment(FragmentState),
    Dynamic(<DynamicNode as Render>::State),
    Keyed(KeyedState),
    View(<AnyView as Render>::State),
}

/// An element on the page.
pub struct ElementState {
    element: Element,
    tag: &'static str,
    attributes: Vec<FixedAttribute>,
    dynamic_attributes: Vec<(&'static str, RenderEffect<AttributeValue>)>,
    properties: Vec<(&'static str, RenderEffect<PropertyValue>)>,
    #[expect(dead_code, reason = "effects and listeners end when they are dropped")]
    listeners: Vec<RemoveEventHandler<Element>>,
    children: Vec<NodeState>,
}

impl Render for Node {
    type State = NodeState;

    fn build(self) -> NodeState {
        match self {
            Self::Empty => NodeState::Empty(().build()),
            Self::Text(text) => NodeState::Text(TextState::build(text, false)),
            Self::Element(element) => NodeState::Element(Box::new(element.build())),
            Self::Fragment(nodes) => NodeState::Fragment(FragmentState::build(nodes)),
            Self::Dynamic(dynamic) => NodeState::Dynamic(dynamic.build()),
            Self::Keyed(list) => NodeState::Keyed(list.build()),
            Self::View(view) => NodeState::View(view.build()),
        }
    }

    fn rebuild(self, state: &mut NodeState) {
        match (self, &mut *state) {
            (Self::Empty, NodeState::Empty(_)) => {}
            (Self::Text(text), NodeState::Text(state)) => state.rebuild(text),
            (Self::Element(element), NodeState::Element(state)) if element.can_become(state) => {
                element.update(state);
            }
            (Self::Fragment(nodes), NodeState::Fragment(state)) => state.rebuild(nodes),
            (Self::Dynamic(dynamic), NodeState::Dynamic(state)) => dynamic.rebuild(state),
            (Self::Keyed(list), NodeState::Keyed(state)) => list.rebuild(state),
            (Self::View(view), NodeState::View(state)) => view.rebuild(state),
            (node, state) => {
                let mut new = node.build();
                state.insert_before_this(&mut new);
                state.unmount();
                *state = new;
            }
        }
    }
}

impl NodeElement {
    pub(crate) fn build(self) -> ElementState {
        let mut parts = *self.0;
        let element = Rndr::create_element(parts.tag, parts.namespace);
        for attribute in &parts.attributes {
            attribute.attach(&element);
        }
        let children = std::mem::take(&mut parts.children);
        let is_alone = children.len() == 1;
        let children = children.into_iter().map(|child| {
            let mut child = match child {
                Node::Text(text) => NodeState::Text(TextState::build(text, is_alone)),
                child => child.build(),
            };
            child.mount(&element, None);
            child
        });
        let children = children.collect();
        parts.attach(element, children, false)
    }

    /// Returns `true` if the element on the page can become this one.
    fn can_become(&self, state: &ElementState) -> bool {
        let parts = &self.0;
        parts.tag == state.tag
            && parts.children.len() == state.children.len()
            && parts.properties.iter().map(|one| one.name).eq(state.properties.iter().map(|(name, _)| *name))
            && parts.attributes.iter().map(|one| one.name).eq(state.attributes.iter().map(|one| one.name))
            && parts
                .dynamic_attributes
                .iter()
                .map(|one| one.name)
                .eq(state.dynamic_attributes.iter().map(|(name, _)| *name))
    }

    /// Makes the element on the page become this one.
    fn update(self, state: &mut ElementState) {
        let mut parts = *self.0;
        let mut children = std::mem::take(&mut state.children);
        for (new, old) in std::mem::take(&mut parts.children).into_iter().zip(&mut children) {
            new.rebuild(old);
        }
        let mut attributes = std::mem::take(&mut state.attributes);
        for (new, old) in std::mem::take(&mut parts.attributes).into_iter().zip(&mut attributes) {
            new.replace(old, &state.element);
        }
        *state = ElementState { attributes, ..parts.attach(state.element.clone(), children, false) };
    }
}

impl ElementParts {
    /// Attaches to an element what acts on it as long as it is on the page. `is_written` is `true` if the server has
    /// written its attributes.
    pub(crate) fn attach(self, element: Element, children: Vec<NodeState>, is_written: bool) -> ElementState {
        let dynamic = self.dynamic_attributes.into_iter();
        let dynamic_attributes =
            dynamic.map(|attribute| (attribute.name, attribute.attach(&element, is_written))).collect();
        let properties =
            self.properties.into_iter().map(|property| (property.name, property.attach(&element))).collect();
        let listeners = self.listeners.into_iter().map(|listener| listener.attach(&element)).collect();
        if let Some(on_ready) = self.on_ready {
            on_ready(&element);
        }
        ElementState {
            element,
            tag: self.tag,
            attributes: self.attributes,
            dynamic_attributes,
            properties,
            listeners,
            children,
        }
    }
}

impl NodeState {
    fn part(&self) -> &dyn Mountable {
        match self {
            Self::Empty(part) => part,
            Self::Text(part) => part,
            Self::Element(part) => &**part,
            Self::Fragment(part) => part,
            Self::Dynamic(part) => part,
            Self::Keyed(part) => part,
            Self::View(part) => part,
        }
    }

    fn part_mut(&mut self) -> &mut dyn Mountable {
        match self {
            Self::Empty(part) => part,
            Self::Text(part) => part,
            Self::Element(part) => &mut **part,
            Self::Fragment(part) => part,
            Self::Dynamic(part) => part,
            Self::Keyed(part) => part,
            Self::View(part) => part,
        }
    }
}

impl Mountable for NodeState {
    fn unmount(&mut self) {
        self.part_mut().unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&web_sys::Node>) {
        self.part_mut().mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.part().insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.part().elements()
    }
}

impl Mountable for ElementState {
    fn unmount(&mut self) {
        self.element.remove();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&web_sys::Node>) {
        Rndr::insert_node(parent, &self.element, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let Some(parent) = self.element.parent_element() else { return false };
        child.mount(&parent, Some(&self.element));
        true
    }

    fn elements(&self) -> Vec<Element> {
        vec![self.element.clone()]
    }
}

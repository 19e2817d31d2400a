//! Nodes in the browser: building them, and bringing them in step with what stood there before.

use leptos::{
    prelude::*,
    tachys::{
        renderer::{RemoveEventHandler, Rndr},
        view::{Mountable, Render},
    },
};
use web_sys::Element;

use super::{
    El, LiveNode, Node, Value, attribute::FixedAttribute, element::Reference, list::ListState,
    many::ManyState, text::TextState,
};

/// A node that is there.
pub(crate) enum NodeState {
    Nothing(<() as Render>::State),
    Text(TextState),
    Element(Box<ElState>),
    Many(ManyState),
    Live(<LiveNode as Render>::State),
    List(ListState),
    View(<AnyView as Render>::State),
}

/// An element that is there.
pub(crate) struct ElState {
    pub(super) element: Element,
    pub(super) tag: &'static str,
    pub(super) fixed: Vec<FixedAttribute>,
    pub(super) live: Vec<RenderEffect<Value>>,
    pub(super) listeners: Vec<RemoveEventHandler<Element>>,
    pub(super) children: Vec<NodeState>,
}

impl Render for Node {
    type State = NodeState;

    fn build(self) -> NodeState {
        match self {
            Self::Nothing => NodeState::Nothing(().build()),
            Self::Text(text) => NodeState::Text(TextState::build(text, false)),
            Self::Element(element) => NodeState::Element(Box::new(element.build())),
            Self::Many(nodes) => NodeState::Many(ManyState::build(nodes)),
            Self::Live(live) => NodeState::Live(live.build()),
            Self::List(list) => NodeState::List(list.build()),
            Self::View(view) => NodeState::View(view.build()),
        }
    }

    fn rebuild(self, state: &mut NodeState) {
        match (self, &mut *state) {
            (Self::Nothing, NodeState::Nothing(_)) => {}
            (Self::Text(text), NodeState::Text(state)) => state.rebuild(text),
            (Self::Element(element), NodeState::Element(state)) if element.resembles(state) => {
                element.update(state);
            }
            (Self::Many(nodes), NodeState::Many(state)) => state.rebuild(nodes),
            (Self::Live(live), NodeState::Live(state)) => live.rebuild(state),
            (Self::List(list), NodeState::List(state)) => list.rebuild(state),
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

impl El {
    pub(super) fn build(self) -> ElState {
        let parts = *self.0;
        let element = Rndr::create_element(parts.tag, parts.namespace);
        for attribute in &parts.fixed {
            attribute.attach(&element);
        }
        let alone = parts.children.len() == 1;
        let children = parts.children.into_iter().map(|child| {
            let mut child = match child {
                Node::Text(text) => NodeState::Text(TextState::build(text, alone)),
                child => child.build(),
            };
            child.mount(&element, None);
            child
        });
        let children = children.collect();
        ElState {
            tag: parts.tag,
            fixed: parts.fixed,
            live: parts.live.into_iter().map(|attribute| attribute.attach(&element, false)).collect(),
            listeners: parts.listeners.into_iter().map(|listener| listener.attach(&element)).collect(),
            children,
            element: refer(element, parts.reference),
        }
    }

    /// Whether an element that is there can become this one.
    fn resembles(&self, state: &ElState) -> bool {
        let names =
            |attributes: &[FixedAttribute]| -> Vec<_> { attributes.iter().map(|one| one.name).collect() };
        self.0.tag == state.tag
            && self.0.children.len() == state.children.len()
            && self.0.live.len() == state.live.len()
            && names(&self.0.fixed) == names(&state.fixed)
    }

    /// Makes an element that is there become this one.
    fn update(self, state: &mut ElState) {
        let parts = *self.0;
        let element = &state.element;
        for (new, old) in parts.fixed.into_iter().zip(&mut state.fixed) {
            new.replace(old, element);
        }
        state.live = parts.live.into_iter().map(|attribute| attribute.attach(element, false)).collect();
        state.listeners = parts.listeners.into_iter().map(|listener| listener.attach(element)).collect();
        for (new, old) in parts.children.into_iter().zip(&mut state.children) {
            new.rebuild(old);
        }
        refer(element.clone(), parts.reference);
    }
}

/// Tells who wants to know of an element.
pub(super) fn refer(element: Element, reference: Reference) -> Element {
    if let Some(reference) = reference {
        reference(&element);
    }
    element
}

impl NodeState {
    fn part(&self) -> &dyn Mountable {
        match self {
            Self::Nothing(part) => part,
            Self::Text(part) => part,
            Self::Element(part) => &**part,
            Self::Many(part) => part,
            Self::Live(part) => part,
            Self::List(part) => part,
            Self::View(part) => part,
        }
    }

    fn part_mut(&mut self) -> &mut dyn Mountable {
        match self {
            Self::Nothing(part) => part,
            Self::Text(part) => part,
            Self::Element(part) => &mut **part,
            Self::Many(part) => part,
            Self::Live(part) => part,
            Self::List(part) => part,
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

impl Mountable for ElState {
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

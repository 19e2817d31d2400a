//! Nodes one after the other, matched by their places.

use leptos::{
    prelude::*,
    tachys::{
        hydration::Cursor,
        renderer::{Rndr, types::Placeholder},
        view::{Mountable, PositionState, Render},
    },
};
use web_sys::Element;

use crate::{Node, hydration, render::NodeState};

/// A fragment on the page.
pub struct FragmentState {
    nodes: Vec<NodeState>,
    /// Stands after the last node.
    end: Placeholder,
}

impl FragmentState {
    pub(crate) fn build(nodes: Vec<Node>) -> Self {
        Self { nodes: nodes.into_iter().map(Node::build).collect(), end: Rndr::create_placeholder() }
    }

    pub(crate) fn hydrate(nodes: Vec<Node>, cursor: &Cursor, position: &PositionState) -> Self {
        let nodes = nodes.into_iter().map(|node| node.hydrate::<true>(cursor, position)).collect();
        Self { nodes, end: hydration::placeholder(cursor, position) }
    }

    pub(crate) fn rebuild(&mut self, nodes: Vec<Node>) {
        for mut gone in self.nodes.drain(nodes.len().min(self.nodes.len())..) {
            gone.unmount();
        }
        let mut nodes = nodes.into_iter();
        for (state, node) in self.nodes.iter_mut().zip(nodes.by_ref()) {
            node.rebuild(state);
        }
        for node in nodes {
            let mut state = node.build();
            self.end.insert_before_this(&mut state);
            self.nodes.push(state);
        }
    }
}

impl Mountable for FragmentState {
    fn unmount(&mut self) {
        self.nodes.iter_mut().for_each(Mountable::unmount);
        self.end.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&web_sys::Node>) {
        for node in &mut self.nodes {
            node.mount(parent, marker);
        }
        self.end.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        match self.nodes.first() {
            Some(first) => first.insert_before_this(child),
            None => self.end.insert_before_this(child),
        }
    }

    fn elements(&self) -> Vec<Element> {
        self.nodes.iter().flat_map(Mountable::elements).collect()
    }
}

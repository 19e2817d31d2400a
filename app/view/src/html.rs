//! Nodes as HTML, and taking over what was written so.

use std::borrow::Cow;

use leptos::{
    prelude::*,
    tachys::{
        html::attribute::{Attribute, AttributeValue, any_attribute::AnyAttribute},
        hydration::Cursor,
        view::{Position, PositionState, Render, add_attr::AddAnyAttr},
    },
};
use wasm_bindgen::JsCast;

use crate::{
    Element, Node,
    attribute::INNER_HTML,
    fragment::FragmentState,
    hydration::{self, Expected},
    render::{ElementState, NodeState},
    text::TextState,
};

/// A node takes no attributes from around it.
impl AddAnyAttr for Node {
    type Output<New: Attribute> = Self;

    fn add_any_attr<New: Attribute>(self, _: New) -> Self {
        self
    }
}

impl RenderHtml for Node {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        html: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        _: Vec<AnyAttribute>,
    ) {
        match self {
            Self::Empty => ().to_html_with_buf(html, position, escape, mark_branches, Vec::new()),
            Self::Text(text) => text.to_html_with_buf(html, position, escape, mark_branches, Vec::new()),
            Self::Element(element) => element.write(html, position),
            Self::Fragment(nodes) => {
                nodes.to_html_with_buf(html, position, escape, mark_branches, Vec::new());
            }
            Self::Dynamic(dynamic) => {
                dynamic.to_html_with_buf(html, position, escape, mark_branches, Vec::new());
            }
            Self::Keyed(list) => list.write(html, position, escape, mark_branches),
            Self::View(view) => view.to_html_with_buf(html, position, escape, mark_branches, Vec::new()),
        }
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> NodeState {
        match self {
            Self::Empty if hydration::fits(Expected::Placeholder, cursor, position) => {
                NodeState::Empty(RenderHtml::hydrate::<FROM_SERVER>((), cursor, position))
            }
            Self::Empty => NodeState::Empty(Render::build(())),
            Self::Text(text) => NodeState::Text(hydrate_text(text, false, cursor, position)),
            Self::Element(element) => NodeState::Element(Box::new(element.hydrate(cursor, position))),
            Self::Fragment(nodes) => NodeState::Fragment(FragmentState::hydrate(nodes, cursor, position)),
            Self::Dynamic(dynamic) => NodeState::Dynamic(dynamic.hydrate::<FROM_SERVER>(cursor, position)),
            Self::Keyed(list) => NodeState::Keyed(list.hydrate::<FROM_SERVER>(cursor, position)),
            Self::View(view) => NodeState::View(view.hydrate::<FROM_SERVER>(cursor, position)),
        }
    }

    fn into_owned(self) -> Self {
        self
    }
}

fn hydrate_text(
    text: Cow<'static, str>,
    alone: bool,
    cursor: &Cursor,
    position: &PositionState,
) -> TextState {
    if !hydration::fits(Expected::Text, cursor, position) {
        return TextState::build(text, alone);
    }
    // Goes to the text, whatever it says.
    let _ = RenderHtml::hydrate::<true>("", cursor, position);
    let state = TextState::take_over(cursor.current().unchecked_into(), text, alone);
    cursor.set(state.last());
    state
}

/// Elements without content, which have no end tag.
const VOID_ELEMENTS: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

impl Element {
    fn write(self, html: &mut String, position: &mut Position) {
        let parts = *self.0;
        html.push('<');
        html.push_str(parts.tag);
        let computed =
            parts.dynamic_attributes.into_iter().map(|attribute| (attribute.name, (attribute.value)()));
        let fixed = parts.attributes.into_iter().map(|attribute| (attribute.name, attribute.value));
        let mut inner_html = None;
        for (name, value) in fixed.chain(computed) {
            match value.0 {
                value if name == INNER_HTML => inner_html = value,
                Some(value) if value.is_empty() => html.extend([" ", name]),
                Some(value) => AttributeValue::to_html(&*value, name, html),
                None => {}
            }
        }
        html.push('>');
        if !VOID_ELEMENTS.contains(&parts.tag) {
            *position = Position::FirstChild;
            html.push_str(inner_html.as_deref().unwrap_or_default());
            for child in parts.children {
                child.to_html_with_buf(html, position, true, false, Vec::new());
            }
            html.extend(["</", parts.tag, ">"]);
        }
        *position = Position::NextChild;
    }

    fn hydrate(self, cursor: &Cursor, position: &PositionState) -> ElementState {
        let class = self.0.attributes.iter().find(|attribute| attribute.name == "class");
        let class = class.and_then(|class| class.value.0.as_deref());
        if !hydration::fits(Expected::Element { tag: self.0.tag, class }, cursor, position) {
            return self.build();
        }
        let mut parts = *self.0;
        match position.get() {
            Position::FirstChild => cursor.child(),
            Position::Current => {}
            _ => cursor.sibling(),
        }
        let element: web_sys::Element = cursor.current().unchecked_into();
        position.set(Position::FirstChild);
        let children = std::mem::take(&mut parts.children);
        let is_alone = children.len() == 1;
        let children = children.into_iter().map(|child| match child {
            Node::Text(text) => NodeState::Text(hydrate_text(text, is_alone, cursor, position)),
            child => child.hydrate::<true>(cursor, position),
        });
        let children = children.collect();
        cursor.set(element.clone().unchecked_into());
        position.set(Position::NextChild);
        parts.attach(element, children, true)
    }
}

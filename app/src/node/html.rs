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

use super::{
    El, Node,
    attribute::INNER_HTML,
    hydration::{self, Expected},
    many::ManyState,
    render::{ElState, NodeState, refer},
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
            Self::Nothing => ().to_html_with_buf(html, position, escape, mark_branches, Vec::new()),
            Self::Text(text) => text.to_html_with_buf(html, position, escape, mark_branches, Vec::new()),
            Self::Element(element) => element.write(html, position),
            Self::Many(nodes) => nodes.to_html_with_buf(html, position, escape, mark_branches, Vec::new()),
            Self::Live(live) => live.to_html_with_buf(html, position, escape, mark_branches, Vec::new()),
            Self::List(list) => list.write(html, position, escape, mark_branches),
            Self::View(view) => view.to_html_with_buf(html, position, escape, mark_branches, Vec::new()),
        }
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> NodeState {
        match self {
            Self::Nothing if hydration::fits(Expected::Placeholder, cursor, position) => {
                NodeState::Nothing(RenderHtml::hydrate::<FROM_SERVER>((), cursor, position))
            }
            Self::Nothing => NodeState::Nothing(Render::build(())),
            Self::Text(text) => NodeState::Text(hydrate_text(text, false, cursor, position)),
            Self::Element(element) => NodeState::Element(Box::new(element.hydrate(cursor, position))),
            Self::Many(nodes) => NodeState::Many(ManyState::hydrate(nodes, cursor, position)),
            Self::Live(live) => NodeState::Live(live.hydrate::<FROM_SERVER>(cursor, position)),
            Self::List(list) => NodeState::List(list.hydrate::<FROM_SERVER>(cursor, position)),
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

impl El {
    fn write(self, html: &mut String, position: &mut Position) {
        let parts = *self.0;
        html.push('<');
        html.push_str(parts.tag);
        let live = parts.live.into_iter().map(|attribute| (attribute.name, (attribute.value)()));
        let fixed = parts.fixed.into_iter().map(|attribute| (attribute.name, attribute.value));
        let mut inner_html = None;
        for (name, value) in fixed.chain(live) {
            match value.0 {
                value if name == INNER_HTML => inner_html = value,
                Some(value) if value.is_empty() => html.extend([" ", name]),
                Some(value) => AttributeValue::to_html(&*value, name, html),
                None => {}
            }
        }
        html.push('>');
        *position = Position::FirstChild;
        html.push_str(inner_html.as_deref().unwrap_or_default());
        for child in parts.children {
            child.to_html_with_buf(html, position, true, false, Vec::new());
        }
        html.extend(["</", parts.tag, ">"]);
        *position = Position::NextChild;
    }

    fn hydrate(self, cursor: &Cursor, position: &PositionState) -> ElState {
        let class = self.0.fixed.iter().find(|attribute| attribute.name == "class");
        let class = class.and_then(|class| class.value.0.as_deref());
        if !hydration::fits(Expected::Element { tag: self.0.tag, class }, cursor, position) {
            return self.build();
        }
        let parts = *self.0;
        match position.get() {
            Position::FirstChild => cursor.child(),
            Position::Current => {}
            _ => cursor.sibling(),
        }
        let element: web_sys::Element = cursor.current().unchecked_into();
        let live = parts.live.into_iter().map(|attribute| attribute.attach(&element, true)).collect();
        let listeners = parts.listeners.into_iter().map(|listener| listener.attach(&element)).collect();
        position.set(Position::FirstChild);
        let alone = parts.children.len() == 1;
        let children = parts.children.into_iter().map(|child| match child {
            Node::Text(text) => NodeState::Text(hydrate_text(text, alone, cursor, position)),
            child => child.hydrate::<true>(cursor, position),
        });
        let children = children.collect();
        cursor.set(element.clone().unchecked_into());
        position.set(Position::NextChild);
        ElState {
            tag: parts.tag,
            fixed: parts.fixed,
            live,
            listeners,
            children,
            element: refer(element, parts.reference),
        }
    }
}

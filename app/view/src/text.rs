//! Texts, which stay the page's own while the browser translates it.
//!
//! A browser that translates takes text nodes out of the page and puts `<font>` elements in their places. A text that
//! changes puts its node back first, and the browser translates that anew.

use std::borrow::Cow;

use leptos::tachys::{
    renderer::{Rndr, types::Placeholder},
    view::Mountable,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, Node, Text};

/// A text that is there.
pub struct TextState {
    node: Text,
    text: Cow<'static, str>,
    /// Where the page has put it.
    parent: Option<Node>,
    /// Stands behind a text that may have siblings: no browser translates a comment.
    end: Option<Placeholder>,
}

impl TextState {
    /// A text that is not on the page yet. One that is `alone` fills its element.
    pub(crate) fn build(text: Cow<'static, str>, alone: bool) -> Self {
        let node = Rndr::create_text_node(&text);
        Self { node, text, parent: None, end: (!alone).then(Rndr::create_placeholder) }
    }

    /// Takes over a text that the server has written.
    pub(crate) fn take_over(node: Text, text: Cow<'static, str>, alone: bool) -> Self {
        let parent = node.parent_node();
        let end = parent.as_ref().filter(|_| !alone).map(|parent| {
            let end = Rndr::create_placeholder();
            let _ = parent.insert_before(&end, node.next_sibling().as_ref());
            end
        });
        Self { node, text, parent, end }
    }

    /// The last node of it.
    pub(crate) fn last(&self) -> Node {
        self.end.as_ref().map_or_else(|| self.node.clone().into(), |end| end.clone().into())
    }

    pub(crate) fn rebuild(&mut self, text: Cow<'static, str>) {
        if text != self.text {
            self.put_back();
            self.node.set_data(&text);
            self.text = text;
        }
    }

    /// Puts the text where the page had put it, in place of what a translation has put there.
    fn put_back(&self) {
        if self.parent.is_none() || self.node.parent_node() == self.parent {
            return;
        }
        match (&self.end, &self.parent) {
            (Some(end), _) => {
                while let Some(font) = end.previous_sibling().filter(is_translation) {
                    remove(&font);
                }
                if let Some(parent) = end.parent_node() {
                    let _ = parent.insert_before(&self.node, Some(end));
                }
            }
            (None, Some(parent)) => {
                parent.set_text_content(None);
                let _ = parent.append_child(&self.node);
            }
            (None, None) => {}
        }
    }
}

fn is_translation(node: &Node) -> bool {
    node.dyn_ref::<Element>().is_some_and(|element| element.local_name() == "font")
}

fn remove(node: &Node) {
    if let Some(parent) = node.parent_node() {
        let _ = parent.remove_child(node);
    }
}

impl Mountable for TextState {
    fn unmount(&mut self) {
        self.put_back();
        remove(&self.node);
        self.end.iter().for_each(|end| remove(end));
        self.parent = None;
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        Rndr::insert_node(parent, &self.node, marker);
        if let Some(end) = &self.end {
            Rndr::insert_node(parent, end, marker);
        }
        self.parent = Some(parent.clone().into());
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.put_back();
        let Some(parent) = self.node.parent_element() else { return false };
        child.mount(&parent, Some(&self.node));
        true
    }

    fn elements(&self) -> Vec<Element> {
        Vec::new()
    }
}

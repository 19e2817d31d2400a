//! Lists whose rows have keys, and keep their elements and state while rows come, go and move.
//!
//! Leptos's keyed list takes all other rows out of the page and puts them back when two rows or more come at its
//! beginning, and the browser then lays out and styles all of them again. This list moves only the rows that must.

use std::{
    any::Any,
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use leptos::{
    prelude::*,
    tachys::{
        hydration::Cursor,
        renderer::{Rndr, types::Placeholder},
        view::{Mountable, Position, PositionState, Render},
    },
};
use web_sys::Element;

use crate::{IntoNode, Node, dynamic, hydration, render::NodeState};

/// Returns a row for each item. An item whose key was there before keeps its row; `row` is called for new keys only.
pub fn keyed<I, K, T, N>(
    items: impl Fn() -> I + Send + 'static,
    key: impl Fn(&T) -> K + Send + 'static,
    row: impl Fn(T) -> N + Send + Sync + 'static,
) -> Node
where
    I: IntoIterator<Item = T>,
    K: Eq + Hash + Send + 'static,
    T: Send + 'static,
    N: IntoNode,
{
    let row = Arc::new(row);
    // What a row makes lives as long as the row, not only until the items change.
    let owner = Owner::current().unwrap_or_default();
    dynamic(move || {
        let rows = items().into_iter().map(|item| {
            let (key, row) = (Key(Box::new(key(&item))), row.clone());
            let make: MakeRow = Box::new(move || row(item).into_node());
            (key, make)
        });
        Node::Keyed(Keyed { rows: rows.collect(), owner: owner.clone() })
    })
}

type MakeRow = Box<dyn FnOnce() -> Node + Send>;

/// A list before it is on the page.
pub struct Keyed {
    rows: Vec<(Key, MakeRow)>,
    owner: Owner,
}

/// A list on the page.
pub struct KeyedState {
    rows: Vec<(Key, Row)>,
    /// Stands after the last row.
    end: Placeholder,
}

struct Row {
    /// What is on the page; dropped before its owner.
    state: NodeState,
    _owner: Owner,
}

/// A key of any type.
struct Key(Box<dyn ErasedKey>);

trait ErasedKey: Any + Send {
    fn equals(&self, other: &dyn Any) -> bool;
    fn hash_into(&self, hasher: &mut dyn Hasher);
}

impl<K: Eq + Hash + Send + 'static> ErasedKey for K {
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }

    fn hash_into(&self, mut hasher: &mut dyn Hasher) {
        self.hash(&mut hasher);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let other: &dyn Any = &*other.0;
        self.0.equals(other)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.hash_into(hasher);
    }
}

impl Keyed {
    /// Makes a row and does something with it. What the row makes belongs to the row's owner.
    fn row(owner: &Owner, make: MakeRow, put: impl FnOnce(Node) -> NodeState) -> Row {
        let owner = owner.with(Owner::new);
        let state = owner.with(|| put(make()));
        Row { state, _owner: owner }
    }

    pub(crate) fn build(self) -> KeyedState {
        let owner = self.owner;
        let rows = self.rows.into_iter().map(|(key, make)| (key, Self::row(&owner, make, Node::build)));
        KeyedState { rows: rows.collect(), end: Rndr::create_placeholder() }
    }

    /// Makes the list on the page be this one.
    pub(crate) fn rebuild(self, state: &mut KeyedState) {
        let mut old: HashMap<Key, (usize, Row)> = HashMap::with_capacity(state.rows.len());
        for (place, (key, row)) in state.rows.drain(..).enumerate() {
            // Keys must be unique. If two are equal, the row that cannot be found again must not stay on the page.
            if let Some((_, mut twin)) = old.insert(key, (place, row)) {
                twin.state.unmount();
            }
        }
        let mut places = Vec::with_capacity(self.rows.len());
        for (key, make) in self.rows {
            let (place, row) = match old.remove(&key) {
                Some((place, row)) => (Some(place), row),
                None => (None, Self::row(&self.owner, make, Node::build)),
            };
            places.push(place);
            state.rows.push((key, row));
        }
        for (_, mut row) in old.into_values() {
            row.state.unmount();
        }
        for (at, stays) in keep_in_place(&places).into_iter().enumerate().rev() {
            if !stays {
                let (before, after) = state.rows.split_at_mut(at + 1);
                let row = &mut before[at].1.state;
                // The rows of a list that is not on the page are mounted with the list.
                match after.first() {
                    Some((_, next)) => next.state.insert_before_this(row),
                    None => state.end.insert_before_this(row),
                };
            }
        }
    }

    pub(crate) fn write(self, html: &mut String, position: &mut Position, escape: bool, mark: bool) {
        #[cfg(feature = "ssr")]
        let budget = self.owner.with(use_context::<crate::RenderBudget>);
        for (_, make) in self.rows {
            #[cfg(feature = "ssr")]
            if budget.as_ref().is_some_and(|budget| !budget.allows(html.len())) {
                break;
            }
            let owner = self.owner.with(Owner::new);
            let row = owner.with(make);
            owner.with(|| row.to_html_with_buf(html, position, escape, mark, Vec::new()));
            *position = Position::NextChild;
        }
        html.push_str("<!>");
    }

    pub(crate) fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> KeyedState {
        let hydrate = |row: Node| row.hydrate::<FROM_SERVER>(cursor, position);
        let rows = self.rows.into_iter().map(|(key, make)| (key, Self::row(&self.owner, make, hydrate)));
        let rows = rows.collect();
        KeyedState { rows, end: hydration::placeholder(cursor, position) }
    }
}

/// Returns for each row whether it can stay in its place. `places` holds each row's place before; `None` if it is new.
fn keep_in_place(places: &[Option<usize>]) -> Vec<bool> {
    let mut next = usize::MAX;
    let mut stays: Vec<bool> = places
        .iter()
        .rev()
        .map(|place| {
            let before_next = place.filter(|place| *place < next);
            next = before_next.unwrap_or(next);
            before_next.is_some()
        })
        .collect();
    stays.reverse();
    stays
}

impl Mountable for KeyedState {
    fn unmount(&mut self) {
        for (_, row) in &mut self.rows {
            row.state.unmount();
        }
        self.end.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&web_sys::Node>) {
        for (_, row) in &mut self.rows {
            row.state.mount(parent, marker);
        }
        self.end.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        match self.rows.first() {
            Some((_, row)) => row.state.insert_before_this(child),
            None => self.end.insert_before_this(child),
        }
    }

    fn elements(&self) -> Vec<Element> {
        self.rows.iter().flat_map(|(_, row)| row.state.elements()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_come_and_go_move_no_other_row() {
        let places = [None, None, Some(0), Some(1), None, Some(4), Some(5), None];
        assert_eq!(keep_in_place(&places), places.map(|place| place.is_some()));
    }

    #[test]
    fn row_that_moves_up_moves_alone() {
        let places = [Some(3), Some(0), Some(1), Some(2), Some(4)];
        assert_eq!(keep_in_place(&places), [false, true, true, true, true]);
    }

    #[test]
    fn rows_that_stay_are_in_order() {
        let places = [Some(2), None, Some(0), Some(3), Some(1)];
        let stays = keep_in_place(&places);
        let kept: Vec<_> =
            places.iter().zip(stays).filter_map(|(place, stays)| place.filter(|_| stays)).collect();
        assert!(kept.is_sorted() && !kept.is_empty());
    }

    #[test]
    fn keys_of_different_types_are_not_equal() {
        assert!(Key(Box::new(1_u32)) == Key(Box::new(1_u32)));
        assert!(Key(Box::new(1_u32)) != Key(Box::new(1_u64)));
        assert!(Key(Box::new("a")) != Key(Box::new("b")));
    }
}

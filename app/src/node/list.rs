//! Lists whose items have names, and keep what they are while they come, go and move.
//!
//! Not leptos's `For`: of that each use is a type of its own, and when two items or more come at the beginning of a list
//! it takes every other one out of the page and puts it back, which the browser lays out and styles anew.

use std::{collections::HashMap, sync::Arc};

use leptos::{
    prelude::*,
    tachys::{
        hydration::Cursor,
        renderer::{Rndr, types::Placeholder},
        view::{Mountable, Position, PositionState, Render},
    },
};
use web_sys::Element;

use super::{Node, hydration, live, render::NodeState};

/// One piece for each key. A key that is still there keeps its piece; `piece` is asked for new ones only.
pub(crate) fn list(
    keys: impl Fn() -> Vec<String> + Send + 'static,
    piece: impl Fn(String) -> Node + Send + Sync + 'static,
) -> Node {
    let piece: Piece = Arc::new(piece);
    // What each piece makes lives as long as the piece, not only until the keys change.
    let owner = Owner::current().unwrap_or_default();
    live(move || Node::List(List { keys: keys(), piece: piece.clone(), owner: owner.clone() }))
}

type Piece = Arc<dyn Fn(String) -> Node + Send + Sync>;

/// A list as it is to be.
pub(crate) struct List {
    keys: Vec<String>,
    piece: Piece,
    owner: Owner,
}

/// A list that is there.
pub(crate) struct ListState {
    rows: Vec<Row>,
    /// Stands behind the last row.
    end: Placeholder,
}

struct Row {
    key: String,
    /// What is on the page; dropped before what it was made with.
    state: NodeState,
    _owner: Owner,
}

impl List {
    /// Makes the piece of a key, and does something with it; what it makes is the row's.
    fn row(&self, key: String, put: impl FnOnce(Node) -> NodeState) -> Row {
        let owner = self.owner.with(Owner::new);
        let state = owner.with(|| put((self.piece)(key.clone())));
        Row { key, state, _owner: owner }
    }

    pub(super) fn build(mut self) -> ListState {
        let keys = std::mem::take(&mut self.keys);
        let rows = keys.into_iter().map(|key| self.row(key, Node::build)).collect();
        ListState { rows, end: Rndr::create_placeholder() }
    }

    /// Brings the list that is there in step.
    pub(super) fn rebuild(mut self, state: &mut ListState) {
        let keys = std::mem::take(&mut self.keys);
        let mut old: HashMap<String, (usize, Row)> = HashMap::with_capacity(state.rows.len());
        for (place, row) in state.rows.drain(..).enumerate() {
            // Two of one name should not be; if they are, the one that nobody finds again must not stay on the page.
            if let Some((_, mut twin)) = old.insert(row.key.clone(), (place, row)) {
                twin.state.unmount();
            }
        }
        let rows: Vec<(Option<usize>, Row)> = keys
            .into_iter()
            .map(|key| match old.remove(&key) {
                Some((place, row)) => (Some(place), row),
                None => (None, self.row(key, Node::build)),
            })
            .collect();
        for (_, mut row) in old.into_values() {
            row.state.unmount();
        }
        let places: Vec<_> = rows.iter().map(|(place, _)| *place).collect();
        state.rows = rows.into_iter().map(|(_, row)| row).collect();
        for (at, stays) in staying(&places).into_iter().enumerate().rev() {
            if !stays {
                let (before, after) = state.rows.split_at_mut(at + 1);
                let row = &mut before[at].state;
                // In a list that is not on the page it gets there with the list.
                match after.first() {
                    Some(next) => next.state.insert_before_this(row),
                    None => state.end.insert_before_this(row),
                };
            }
        }
    }

    pub(super) fn write(mut self, html: &mut String, position: &mut Position, escape: bool, mark: bool) {
        #[cfg(feature = "ssr")]
        let budget = self.owner.with(use_context::<crate::render_budget::RenderBudget>);
        for key in std::mem::take(&mut self.keys) {
            #[cfg(feature = "ssr")]
            if budget.as_ref().is_some_and(|budget| !budget.allows(html.len())) {
                break;
            }
            let owner = self.owner.with(Owner::new);
            let piece = owner.with(|| (self.piece)(key));
            owner.with(|| piece.to_html_with_buf(html, position, escape, mark, Vec::new()));
            *position = Position::NextChild;
        }
        html.push_str("<!>");
    }

    pub(super) fn hydrate<const FROM_SERVER: bool>(
        mut self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> ListState {
        let keys = std::mem::take(&mut self.keys);
        let take_over = |piece: Node| piece.hydrate::<FROM_SERVER>(cursor, position);
        let rows = keys.into_iter().map(|key| self.row(key, take_over)).collect();
        ListState { rows, end: hydration::placeholder(cursor, position) }
    }
}

/// Which rows are where they have to be already, given where each was before: none was, if it is new. What comes and
/// goes moves nobody else.
fn staying(places: &[Option<usize>]) -> Vec<bool> {
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

impl Mountable for ListState {
    fn unmount(&mut self) {
        for row in &mut self.rows {
            row.state.unmount();
        }
        self.end.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&web_sys::Node>) {
        for row in &mut self.rows {
            row.state.mount(parent, marker);
        }
        self.end.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        match self.rows.first() {
            Some(row) => row.state.insert_before_this(child),
            None => self.end.insert_before_this(child),
        }
    }

    fn elements(&self) -> Vec<Element> {
        self.rows.iter().flat_map(|row| row.state.elements()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_moves_nobody() {
        let places = [None, None, Some(0), Some(1), None, Some(4), Some(5), None];
        assert_eq!(staying(&places), places.map(|place| place.is_some()));
    }

    #[test]
    fn what_moves_up_moves_alone() {
        let places = [Some(3), Some(0), Some(1), Some(2), Some(4)];
        assert_eq!(staying(&places), [false, true, true, true, true]);
    }

    #[test]
    fn what_changes_its_order_is_put_right() {
        // Whatever the order was: taking out what moves leaves the rest in order.
        let places = [Some(2), None, Some(0), Some(3), Some(1)];
        let stays = staying(&places);
        let kept: Vec<_> =
            places.iter().zip(stays).filter_map(|(place, stays)| place.filter(|_| stays)).collect();
        assert!(kept.is_sorted() && !kept.is_empty());
    }
}

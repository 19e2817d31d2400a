//! Search results in a thread.

use serde::Serialize;

use crate::{
    ids::{ItemId, TurnId},
    lenient_deserialize,
};

/// A page of search results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matches {
    /// The matches, newest first.
    pub matches: Vec<Match>,
    /// Where the search continues in older entries. `None` once the whole thread has been searched.
    pub next: Option<SearchCursor>,
}
lenient_deserialize!(Matches { matches, next });

/// The position at which a search continues. At least one of the fields is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SearchCursor {
    /// The entry before which the search continues.
    pub before: Option<ItemId>,
    /// The cursor of the page before which the search continues.
    pub cursor: Option<String>,
}
lenient_deserialize!(SearchCursor { before, cursor });

/// An entry that contains the search text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The entry's id.
    pub id: ItemId,
    /// The entry's turn.
    pub turn: Option<TurnId>,
    /// The text around the match, on one line.
    pub excerpt: String,
}
lenient_deserialize!(Match { id, turn, excerpt });

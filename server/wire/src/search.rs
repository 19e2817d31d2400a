//! What is found in a conversation.

use serde::Serialize;

use crate::{
    ids::{ItemId, TurnId},
    read_fields,
};

/// A part of what a search has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matches {
    /// The newest first.
    pub matches: Vec<Match>,
    /// Where the search continues, further back; `None` once all has been searched.
    pub next: Option<SearchPlace>,
}
read_fields!(Matches { matches, next });

/// Where a search continues. At least one of the two is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SearchPlace {
    /// It continues before this entry.
    pub before: Option<ItemId>,
    /// The cursor of the page before which it continues.
    pub cursor: Option<String>,
}
read_fields!(SearchPlace { before, cursor });

/// An entry in which a text stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The entry's id.
    pub id: ItemId,
    /// The turn it belongs to.
    pub turn: Option<TurnId>,
    /// A line of what stands around the text.
    pub excerpt: String,
}
read_fields!(Match { id, turn, excerpt });

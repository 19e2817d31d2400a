//! What is found in a conversation.

use serde::Serialize;

use crate::{
    ids::{ItemId, TurnId},
    read_fields,
};

/// The entries in which a text stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matches {
    /// The newest first.
    pub matches: Vec<Match>,
    /// Whether there may be more, further back.
    pub more: bool,
}
read_fields!(Matches { matches, more });

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

//! Lists whose items have names, and keep what they are while they come, go and move.

use leptos::{
    control_flow::{For, ForProps},
    prelude::*,
};

use super::Node;

/// One piece for each key. A key that is still there keeps its piece; `piece` is asked for new ones only.
pub(crate) fn list(
    keys: impl Fn() -> Vec<String> + Send + Sync + 'static,
    piece: impl Fn(String) -> Node + Send + Sync + 'static,
) -> Node {
    keyed(Box::new(keys), std::sync::Arc::new(piece))
}

type Piece = std::sync::Arc<dyn Fn(String) -> Node + Send + Sync>;

/// Every list is of this one type.
fn keyed(keys: Box<dyn Fn() -> Vec<String> + Send + Sync>, piece: Piece) -> Node {
    let list = ForProps::builder().each(keys).key(String::clone).children(move |key| piece(key)).build();
    Node::View(For(list).into_any())
}

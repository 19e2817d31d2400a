//! The composer: writes and sends messages.
//!
//! - `form`: the root component; `state`: what its components share
//! - [`text_area`]: the field; `keys`: the field's keys; [`enter`]: what Enter does
//! - `models`, `permission`, `when_busy`: the settings of the next message; `picker`: what they share
//! - `attachments`: images; `drop_target`: files that are dropped on the page
//! - `suggestions`: completions of files and commands
//! - `send`: sending; `history`: recalling sent messages
//! - `initial_text`: text for a composer that is not on the page yet
//! - `draft_owner`: removes drafts of other people
//!
//! Drafts are stored by [`crate::state::drafts`], which the conversation uses too.

mod attachments;
mod draft_owner;
mod drop_target;
pub(crate) mod enter;
mod form;
mod history;
mod initial_text;
mod keys;
mod models;
mod permission;
mod picker;
mod send;
mod state;
mod suggestions;
mod text_area;
mod when_busy;

#[cfg(feature = "hydrate")]
pub(crate) use self::initial_text::typed_text;
use self::state::{ComposerState, Options, PickedSettings};
pub(crate) use self::{
    attachments::Thumbnail,
    draft_owner::clear_drafts_of_other_owners,
    drop_target::guard_window,
    form::{Composer, mirrored},
    initial_text::InitialText,
    send::RENAME,
    text_area::TextArea,
};

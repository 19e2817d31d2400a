//! Changes of files as they are read: line by line, on one side or on two, each line to be commented on.
//!
//! - [`view`]: the lines of one file's change
//! - [`files`]: files, each a row that opens its change
//! - `blocks`: which lines stand together
//! - `words`: what differs within a line
//! - `comment`: writing about a line
//! - `keys`: going from line to line

mod blocks;
mod comment;
mod files;
mod keys;
mod view;
mod words;

pub(crate) use files::{counts_view, file_row, kind_word};
pub(crate) use view::diff_view;

pub(crate) use crate::state::ChangedFile;

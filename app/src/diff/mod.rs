//! Diffs of files: unified or side by side, with a comment form for each line.
//!
//! - `lines`: the lines of one file's diff
//! - `files`: changed files, each a row with its diff below
//! - `blocks`: groups of lines
//! - `changed_words`: the words that differ within a changed line
//! - `comment`: the form below a line
//! - `keyboard`: moving from line to line by keyboard

mod blocks;
mod changed_words;
mod comment;
mod files;
mod keyboard;
mod lines;

pub(crate) use files::{DiffStat, FileRow, change_label};
pub(crate) use lines::{DiffLines, load_diff};

//! Texts taken apart for display: plain functions, no view and no browser in them.

pub(crate) mod ansi;
pub(crate) mod direction;
pub(crate) mod excerpt;
pub(crate) mod format;
pub(crate) mod hidden;
pub(crate) mod upstream;

//! Formats and splits texts for display.

pub(crate) mod ansi;
pub(crate) mod direction;
pub(crate) mod excerpt;
pub(crate) mod format;
pub(crate) mod hidden;
pub(crate) mod upstream;

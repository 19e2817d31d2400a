//! The details panel beside a conversation.
//!
//! - `details_panel`: the frame, the tabs and the button that opens the panel
//! - `changes`, `plan`, `usage`, `events`: the content of the tabs
//! - `segments`: a switch between two options

mod changes;
mod details_panel;
mod events;
mod plan;
mod segments;
mod usage;

pub(crate) use details_panel::{DetailsButton, DetailsPanel, load_panel};

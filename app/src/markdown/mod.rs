//! Markdown as the model writes it: while a message streams, only its last, still open block is
//! parsed and redrawn; whatever is closed never changes again.
//!
//! `blocks` decides what is closed, `html` writes one block as safe HTML, `highlight` has the colours
//! of code, `view` keeps the page in step.

pub mod blocks;
mod clipboard;
mod escape;
mod fence;
pub(crate) mod highlight;
mod html;
pub mod view;

pub use clipboard::copy_text;
pub(crate) use view::markdown_view;
pub use view::{MarkdownLabels, MarkdownText};

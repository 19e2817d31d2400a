//! Markdown as the model writes it: while a message streams, only its last, still open block is
//! parsed and redrawn; whatever is closed never changes again.
//!
//! `blocks` decides what is closed, `html` writes one block as safe HTML, `costly` finds what would take the
//! parser too long, `prepare` marks what the parser would misread, `highlight` has the colours of code, `view` keeps the
//! page in step.
//!
//! The text is the model's, so all of this takes time in proportion to its length: what would take more is shown as
//! plain text ([`blocks::BlockKind::Plain`]), and nothing of it is left out.

mod address;
pub mod blocks;
mod clipboard;
mod costly;
mod escape;
mod fence;
pub(crate) mod highlight;
mod html;
mod inline;
mod math;
mod nested;
mod prepare;
mod titles;
pub mod view;

pub use clipboard::copy_text;
pub(crate) use view::markdown_view;
pub use view::{AlertLabels, MarkdownLabels, MarkdownText};

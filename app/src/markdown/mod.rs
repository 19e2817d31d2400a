//! Markdown of the model's messages, drawn while they stream.
//!
//! Only the blocks at the end of a message, which are still open, are parsed and redrawn as the message grows. A closed
//! block never changes again.
//!
//! The model may write anything, so the time for a message is proportional to its length. Text that would take longer is
//! shown as plain text ([`blocks::BlockKind::Plain`]) and never left out.
//!
//! - [`blocks`]: splits a message into blocks, and decides which of them are closed
//! - `fence`: code blocks that are still open
//! - `html`: parses blocks and writes safe HTML
//! - `costly`: finds text that would take the parser too long
//! - `prepare`: marks text that the parser would misread; `math`: formulas
//! - `inline`, `address`, `titles`: links, file names and titles within the text
//! - `escape`: text as HTML; `placeholder`: the parts of it that the page fills in; `cjk`: a class of characters
//! - `highlight`: syntax highlighting; `page_highlights`: the highlights of a page that the server renders
//! - `markdown_view`, `html_block`, `code_block`: the components; `block_handle`, `labels`: what they share
//! - `clipboard`: copies texts

mod address;
mod block_handle;
pub mod blocks;
mod cjk;
mod clipboard;
mod code_block;
mod costly;
mod escape;
mod fence;
pub(crate) mod highlight;
mod html;
mod html_block;
mod inline;
mod labels;
pub mod markdown_view;
mod math;
#[cfg(feature = "ssr")]
mod page_highlights;
mod placeholder;
mod prepare;
mod titles;

pub use clipboard::copy_text;
pub use labels::{AlertLabels, MarkdownLabels};
pub use markdown_view::MarkdownText;
pub(crate) use markdown_view::MarkdownView;
#[cfg(feature = "ssr")]
pub use page_highlights::{PageHighlights, page_highlights};

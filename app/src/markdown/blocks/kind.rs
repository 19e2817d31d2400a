//! How a block is rendered.

/// How a block is rendered, with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Safe HTML: all tags come from our renderer, none from the message.
    Html {
        /// The HTML, with placeholders for nested code blocks and the titles of alerts.
        html: String,
        /// The nested code blocks, in order.
        codes: Vec<NestedCode>,
    },
    /// A top-level code block.
    Code {
        /// The first word of the fence's info string; may be empty.
        lang: String,
        /// The code. It only grows while the block is open.
        text: String,
        /// `true` if the code is complete.
        closed: bool,
    },
    /// Source that is shown as it is, because it nests too deeply or is too long. It only grows while the block is open.
    Plain(String),
}

/// A code block in a list, a quote or a footnote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedCode {
    /// The first word of the fence's info string; may be empty.
    pub lang: String,
    /// The code.
    pub text: String,
}

impl BlockKind {
    /// Returns `true` if the node that draws `self` can draw `next`. Code and plain text may only have grown.
    pub(super) fn can_become(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Html { .. }, Self::Html { .. }) => true,
            (Self::Code { lang, text, .. }, Self::Code { lang: next_lang, text: next_text, .. }) => {
                lang == next_lang && next_text.starts_with(text.as_str())
            }
            (Self::Plain(text), Self::Plain(next)) => next.starts_with(text.as_str()),
            _ => false,
        }
    }
}

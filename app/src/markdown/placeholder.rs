//! Placeholders in the HTML of a block, which the page replaces by components and labels.

/// Starts a placeholder in the HTML of a block. The next character is the kind of the placeholder.
///
/// The writer never writes this character for a text.
pub(super) const MARK: char = '\0';
/// Placeholder of a nested code block. The code is in [`super::blocks::BlockKind::Html`].
pub(super) const CODE: char = 'C';
/// Placeholders of the titles of alerts.
pub(super) const NOTE: char = 'n';
pub(super) const TIP: char = 't';
pub(super) const IMPORTANT: char = 'i';
pub(super) const WARNING: char = 'w';
pub(super) const CAUTION: char = 'c';

//! The labels of a message.

/// The labels of a message's controls, in the page's language.
#[derive(Clone, Copy, Debug)]
pub struct MarkdownLabels {
    /// On the button that copies a code block.
    pub copy: &'static str,
    /// On the same button for a moment after the copy.
    pub copied: &'static str,
    /// Above a block that is shown as plain text.
    pub plain: &'static str,
    /// The titles of alerts.
    pub alerts: AlertLabels,
}

/// The titles of alerts (`> [!NOTE]`).
#[derive(Clone, Copy, Debug)]
pub struct AlertLabels {
    /// `NOTE`
    pub note: &'static str,
    /// `TIP`
    pub tip: &'static str,
    /// `IMPORTANT`
    pub important: &'static str,
    /// `WARNING`
    pub warning: &'static str,
    /// `CAUTION`
    pub caution: &'static str,
}

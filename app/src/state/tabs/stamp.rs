//! The moment at which a tab took something, by which the tabs agree on which of several that took it has it.

/// When which tab took something.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    /// In Unix milliseconds, or later: after all other stamps that the tab knows.
    pub(super) at: i64,
    /// The tab, which decides between equal moments.
    pub(super) tab: String,
}

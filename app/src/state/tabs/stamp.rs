//! Decides between tabs that claim the same thing.

/// The time of a tab's claim, and the tab. Stamps of different claims are never equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    /// Unix milliseconds, or more: greater than all stamps that the tab knew.
    pub(super) at: i64,
    /// The tab's id. Decides between equal times.
    pub(super) tab: String,
}

//! Extensions of Leptos's signals.

use leptos::prelude::*;

/// Methods that Leptos's signals do not have.
pub(crate) trait RwSignalExt<T> {
    /// Sets the value if it differs from the current one. Does nothing once the signal is disposed.
    fn set_if_changed(&self, value: T)
    where
        T: PartialEq;

    /// Returns the value without tracking it, or the default once the signal is disposed.
    ///
    /// For timers, observers and tasks, which may outlive the page that started them.
    fn get_untracked_or_default(&self) -> T
    where
        T: Clone + Default;

    /// Returns the value and tracks it, or the default once the signal is disposed.
    ///
    /// For functions that render, and that timers, observers and tasks call too.
    fn get_or_default(&self) -> T
    where
        T: Clone + Default;

    /// Replaces the value by the default without notifying, and returns it. Returns the default once the signal is disposed.
    fn take_untracked(&self) -> T
    where
        T: Default;
}

impl<T: Send + Sync + 'static> RwSignalExt<T> for RwSignal<T> {
    fn set_if_changed(&self, value: T)
    where
        T: PartialEq,
    {
        self.try_maybe_update(|current| {
            let is_changed = *current != value;
            if is_changed {
                *current = value;
            }
            (is_changed, ())
        });
    }

    fn get_untracked_or_default(&self) -> T
    where
        T: Clone + Default,
    {
        self.try_get_untracked().unwrap_or_default()
    }

    fn get_or_default(&self) -> T
    where
        T: Clone + Default,
    {
        self.try_get().unwrap_or_default()
    }

    fn take_untracked(&self) -> T
    where
        T: Default,
    {
        self.try_update_untracked(std::mem::take).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_equal_value_does_not_notify() {
        let owner = Owner::new();
        owner.set();
        let signal = RwSignal::new("a".to_owned());
        let reads = Memo::new(move |reads: Option<&usize>| {
            signal.track();
            reads.map_or(1, |reads| reads + 1)
        });
        assert_eq!(reads.get_untracked(), 1);
        signal.set_if_changed("a".to_owned());
        assert_eq!(reads.get_untracked(), 1);
        signal.set_if_changed("b".to_owned());
        assert_eq!(reads.get_untracked(), 2);
    }

    #[test]
    fn taking_leaves_default() {
        let owner = Owner::new();
        owner.set();
        let signal = RwSignal::new(7);
        assert_eq!((signal.take_untracked(), signal.get_untracked()), (7, 0));
    }

    #[test]
    fn disposed_signal_ignores_set_and_reads_default() {
        let owner = Owner::new();
        let signal = owner.with(|| RwSignal::new(7));
        drop(owner);
        signal.set_if_changed(8);
        assert_eq!((signal.get_untracked_or_default(), signal.take_untracked()), (0, 0));
    }
}

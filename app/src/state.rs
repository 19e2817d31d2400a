//! A value that parts of a page watch.

use std::{any::Any, marker::PhantomData};

use leptos::prelude::*;

/// A value, and who is told when it changes. It lives as long as the part of the page that made it.
///
/// This is what leptos calls an `RwSignal`, of which each type of value costs 3.5 KB of code, and there are many.
/// Here the values are boxed, and one type of slot holds them all.
pub(crate) struct State<T> {
    slot: StoredValue<Slot>,
    of: PhantomData<fn() -> T>,
}

struct Slot {
    value: Box<dyn Any + Send + Sync>,
    changed: ArcTrigger,
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for State<T> {}

impl<T: Send + Sync + 'static> State<T> {
    pub(crate) fn new(value: T) -> Self {
        let slot = Slot { value: Box::new(value), changed: ArcTrigger::new() };
        Self { slot: StoredValue::new(slot), of: PhantomData }
    }

    /// Reads it, and again whenever it changes. `None` once it is gone.
    pub(crate) fn try_with<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.slot.try_with_value(|slot| slot.changed.clone())?.track();
        self.try_peek(read)
    }

    /// Reads it as it is now. `None` once it is gone.
    pub(crate) fn try_peek<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.slot.try_with_value(|slot| slot.value.downcast_ref().map(read))?
    }

    /// Changes it; nothing happens once it is gone.
    pub(crate) fn update<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let change = |slot: &mut Slot| Some((slot.value.downcast_mut().map(change)?, slot.changed.clone()));
        let (result, changed) = self.slot.try_update_value(change)??;
        changed.notify();
        Some(result)
    }

    /// Sets it; nothing happens once it is gone.
    pub(crate) fn set(self, value: T) {
        self.update(|old| *old = value);
    }
}

impl<T: Clone + Default + Send + Sync + 'static> State<T> {
    /// Its value, and again whenever it changes.
    pub(crate) fn get(self) -> T {
        self.try_with(Clone::clone).unwrap_or_default()
    }

    /// Its value as it is now.
    pub(crate) fn peek(self) -> T {
        self.try_peek(Clone::clone).unwrap_or_default()
    }

    /// Takes it out as it is now, and tells nobody.
    pub(crate) fn take(self) -> T {
        let take = |slot: &mut Slot| slot.value.downcast_mut().map(std::mem::take);
        self.slot.try_update_value(take).flatten().unwrap_or_default()
    }
}

impl<T: PartialEq + Send + Sync + 'static> State<T> {
    /// Sets it, if it is another than now.
    pub(crate) fn set_to(self, value: T) {
        if self.try_peek(|now| *now != value) == Some(true) {
            self.set(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_it_was_set_to() {
        let owner = Owner::new();
        owner.set();
        let state = State::new(7);
        state.update(|value| *value += 1);
        assert_eq!((state.get(), state.peek()), (8, 8));
        assert_eq!(state.take(), 8);
        assert_eq!(state.get(), 0);
    }

    #[test]
    fn who_watches_is_told_of_changes_only() {
        let owner = Owner::new();
        owner.set();
        let state = State::new("a".to_owned());
        let seen = Memo::new(move |times: Option<&usize>| {
            state.try_with(|_| ());
            times.map_or(1, |times| times + 1)
        });
        assert_eq!(seen.get_untracked(), 1);
        state.set_to("a".to_owned());
        assert_eq!(seen.get_untracked(), 1);
        state.set_to("b".to_owned());
        assert_eq!(seen.get_untracked(), 2);
    }

    #[test]
    fn one_that_is_gone_does_no_harm() {
        let owner = Owner::new();
        let state = owner.with(|| State::new(7));
        drop(owner);
        state.set(8);
        assert_eq!(state.try_peek(|value| *value), None);
    }
}

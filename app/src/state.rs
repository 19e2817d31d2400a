//! A value that parts of a page watch, and what runs when one changes.

use std::{
    any::Any,
    marker::PhantomData,
    sync::{Arc, RwLock},
};

use leptos::prelude::*;

/// A value, and who is told when it changes. It lives as long as the part of the page that made it.
///
/// This is what leptos calls an `RwSignal`, of which each type of value costs 3.5 KB of code, and there are many.
/// Here the values are boxed: one type of slot holds them all, and what each use adds is little more than the use
/// itself.
pub(crate) struct State<T> {
    place: Place,
    of: PhantomData<fn() -> T>,
}

/// Where a value is kept.
#[derive(Clone, Copy)]
struct Place(StoredValue<Arc<Slot>>);

struct Slot {
    value: RwLock<Box<dyn Any + Send + Sync>>,
    changed: ArcTrigger,
}

impl Place {
    // Not inlined: that this is the same code for all types is what makes a use small.
    #[inline(never)]
    fn new(value: Box<dyn Any + Send + Sync>) -> Self {
        Self(StoredValue::new(Arc::new(Slot { value: RwLock::new(value), changed: ArcTrigger::new() })))
    }

    /// None once the part of the page that made it is gone.
    #[inline(never)]
    fn slot(self) -> Option<Arc<Slot>> {
        self.0.try_get_value()
    }

    #[inline(never)]
    fn track(self) {
        if let Some(slot) = self.slot() {
            slot.changed.track();
        }
    }

    #[inline(never)]
    fn notify(self) {
        if let Some(slot) = self.slot() {
            slot.changed.notify();
        }
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for State<T> {}

impl<T: Send + Sync + 'static> State<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { place: Place::new(Box::new(value)), of: PhantomData }
    }

    /// Reads it, and again whenever it changes. `None` once it is gone.
    pub(crate) fn try_with<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.place.track();
        self.try_peek(read)
    }

    /// Reads it as it is now. `None` once it is gone.
    pub(crate) fn try_peek<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        let slot = self.place.slot()?;
        let value = slot.value.read().ok()?;
        value.downcast_ref().map(read)
    }

    /// Changes it; nothing happens once it is gone.
    pub(crate) fn update<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let result = self.alter(change);
        self.place.notify();
        result
    }

    /// Changes it, and tells nobody; nothing happens once it is gone.
    pub(crate) fn alter<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let slot = self.place.slot()?;
        let mut value = slot.value.write().ok()?;
        value.downcast_mut().map(change)
    }

    /// Sets it; nothing happens once it is gone.
    pub(crate) fn set(self, value: T) {
        self.update(|old| *old = value);
    }
}

impl<T: Default + Send + Sync + 'static> State<T> {
    /// Reads it as it is now; the default, once it is gone.
    pub(crate) fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        let slot = self.place.slot();
        let value = slot.as_ref().and_then(|slot| slot.value.read().ok());
        match value.as_ref().and_then(|value| value.downcast_ref()) {
            Some(value) => read(value),
            None => read(&T::default()),
        }
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
        self.alter(std::mem::take).unwrap_or_default()
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

/// Does something once the page is there, and again whenever something that it read changes; in the browser only.
///
/// This is leptos's `Effect::new`, of which each use costs 1.2 KB of code; boxed, they share it.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    fn boxed(mut run: Box<dyn FnMut()>) {
        Effect::new(move |_| run());
    }
    boxed(Box::new(run));
}

/// Does something whenever a value is another than before; not for the first one.
pub(crate) fn on_change<T: PartialEq + 'static>(
    value: impl Fn() -> T + 'static,
    mut act: impl FnMut(&T) + 'static,
) {
    let mut before = None;
    effect(move || {
        let now = value();
        if before.as_ref().is_some_and(|before| *before != now) {
            act(&now);
        }
        before = Some(now);
    });
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

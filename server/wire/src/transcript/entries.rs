//! The entries of a transcript: in order, and by id.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::entry::{Entry, Phase};
use crate::ids::ItemId;

/// A sequence of entries with unique ids, that grows at its end, and at its beginning by whole pages.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    list: VecDeque<Entry>,
    /// Where each entry is, counted so that nothing moves when entries come or go at the beginning.
    places: HashMap<ItemId, i64>,
    /// The place of the first.
    first: i64,
}

impl Entries {
    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.list.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The entry of that id.
    pub fn get(&self, id: &ItemId) -> Option<&Entry> {
        let place = self.places.get(id)?;
        self.list.get(usize::try_from(place - self.first).ok()?)
    }

    /// The newest.
    pub fn last(&self) -> Option<&Entry> {
        self.list.back()
    }

    pub(super) fn get_mut(&mut self, id: &ItemId) -> Option<&mut Entry> {
        let place = self.places.get(id)?;
        self.list.get_mut(usize::try_from(place - self.first).ok()?)
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Entry> {
        self.list.iter_mut()
    }

    /// Appends an entry whose id is not there yet.
    pub(super) fn push(&mut self, entry: Entry) {
        let end = i64::try_from(self.list.len()).unwrap_or(i64::MAX);
        self.places.insert(entry.id.clone(), self.first + end);
        self.list.push_back(entry);
    }

    /// Puts a page of older entries before all others; those that are there already stay as they are.
    pub(super) fn prepend(&mut self, page: Vec<Entry>) {
        for entry in page.into_iter().rev() {
            if !self.places.contains_key(&entry.id) {
                self.first -= 1;
                self.places.insert(entry.id.clone(), self.first);
                self.list.push_front(entry);
            }
        }
    }

    pub(super) fn trim(&mut self, entries: usize, bytes: usize) -> bool {
        let (waiting, others): (Vec<&Entry>, Vec<&Entry>) = self.list.iter().partition(|entry| entry.waits());
        let mut count = others.len();
        let mut weight: usize = others.iter().map(|entry| entry.content.weight()).sum();
        let mut kept = Vec::with_capacity(waiting.len());
        let before = self.list.len();
        while count > 1 && (count > entries || weight > bytes) {
            let Some(oldest) = self.list.front() else { break };
            if !oldest.waits() && oldest.phase == Phase::Running && count <= 2 * entries {
                break;
            }
            self.places.remove(&oldest.id);
            self.first += 1;
            match self.list.pop_front() {
                Some(entry) if entry.waits() => kept.push(entry),
                Some(entry) => {
                    count -= 1;
                    weight -= entry.content.weight();
                }
                None => break,
            }
        }
        self.prepend(kept);
        self.list.len() < before
    }
}

impl FromIterator<Entry> for Entries {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut all = Self::default();
        for entry in entries {
            if !all.places.contains_key(&entry.id) {
                all.push(entry);
            }
        }
        all
    }
}

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.list)
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Entry>::deserialize(deserializer)?.into_iter().collect())
    }
}

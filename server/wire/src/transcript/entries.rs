//! The entries of a transcript, accessible in order and by id.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::entry::{Entry, Phase};
use crate::ids::ItemId;

/// A sequence of entries with unique ids. New entries are appended; pages of older entries are prepended.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    list: VecDeque<Entry>,
    /// The position of each entry. Positions are relative to `first_position`, so that they stay valid when entries are
    /// added or removed at the front.
    positions: HashMap<ItemId, i64>,
    /// The position of the first entry.
    first_position: i64,
}

impl Entries {
    /// Iterates over the entries, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.list.iter()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns `true` if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The entry with this id.
    pub fn get(&self, id: &ItemId) -> Option<&Entry> {
        let position = self.positions.get(id)?;
        self.list.get(usize::try_from(position - self.first_position).ok()?)
    }

    /// The newest entry.
    pub fn last(&self) -> Option<&Entry> {
        self.list.back()
    }

    pub(super) fn get_mut(&mut self, id: &ItemId) -> Option<&mut Entry> {
        let position = self.positions.get(id)?;
        self.list.get_mut(usize::try_from(position - self.first_position).ok()?)
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Entry> {
        self.list.iter_mut()
    }

    /// Appends an entry. Its id must not be present yet.
    pub(super) fn push(&mut self, entry: Entry) {
        let end = i64::try_from(self.list.len()).unwrap_or(i64::MAX);
        self.positions.insert(entry.id.clone(), self.first_position + end);
        self.list.push_back(entry);
    }

    /// Prepends a page of older entries. Entries that are already present stay unchanged.
    pub(super) fn prepend(&mut self, page: Vec<Entry>) {
        for entry in page.into_iter().rev() {
            if !self.positions.contains_key(&entry.id) {
                self.first_position -= 1;
                self.positions.insert(entry.id.clone(), self.first_position);
                self.list.push_front(entry);
            }
        }
    }

    /// Removes the oldest entries; see [`super::Transcript::trim`].
    pub(super) fn trim(&mut self, max_entries: usize, max_bytes: usize) -> bool {
        let (pending, others): (Vec<&Entry>, Vec<&Entry>) =
            self.list.iter().partition(|entry| entry.is_pending_request());
        let mut count = others.len();
        let mut bytes: usize = others.iter().map(|entry| entry.content.approximate_bytes()).sum();
        let mut kept = Vec::with_capacity(pending.len());
        let before = self.list.len();
        while count > 1 && (count > max_entries || bytes > max_bytes) {
            let Some(oldest) = self.list.front() else { break };
            if !oldest.is_pending_request() && oldest.phase == Phase::Running && count <= 2 * max_entries {
                break;
            }
            self.positions.remove(&oldest.id);
            self.first_position += 1;
            match self.list.pop_front() {
                Some(entry) if entry.is_pending_request() => kept.push(entry),
                Some(entry) => {
                    count -= 1;
                    bytes -= entry.content.approximate_bytes();
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
            if !all.positions.contains_key(&entry.id) {
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

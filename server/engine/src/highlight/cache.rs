//! What was highlighted lately.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::Snippet;

/// How much is kept, in bytes of code and runs.
const CAPACITY: usize = 8 * 1024 * 1024;

/// The runs of the pieces that were asked for last. Once it is full, who came first goes first.
#[derive(Debug, Default)]
pub(super) struct Cache {
    runs: HashMap<Arc<Snippet>, Arc<str>>,
    order: VecDeque<Arc<Snippet>>,
    bytes: usize,
}

impl Cache {
    pub(super) fn get(&self, snippet: &Snippet) -> Option<Arc<str>> {
        self.runs.get(snippet).cloned()
    }

    pub(super) fn put(&mut self, snippet: Snippet, runs: Arc<str>) {
        let snippet = Arc::new(snippet);
        self.bytes += size(&snippet, &runs);
        match self.runs.insert(Arc::clone(&snippet), runs) {
            // Two found it at the same time; it keeps its place.
            Some(before) => self.bytes -= size(&snippet, &before),
            None => self.order.push_back(snippet),
        }
        while self.bytes > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(runs) = self.runs.remove(&oldest) {
                self.bytes -= size(&oldest, &runs);
            }
        }
    }
}

fn size(snippet: &Snippet, runs: &str) -> usize {
    /// About what an entry takes beside its texts.
    const ENTRY: usize = 200;
    snippet.lang.len() + snippet.code.len() + runs.len() + ENTRY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet(n: usize, length: usize) -> Snippet {
        Snippet { lang: "rust".into(), code: format!("{n}{}", " ".repeat(length)) }
    }

    #[test]
    fn who_came_first_goes_first() {
        let mut cache = Cache::default();
        let third = CAPACITY / 3;
        for n in 0..3 {
            cache.put(snippet(n, third), "k1".into());
        }
        assert_eq!([0, 1, 2].map(|n| cache.get(&snippet(n, third)).is_some()), [false, true, true]);
        assert!(cache.bytes <= CAPACITY);
    }

    #[test]
    fn the_same_counts_once() {
        let mut cache = Cache::default();
        for runs in ["k1", "k100"] {
            cache.put(snippet(1, 9), runs.into());
        }
        assert_eq!((cache.bytes, cache.order.len()), (size(&snippet(1, 9), "k100"), 1));
        assert_eq!(cache.get(&snippet(1, 9)).as_deref(), Some("k100"));
    }
}

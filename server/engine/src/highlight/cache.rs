//! A cache of highlighted snippets.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::Snippet;

/// The maximum size of the cache, in bytes of code and runs.
const CAPACITY_BYTES: usize = 8 * 1024 * 1024;

/// The runs of recent snippets. A full cache evicts the oldest snippets.
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
            // Two callers highlighted the same snippet. Its place in the order stays.
            Some(before) => self.bytes -= size(&snippet, &before),
            None => self.order.push_back(snippet),
        }
        while self.bytes > CAPACITY_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(runs) = self.runs.remove(&oldest) {
                self.bytes -= size(&oldest, &runs);
            }
        }
    }
}

fn size(snippet: &Snippet, runs: &str) -> usize {
    /// The approximate overhead of an entry.
    const ENTRY_BYTES: usize = 200;
    snippet.lang.len() + snippet.code.len() + runs.len() + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet(n: usize, length: usize) -> Snippet {
        Snippet { lang: "rust".into(), code: format!("{n}{}", " ".repeat(length)) }
    }

    #[test]
    fn oldest_snippet_is_evicted_first() {
        let mut cache = Cache::default();
        let third = CAPACITY_BYTES / 3;
        for n in 0..3 {
            cache.put(snippet(n, third), "k1".into());
        }
        assert_eq!([0, 1, 2].map(|n| cache.get(&snippet(n, third)).is_some()), [false, true, true]);
        assert!(cache.bytes <= CAPACITY_BYTES);
    }

    #[test]
    fn replaced_snippet_is_counted_once() {
        let mut cache = Cache::default();
        for runs in ["k1", "k100"] {
            cache.put(snippet(1, 9), runs.into());
        }
        assert_eq!((cache.bytes, cache.order.len()), (size(&snippet(1, 9), "k100"), 1));
        assert_eq!(cache.get(&snippet(1, 9)).as_deref(), Some("k100"));
    }
}

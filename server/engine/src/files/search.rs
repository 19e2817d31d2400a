//! Ranks the paths of a listing by how well they match a query.

use std::sync::atomic::{AtomicBool, Ordering};

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};

use super::{FileSearchResult, listing::Listing};

/// The number of paths between two checks for cancellation.
const CANCEL_CHECK_INTERVAL: usize = 1024;

/// Returns the paths that contain the letters of each word of the query in order, the best match first. Returns
/// nothing if the search is cancelled.
pub(super) fn best(listing: &Listing, query: &str, limit: usize, cancelled: &AtomicBool) -> FileSearchResult {
    let query = query.trim();
    if query.is_empty() {
        let files = listing.files.iter().take(limit).cloned().collect();
        return FileSearchResult { files, complete: listing.complete };
    }
    let pattern = Pattern::new(query, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy);
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let (mut scored, mut letters) = (Vec::new(), Vec::new());
    for (at, file) in listing.files.iter().enumerate() {
        if at.is_multiple_of(CANCEL_CHECK_INTERVAL) && cancelled.load(Ordering::Relaxed) {
            return FileSearchResult { files: Vec::new(), complete: false };
        }
        if let Some(score) = pattern.score(Utf32Str::new(&file.path, &mut letters), &mut matcher) {
            scored.push((score, file));
        }
    }
    // The sort is stable: of equally good and long paths, the one of less depth comes first.
    scored.sort_by_key(|(score, file)| (std::cmp::Reverse(*score), file.path.len()));
    let files = scored.into_iter().take(limit).map(|(_, file)| file.clone()).collect();
    FileSearchResult { files, complete: listing.complete }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::api::FoundFile;

    use super::*;

    fn listing() -> Listing {
        let file = |path: &str| FoundFile { path: path.to_owned(), directory: false };
        Listing { files: ["a.rs", "b.rs"].map(file).to_vec(), complete: true }
    }

    #[test]
    fn cancelled_search_returns_nothing() {
        let not_cancelled = AtomicBool::new(false);
        assert_eq!(best(&listing(), "rs", 9, &not_cancelled).files.len(), 2);
        let cancelled = AtomicBool::new(true);
        assert_eq!(
            best(&listing(), "rs", 9, &cancelled),
            FileSearchResult { files: Vec::new(), complete: false }
        );
    }

    #[test]
    fn special_characters_in_a_query_are_literal() {
        let not_cancelled = AtomicBool::new(false);
        for query in ["^a", "rs$", "!a", "'a", "\\", "*", "[", "\0", "../a", "𝒳"] {
            assert!(best(&listing(), query, 9, &not_cancelled).files.is_empty(), "{query}");
        }
        let long = "a".repeat(10_000);
        assert!(best(&listing(), &long, 9, &not_cancelled).files.is_empty());
    }
}

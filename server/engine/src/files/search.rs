//! What of a list fits a query best.

use std::sync::atomic::{AtomicBool, Ordering};

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};

use super::{Found, list::List};

/// After how many paths it is asked whether somebody still waits.
const STEP: usize = 1024;

/// The paths that have all words of the query in them, letter by letter in this order; the best first. Nothing, if
/// nobody waits any more.
pub(super) fn best(list: &List, query: &str, limit: usize, abandoned: &AtomicBool) -> Found {
    let query = query.trim();
    if query.is_empty() {
        let files = list.files.iter().take(limit).cloned().collect();
        return Found { files, complete: list.complete };
    }
    let pattern = Pattern::new(query, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy);
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let (mut scored, mut letters) = (Vec::new(), Vec::new());
    for (at, file) in list.files.iter().enumerate() {
        if at.is_multiple_of(STEP) && abandoned.load(Ordering::Relaxed) {
            return Found { files: Vec::new(), complete: false };
        }
        if let Some(score) = pattern.score(Utf32Str::new(&file.path, &mut letters), &mut matcher) {
            scored.push((score, file));
        }
    }
    // The sort is stable: of those that fit as well, the nearer one comes first.
    scored.sort_by_key(|(score, file)| (std::cmp::Reverse(*score), file.path.len()));
    let files = scored.into_iter().take(limit).map(|(_, file)| file.clone()).collect();
    Found { files, complete: list.complete }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::api::FoundFile;

    use super::*;

    fn list() -> List {
        let file = |path: &str| FoundFile { path: path.to_owned(), directory: false };
        List { files: ["a.rs", "b.rs"].map(file).to_vec(), complete: true }
    }

    #[test]
    fn a_search_that_nobody_waits_for_ends() {
        let go_on = AtomicBool::new(false);
        assert_eq!(best(&list(), "rs", 9, &go_on).files.len(), 2);
        let stop = AtomicBool::new(true);
        assert_eq!(best(&list(), "rs", 9, &stop), Found { files: Vec::new(), complete: false });
    }

    #[test]
    fn a_query_is_letters_whatever_they_mean_elsewhere() {
        let go_on = AtomicBool::new(false);
        for query in ["^a", "rs$", "!a", "'a", "\\", "*", "[", "\0", "../a", "𝒳"] {
            assert!(best(&list(), query, 9, &go_on).files.is_empty(), "{query}");
        }
        let long = "a".repeat(10_000);
        assert!(best(&list(), &long, 9, &go_on).files.is_empty());
    }
}

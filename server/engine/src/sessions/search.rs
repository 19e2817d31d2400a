//! Full-text search in a whole conversation.

use std::time::{Duration, Instant};

use codex_gateway_wire::{Entry, Match, Matches, OwnerId, SearchCursor, ThreadId};
use serde_json::Value;

use super::{ItemsQuery, OlderThan, Sessions, ThreadView};
use crate::{blocking::run_blocking, error::SessionError};

/// Maximum number of matches of one part of a search.
const MAX_MATCHES: usize = 200;
/// Number of entries that are read at once. A page is bounded by its bytes as well.
const ENTRIES_PAGE_SIZE: usize = 2_000;
/// A part ends with the first page after this time, so that matches in the newest pages are shown
/// while older pages of a long conversation are searched.
const PART_TIMEOUT: Duration = Duration::from_millis(500);
/// Maximum length of the search text, in bytes.
const MAX_QUERY_BYTES: usize = 200;
/// Number of characters of an excerpt before the match, and of the whole excerpt.
const EXCERPT_CHARS: (usize, usize) = (40, 160);

impl Sessions {
    /// Returns the entries of a thread of the owner that contain a text, newest first. Case is
    /// ignored. One call searches a part of a long thread: the newest part without `from`, then the
    /// part before the previous call's `next`. If no session is in the thread, only the newest part
    /// is searched, which is the part that can be shown.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also for another owner's thread;
    /// [`SessionError::BadCursor`], [`SessionError::NoSuchEntry`] if `from` is of another thread;
    /// [`SessionError::ReadersBusy`], or an error of codex.
    pub async fn search(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
        words: &str,
        from: Option<SearchCursor>,
    ) -> Result<Matches, SessionError> {
        let mut search = Search::new(words);
        let session = match self.view_thread(owner, thread).await? {
            ThreadView::Session(session) => session,
            ThreadView::Stored(transcript, _) => {
                let before = from.and_then(|from| from.before);
                return run_blocking(move || {
                    let mut entries = transcript.entries.iter();
                    let end = before.and_then(|before| entries.position(|entry| entry.id == before));
                    search.push_entries(transcript.entries.iter().take(end.unwrap_or(usize::MAX)));
                    search.into_part(None)
                })
                .await;
            }
        };
        let start = Instant::now();
        let mut from = from;
        loop {
            let older_than = match from {
                Some(SearchCursor { cursor: Some(cursor), .. }) => OlderThan::Page(cursor),
                Some(SearchCursor { before: Some(entry), cursor: None }) => OlderThan::Entry(entry),
                _ => OlderThan::Now,
            };
            let read = self.items(&session, ItemsQuery { older_than, limit: ENTRIES_PAGE_SIZE }).await?;
            let page;
            (search, page) = run_blocking(move || {
                search.push_entries(read.entries.iter());
                (search, read)
            })
            .await?;
            let oldest = page.entries.first().filter(|_| page.older);
            from = oldest.map(|oldest| SearchCursor { before: Some(oldest.id.clone()), cursor: page.cursor });
            if from.is_none() || search.is_full || start.elapsed() > PART_TIMEOUT {
                return Ok(search.into_part(from));
            }
        }
    }
}

struct Search {
    words: String,
    matches: Vec<Match>,
    /// The searched entries contain more matches than are returned.
    is_full: bool,
}

impl Search {
    fn new(words: &str) -> Self {
        let end = words.floor_char_boundary(MAX_QUERY_BYTES);
        let words = to_plain_line(&words[..end]).trim().to_lowercase();
        Self { words, matches: Vec::new(), is_full: false }
    }

    /// Searches entries that are older than those before.
    fn push_entries<'a>(&mut self, entries: impl DoubleEndedIterator<Item = &'a Entry>) {
        if self.words.is_empty() {
            return;
        }
        for entry in entries.rev() {
            if let Some(excerpt) = self.excerpt(entry) {
                if self.matches.len() == MAX_MATCHES {
                    self.is_full = true;
                    return;
                }
                let (id, turn) = (entry.id.clone(), entry.turn_id.clone());
                self.matches.push(Match { id, turn, excerpt });
            }
        }
    }

    /// Returns the matches. `next` is the start of the entries that were not searched.
    fn into_part(self, next: Option<SearchCursor>) -> Matches {
        // Entries between the last returned match and `next` must be searched again.
        let last = self.matches.last().filter(|_| self.is_full);
        let next = last.map(|last| SearchCursor { before: Some(last.id.clone()), cursor: None }).or(next);
        Matches { matches: self.matches, next }
    }

    /// Returns the text around the match in an entry.
    fn excerpt(&self, entry: &Entry) -> Option<String> {
        let content = serde_json::to_value(&entry.content).ok()?;
        find_text(&content, &|text| excerpt(text, &self.words))
    }
}

/// Returns the first match in the texts of a value. Fields that are not shown to users are skipped.
fn find_text(value: &Value, matcher: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    match value {
        Value::String(text) => matcher(text),
        Value::Array(values) => values.iter().find_map(|value| find_text(value, matcher)),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| is_user_visible(name))
            .find_map(|(_, value)| find_text(value, matcher)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn is_user_visible(name: &str) -> bool {
    const WORDS: [&str; 10] =
        ["type", "id", "status", "phase", "kind", "source", "url", "cwd", "textElements", "text_elements"];
    !WORDS.contains(&name) && !name.ends_with("Id") && !name.ends_with("Ids")
}

/// Returns the part of a text around a match, on one line. `words` is in lower case.
fn excerpt(text: &str, words: &str) -> Option<String> {
    let text = to_plain_line(text);
    let lower = text.to_lowercase();
    let at = lower.find(words)?;
    // Counted in characters: the lower-case text may have another number of bytes.
    let (before, length) = EXCERPT_CHARS;
    let from = lower[..at].chars().count().saturating_sub(before);
    let mut line: String = text.chars().skip(from).take(length).collect();
    if from > 0 {
        line.insert(0, '…');
    }
    Some(line)
}

/// Returns a text as it is shown: on one line, without the marks of emphasis and code.
fn to_plain_line(text: &str) -> String {
    let text = text.replace(['*', '`'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, item: &str) -> Entry {
        let json = format!(
            r#"{{"id":"{id}","turnId":"u","phase":"done","content":{{"item":{{"id":"{id}",{item}}}}}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    fn matches(words: &str, entries: &[Entry]) -> Vec<(String, String)> {
        let mut search = Search::new(words);
        search.push_entries(entries.iter());
        search.matches.into_iter().map(|found| (found.id.to_string(), found.excerpt)).collect()
    }

    #[test]
    fn search_ignores_case_and_returns_newest_matches_first() {
        let entries = [
            entry("a", r#""type":"userMessage","content":[{"type":"text","text":"Find **the\nNeedle**"}]"#),
            entry("b", r#""type":"commandExecution","command":"ls","aggregatedOutput":"hay\nneedle\n""#),
            entry("c", r#""type":"hologram","beams":["NEEDLE"],"needle":1"#),
        ];
        let expected = [("c", "NEEDLE"), ("b", "hay needle"), ("a", "Find the Needle")];
        let expected = expected.map(|(id, excerpt)| (id.to_owned(), excerpt.to_owned()));
        assert_eq!(matches(" needle ", &entries), expected);
        assert_eq!(matches("the  NEEDLE", &entries).len(), 1, "white space and case are ignored");
        assert_eq!(matches("userMessage", &entries), [], "words of the protocol are not searched");
        assert_eq!(matches("  ", &entries), []);
    }

    #[test]
    fn excerpt_contains_the_text_around_the_match() {
        let long = format!("{}needle{}", "hay ".repeat(100), " hay".repeat(100));
        let excerpt = excerpt(&long, "needle").unwrap();
        assert!(
            excerpt.starts_with('…') && excerpt.contains("hay needle hay") && excerpt.len() < 170,
            "{excerpt}"
        );
        assert_eq!(super::excerpt("ẞ İstanbul", "stanbul").unwrap(), "ẞ İstanbul");
        assert_eq!(super::excerpt("针在草堆里", "草堆").unwrap(), "针在草堆里");
    }

    #[test]
    fn full_part_continues_before_its_last_match() {
        let entries: Vec<Entry> =
            (0..=MAX_MATCHES).map(|n| entry(&n.to_string(), r#""type":"agentMessage","text":"x""#)).collect();
        let mut search = Search::new("x");
        search.push_entries(entries[1..].iter());
        assert_eq!((search.matches.len(), search.is_full), (MAX_MATCHES, false));
        let page = SearchCursor { before: None, cursor: Some("page".to_owned()) };
        search.push_entries(entries[..1].iter());
        let part = search.into_part(Some(page.clone()));
        let last = SearchCursor { before: Some("1".into()), cursor: None };
        assert_eq!((part.matches.len(), part.next), (MAX_MATCHES, Some(last)));

        let mut search = Search::new("x");
        search.push_entries(entries[..1].iter());
        assert_eq!(search.into_part(Some(page.clone())).next, Some(page));
    }
}

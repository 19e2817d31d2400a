//! Searching in a conversation: in all of it, whoever keeps it.

use std::time::{Duration, Instant};

use codex_gateway_wire::{Entry, Match, Matches, OwnerId, SearchPlace, ThreadId};
use serde_json::Value;

use super::{ItemsQuery, OlderThan, Place, Sessions};
use crate::{aside::aside, error::SessionError};

/// How many entries one part of a search returns at most.
const MAX_MATCHES: usize = 200;
/// How many entries are searched at once. (A page is bounded by its bytes as well.)
const PAGE: usize = 2_000;
/// A part ends with the first page after this time, so that a reader sees what was found in the newest pages while
/// a long conversation is searched further back.
const PART: Duration = Duration::from_millis(500);
/// The longest text that is searched for, in bytes.
const LONGEST: usize = 200;
/// How many characters of an excerpt stand before what was found, and how many it has.
const EXCERPT: (usize, usize) = (40, 160);

impl Sessions {
    /// The entries of a thread of that owner that contain a text, in upper or lower case; the newest first. One call searches a part
    /// of a long thread: the newest without `from`, and further back with what the call before returned as `next`. Of a
    /// thread that no session is in, only the newest part is searched: that is what can be shown of it.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also for a thread of another owner; [`SessionError::BadCursor`],
    /// [`SessionError::NoSuchEntry`] if `from` is of another thread; [`SessionError::TooManyReads`], or what codex says.
    pub async fn search(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
        words: &str,
        from: Option<SearchPlace>,
    ) -> Result<Matches, SessionError> {
        let mut search = Search::new(words);
        let session = match self.find_thread(owner, thread).await? {
            Place::Live(session) => session,
            Place::Past(transcript, _) => {
                let before = from.and_then(|from| from.before);
                return aside(move || {
                    let mut entries = transcript.entries.iter();
                    let end = before.and_then(|before| entries.position(|entry| entry.id == before));
                    search.take(transcript.entries.iter().take(end.unwrap_or(usize::MAX)));
                    search.part(None)
                })
                .await;
            }
        };
        let start = Instant::now();
        let mut from = from;
        loop {
            let older_than = match from {
                Some(SearchPlace { cursor: Some(cursor), .. }) => OlderThan::Page(cursor),
                Some(SearchPlace { before: Some(entry), cursor: None }) => OlderThan::Entry(entry),
                _ => OlderThan::Now,
            };
            let read = self.items(&session, ItemsQuery { older_than, limit: PAGE }).await?;
            let page;
            (search, page) = aside(move || {
                search.take(read.entries.iter());
                (search, read)
            })
            .await?;
            let oldest = page.entries.first().filter(|_| page.older);
            from = oldest.map(|oldest| SearchPlace { before: Some(oldest.id.clone()), cursor: page.cursor });
            if from.is_none() || search.is_full || start.elapsed() > PART {
                return Ok(search.part(from));
            }
        }
    }
}

struct Search {
    words: String,
    matches: Vec<Match>,
    /// There is more in the entries that were searched than what is returned.
    is_full: bool,
}

impl Search {
    fn new(words: &str) -> Self {
        let end = words.floor_char_boundary(LONGEST);
        let words = plain(&words[..end]).trim().to_lowercase();
        Self { words, matches: Vec::new(), is_full: false }
    }

    /// Searches the entries before those that it has searched.
    fn take<'a>(&mut self, entries: impl DoubleEndedIterator<Item = &'a Entry>) {
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

    /// What was found. `next` is where what has not been searched begins.
    fn part(self, next: Option<SearchPlace>) -> Matches {
        // Entries between the last one that is returned and `next` have to be searched again.
        let last = self.matches.last().filter(|_| self.is_full);
        let next = last.map(|last| SearchPlace { before: Some(last.id.clone()), cursor: None }).or(next);
        Matches { matches: self.matches, next }
    }

    /// What stands around the text in an entry.
    fn excerpt(&self, entry: &Entry) -> Option<String> {
        let content = serde_json::to_value(&entry.content).ok()?;
        find(&content, &|text| excerpt(text, &self.words))
    }
}

/// The first text that something is found in. What is written for programs alone is left out.
fn find(value: &Value, look: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    match value {
        Value::String(text) => look(text),
        Value::Array(values) => values.iter().find_map(|value| find(value, look)),
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| is_for_people(name)).find_map(|(_, value)| find(value, look))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn is_for_people(name: &str) -> bool {
    const WORDS: [&str; 10] =
        ["type", "id", "status", "phase", "kind", "source", "url", "cwd", "textElements", "text_elements"];
    !WORDS.contains(&name) && !name.ends_with("Id") && !name.ends_with("Ids")
}

/// A part of a text with what is searched for (in lower case) in it, on one line.
fn excerpt(text: &str, words: &str) -> Option<String> {
    let text = plain(text);
    let lower = text.to_lowercase();
    let at = lower.find(words)?;
    // By characters: in lower case they may have another number of bytes.
    let (before, length) = EXCERPT;
    let from = lower[..at].chars().count().saturating_sub(before);
    let mut line: String = text.chars().skip(from).take(length).collect();
    if from > 0 {
        line.insert(0, '…');
    }
    Some(line)
}

/// A text as one reads it: on one line, without the marks of emphasis and code.
fn plain(text: &str) -> String {
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

    fn found(words: &str, entries: &[Entry]) -> Vec<(String, String)> {
        let mut search = Search::new(words);
        search.take(entries.iter());
        search.matches.into_iter().map(|found| (found.id.to_string(), found.excerpt)).collect()
    }

    #[test]
    fn what_people_read_is_found_whatever_its_case_the_newest_first() {
        let entries = [
            entry("a", r#""type":"userMessage","content":[{"type":"text","text":"Find **the\nNeedle**"}]"#),
            entry("b", r#""type":"commandExecution","command":"ls","aggregatedOutput":"hay\nneedle\n""#),
            entry("c", r#""type":"hologram","beams":["NEEDLE"],"needle":1"#),
        ];
        let expected = [("c", "NEEDLE"), ("b", "hay needle"), ("a", "Find the Needle")];
        let expected = expected.map(|(id, excerpt)| (id.to_owned(), excerpt.to_owned()));
        assert_eq!(found(" needle ", &entries), expected);
        assert_eq!(found("the  NEEDLE", &entries).len(), 1, "as one reads it");
        assert_eq!(found("userMessage", &entries), [], "words of the protocol are not what one reads");
        assert_eq!(found("  ", &entries), []);
    }

    #[test]
    fn an_excerpt_is_what_stands_around() {
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
        search.take(entries[1..].iter());
        assert_eq!((search.matches.len(), search.is_full), (MAX_MATCHES, false));
        let page = SearchPlace { before: None, cursor: Some("page".to_owned()) };
        search.take(entries[..1].iter());
        let part = search.part(Some(page.clone()));
        let last = SearchPlace { before: Some("1".into()), cursor: None };
        assert_eq!((part.matches.len(), part.next), (MAX_MATCHES, Some(last)));

        let mut search = Search::new("x");
        search.take(entries[..1].iter());
        assert_eq!(search.part(Some(page.clone())).next, Some(page));
    }
}

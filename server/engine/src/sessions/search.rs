//! Searching in a conversation: in all of it, whoever keeps it.

use std::time::{Duration, Instant};

use codex_gateway_wire::{Entry, Match, Matches, OwnerId, ThreadId};
use serde_json::Value;

use super::{ItemsQuery, OlderThan, Place, Sessions};
use crate::{aside::aside, error::SessionError};

/// How many entries are found at most.
const MOST: usize = 200;
/// How many entries are looked through at once. (A page is bounded by its bytes as well.)
const PAGE: usize = 2_000;
/// How long one search may take; then it says that there may be more.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest text that is searched for, in bytes.
const LONGEST: usize = 200;
/// How many characters of an excerpt stand before what was found, and how many it has.
const EXCERPT: (usize, usize) = (40, 160);

impl Sessions {
    /// The entries of a thread of that owner in which a text stands, whatever its case; the newest first. Of a thread
    /// that no session is in, only the newest part is looked through: that is what can be shown of it.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also if it is somebody else's; [`SessionError::TooManyReads`], or what
    /// codex says.
    pub async fn search(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
        words: &str,
    ) -> Result<Matches, SessionError> {
        let search = Search::new(words);
        let session = match self.find_thread(owner, thread).await? {
            Place::Live(session) => session,
            Place::Past(transcript, _) => {
                let search = aside(move || {
                    let mut search = search;
                    search.take(transcript.entries.iter());
                    search
                });
                return Ok(search.await?.found);
            }
        };
        let mut search = search;
        let start = Instant::now();
        let mut older_than = OlderThan::Now;
        while !search.found.more {
            let read = self.items(&session, ItemsQuery { older_than, limit: PAGE }).await?;
            let page;
            (search, page) = aside(move || {
                search.take(read.entries.iter());
                (search, read)
            })
            .await?;
            let oldest = page.entries.first().filter(|_| page.older);
            older_than = match (page.cursor, oldest) {
                (Some(cursor), Some(_)) => OlderThan::Page(cursor),
                (None, Some(oldest)) => OlderThan::Entry(oldest.id.clone()),
                (_, None) => break,
            };
            search.found.more |= start.elapsed() > PATIENCE;
        }
        Ok(search.found)
    }
}

struct Search {
    words: String,
    found: Matches,
}

impl Search {
    fn new(words: &str) -> Self {
        let end = words.floor_char_boundary(LONGEST);
        Self { words: plain(&words[..end]).trim().to_lowercase(), found: Matches::default() }
    }

    /// Looks through the entries before those that it has looked through.
    fn take<'a>(&mut self, entries: impl DoubleEndedIterator<Item = &'a Entry>) {
        if self.words.is_empty() {
            return;
        }
        for entry in entries.rev() {
            if let Some(excerpt) = self.excerpt(entry) {
                if self.found.matches.len() == MOST {
                    self.found.more = true;
                    return;
                }
                let (id, turn) = (entry.id.clone(), entry.turn_id.clone());
                self.found.matches.push(Match { id, turn, excerpt });
            }
        }
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
        search.found.matches.into_iter().map(|found| (found.id.to_string(), found.excerpt)).collect()
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
    fn no_more_than_so_many_are_told() {
        let entries: Vec<Entry> =
            (0..=MOST).map(|n| entry(&n.to_string(), r#""type":"agentMessage","text":"x""#)).collect();
        let mut search = Search::new("x");
        search.take(entries[1..].iter());
        assert_eq!((search.found.matches.len(), search.found.more), (MOST, false));
        search.take(entries[..1].iter());
        assert_eq!((search.found.matches.len(), search.found.more), (MOST, true));
    }
}

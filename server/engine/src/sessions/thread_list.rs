//! Builds a list of one owner's threads from pages of codex's list.

use std::collections::HashMap;

use codex_app_server_client::{BridgeError, protocol::ThreadPage};
use codex_gateway_wire::{Json, ThreadId, api::ThreadList};
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::cursor::ThreadCursor;
use crate::error::SessionError;

/// The threads of one owner that were found so far.
pub(super) struct ThreadListBuilder {
    limit: usize,
    threads: Vec<Json>,
    read_states: HashMap<ThreadId, Json>,
}

/// A reply in codex's format that contains only one owner's threads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RawList<'a> {
    data: &'a [Json],
    read_states: &'a HashMap<ThreadId, Json>,
    next_cursor: Option<&'a str>,
    /// Always `null`: codex's cursor names a thread that may belong to another owner.
    backwards_cursor: Option<&'a str>,
}

impl ThreadListBuilder {
    /// Creates an empty list of at most `limit` threads.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, threads: Vec::new(), read_states: HashMap::new() }
    }

    /// Creates a list of threads that all belong to the owner. Read states of other threads are
    /// left out.
    pub(super) fn from_parts(threads: Vec<(ThreadId, Json)>, mut states: HashMap<ThreadId, Json>) -> Self {
        let read_states = threads.iter().filter_map(|(id, _)| states.remove_entry(id)).collect();
        let threads: Vec<Json> = threads.into_iter().map(|(_, thread)| thread).collect();
        Self { limit: threads.len(), threads, read_states }
    }

    /// Returns `true` if the list has `limit` threads.
    pub(super) fn is_full(&self) -> bool {
        self.threads.len() == self.limit
    }

    /// Adds the owner's threads of a page, up to the limit. Returns where the list continues,
    /// `None` at its end.
    pub(super) fn push_page(
        &mut self,
        at: ThreadCursor,
        page: ThreadPage,
        ids: &[ThreadId],
        is_owned: impl Fn(&ThreadId) -> bool,
    ) -> Option<ThreadCursor> {
        let ThreadPage { data, next_cursor, read_states } = page;
        let mut read_states = read_states.unwrap_or_default();
        // A thread that has moved to another page may be listed twice, but is never skipped.
        let shown = at.after.as_ref().and_then(|after| ids.iter().position(|id| id == after));
        let mut last = at.after;
        for (thread, id) in data.into_iter().zip(ids).skip(shown.map_or(0, |shown| shown + 1)) {
            if !is_owned(id) {
                continue;
            }
            if self.is_full() {
                return Some(ThreadCursor { page: at.page, after: last });
            }
            self.threads.push(thread);
            self.read_states.extend(read_states.remove_entry(id));
            last = Some(id.clone());
        }
        next_cursor.map(|page| ThreadCursor { page: Some(page), after: None })
    }

    /// Returns the reply, with a copy of it in codex's format.
    pub(super) fn into_list(self, next_cursor: Option<String>) -> Result<ThreadList, SessionError> {
        let raw = RawList {
            data: &self.threads,
            read_states: &self.read_states,
            next_cursor: next_cursor.as_deref(),
            backwards_cursor: None,
        };
        let raw = to_raw_value(&raw)
            .map_err(|error| BridgeError::BadReply { method: "thread/list", message: error.to_string() })?;
        let raw = raw.into();
        Ok(ThreadList { ok: true, threads: self.threads, next_cursor, raw, warnings: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of these threads. Capital letters are the owner's.
    fn page(names: &str, next: Option<&str>) -> (ThreadPage, Vec<ThreadId>) {
        let ids: Vec<ThreadId> = names.chars().map(|name| name.to_string().into()).collect();
        let data = names.chars().map(|name| serde_json::from_str(&format!(r#"{{"id":"{name}"}}"#)).unwrap());
        let states = ids.iter().map(|id| (id.clone(), serde_json::from_str("1").unwrap())).collect();
        let page = ThreadPage {
            data: data.collect(),
            next_cursor: next.map(str::to_owned),
            read_states: Some(states),
        };
        (page, ids)
    }

    /// Adds a page to a list with room for two threads. Returns the threads and where the list
    /// continues.
    fn first_two(
        names: &str,
        after: Option<&str>,
        next: Option<&str>,
    ) -> (Vec<String>, Option<ThreadCursor>) {
        let mut builder = ThreadListBuilder::new(2);
        let (page, ids) = page(names, next);
        let at = ThreadCursor { page: Some("here".into()), after: after.map(ThreadId::from) };
        let cursor = builder.push_page(at, page, &ids, |id| id.as_str().chars().all(char::is_uppercase));
        (builder.threads.iter().map(|thread| thread.get()[7..8].to_owned()).collect(), cursor)
    }

    fn cursor(page: &str, after: Option<&str>) -> ThreadCursor {
        ThreadCursor { page: Some(page.into()), after: after.map(ThreadId::from) }
    }

    #[test]
    fn list_continues_after_its_last_thread() {
        assert_eq!(first_two("aBcDe", None, None), (vec!["B".into(), "D".into()], None));
        assert_eq!(
            first_two("aBcDe", None, Some("n")),
            (vec!["B".into(), "D".into()], Some(cursor("n", None)))
        );
        assert_eq!(
            first_two("aBcDeF", None, Some("n")),
            (vec!["B".into(), "D".into()], Some(cursor("here", Some("D"))))
        );
        assert_eq!(first_two("aBcDeF", Some("D"), Some("n")), (vec!["F".into()], Some(cursor("n", None))));
        assert_eq!(first_two("abc", None, Some("n")), (vec![], Some(cursor("n", None))));
        assert_eq!(first_two("abc", None, None), (vec![], None));
    }

    #[test]
    fn moved_thread_is_repeated_rather_than_skipped() {
        assert_eq!(first_two("XaBcD", Some("B"), None), (vec!["D".into()], None), "a newer thread was added");
        assert_eq!(
            first_two("cDEF", Some("B"), None),
            (vec!["D".into(), "E".into()], Some(cursor("here", Some("E"))))
        );
        assert_eq!(first_two("BcDE", Some("A"), None).0, ["B", "D"], "the last listed thread is gone");
    }

    #[test]
    fn reply_contains_only_the_owners_threads() {
        let mut builder = ThreadListBuilder::new(5);
        let (page, ids) = page("aBc", None);
        builder.push_page(ThreadCursor::default(), page, &ids, |id| id.as_str() == "B");
        let list = builder.into_list(Some("next".into())).unwrap();
        let expected =
            r#"{"data":[{"id":"B"}],"readStates":{"B":1},"nextCursor":"next","backwardsCursor":null}"#;
        assert_eq!(list.raw.get(), expected);
    }
}

//! What is found in codex's list for one owner.

use std::collections::HashMap;

use codex_gateway_wire::{Json, ThreadId, api::ThreadList};
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::cursor::Place;
use crate::{
    bridge::{BridgeError, protocol::ThreadPage},
    error::SessionError,
};

/// The threads that were found so far.
pub(super) struct Found {
    limit: usize,
    threads: Vec<Json>,
    read_states: HashMap<ThreadId, Json>,
}

/// Codex's reply, as far as it is one owner's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    data: &'a [Json],
    read_states: &'a HashMap<ThreadId, Json>,
    next_cursor: Option<&'a str>,
    /// Codex's begins at a thread that may be somebody else's.
    backwards_cursor: Option<&'a str>,
}

impl Found {
    /// None yet, and at most so many.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, threads: Vec::new(), read_states: HashMap::new() }
    }

    /// A page whose threads and read states are known, and are one owner's. States of other threads are left out.
    pub(super) fn from_parts(threads: Vec<(ThreadId, Json)>, mut states: HashMap<ThreadId, Json>) -> Self {
        let read_states = threads.iter().filter_map(|(id, _)| states.remove_entry(id)).collect();
        let threads: Vec<Json> = threads.into_iter().map(|(_, thread)| thread).collect();
        Self { limit: threads.len(), threads, read_states }
    }

    /// Whether there is no room for more.
    pub(super) fn is_full(&self) -> bool {
        self.threads.len() == self.limit
    }

    /// Takes what is theirs of a page, as far as there is room. Where the list goes on; nowhere after its end.
    pub(super) fn take(
        &mut self,
        at: Place,
        page: ThreadPage,
        ids: &[ThreadId],
        is_theirs: impl Fn(&ThreadId) -> bool,
    ) -> Option<Place> {
        let ThreadPage { data, next_cursor, read_states } = page;
        let mut read_states = read_states.unwrap_or_default();
        // A thread that has moved to another page meanwhile is rather shown twice than not at all.
        let shown = at.after.as_ref().and_then(|after| ids.iter().position(|id| id == after));
        let mut last = at.after;
        for (thread, id) in data.into_iter().zip(ids).skip(shown.map_or(0, |shown| shown + 1)) {
            if !is_theirs(id) {
                continue;
            }
            if self.is_full() {
                return Some(Place { page: at.page, after: last });
            }
            self.threads.push(thread);
            self.read_states.extend(read_states.remove_entry(id));
            last = Some(id.clone());
        }
        next_cursor.map(|page| Place { page: Some(page), after: None })
    }

    /// The reply; codex's own is made again of what is in it.
    pub(super) fn into_list(self, next_cursor: Option<String>) -> Result<ThreadList, SessionError> {
        let raw = Raw {
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

    /// A page of these threads; those of one's own are capital letters.
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

    /// What is found of a page with room for two, and where it goes on.
    fn take(names: &str, after: Option<&str>, next: Option<&str>) -> (Vec<String>, Option<Place>) {
        let mut found = Found::new(2);
        let (page, ids) = page(names, next);
        let at = Place { page: Some("here".into()), after: after.map(ThreadId::from) };
        let place = found.take(at, page, &ids, |id| id.as_str().chars().all(char::is_uppercase));
        (found.threads.iter().map(|thread| thread.get()[7..8].to_owned()).collect(), place)
    }

    fn place(page: &str, after: Option<&str>) -> Place {
        Place { page: Some(page.into()), after: after.map(ThreadId::from) }
    }

    #[test]
    fn a_list_goes_on_where_it_stopped() {
        assert_eq!(take("aBcDe", None, None), (vec!["B".into(), "D".into()], None));
        assert_eq!(take("aBcDe", None, Some("n")), (vec!["B".into(), "D".into()], Some(place("n", None))));
        assert_eq!(
            take("aBcDeF", None, Some("n")),
            (vec!["B".into(), "D".into()], Some(place("here", Some("D"))))
        );
        assert_eq!(take("aBcDeF", Some("D"), Some("n")), (vec!["F".into()], Some(place("n", None))));
        assert_eq!(take("abc", None, Some("n")), (vec![], Some(place("n", None))));
        assert_eq!(take("abc", None, None), (vec![], None));
    }

    #[test]
    fn what_has_moved_meanwhile_is_rather_shown_twice() {
        assert_eq!(take("XaBcD", Some("B"), None), (vec!["D".into()], None), "a newer one came");
        assert_eq!(
            take("cDEF", Some("B"), None),
            (vec!["D".into(), "E".into()], Some(place("here", Some("E"))))
        );
        assert_eq!(take("BcDE", Some("A"), None).0, ["B", "D"], "the last one shown is gone");
    }

    #[test]
    fn a_reply_has_nothing_of_others() {
        let mut found = Found::new(5);
        let (page, ids) = page("aBc", None);
        found.take(Place::default(), page, &ids, |id| id.as_str() == "B");
        let list = found.into_list(Some("next".into())).unwrap();
        let expected =
            r#"{"data":[{"id":"B"}],"readStates":{"B":1},"nextCursor":"next","backwardsCursor":null}"#;
        assert_eq!(list.raw.get(), expected);
    }
}

//! Lists one owner's threads by their ids.
//!
//! Codex takes at most [`MAX_INCLUDED_THREADS`] ids in one request, so the owner's ids are split
//! into groups. A page of the list merges pages of all groups. Its cursor holds one [`Position`]
//! per group.

use std::{collections::HashMap, iter::Peekable, vec};

use codex_app_server_client::{
    Version,
    protocol::{MAX_INCLUDED_THREADS, ThreadPage},
};
use codex_gateway_wire::{
    Json, OwnerId, ThreadId,
    api::{SortKey, ThreadList},
};
use serde::{Deserialize, Serialize};

use super::{
    Sessions,
    cursor::ListCursor,
    thread_list::ThreadListBuilder,
    threads::{ThreadQuery, id_of, parse_json},
};
use crate::error::SessionError;

/// The first version of codex that lists threads by id.
pub(super) const MIN_VERSION_TO_LIST_BY_ID: Version = Version(0, 171, 0);
/// Maximum number of groups. Each group costs one request per page, and a position in the cursor.
const MAX_GROUPS: usize = 32;
/// Maximum number of an owner's threads that can be listed by id.
pub(super) const MAX_THREADS: usize = MAX_GROUPS * MAX_INCLUDED_THREADS;

/// Where the list of one group continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Position {
    /// At the group's first thread.
    Start,
    /// Behind the threads before this cursor of codex.
    After(String),
    /// Nowhere: the whole group was listed.
    End,
}

impl Position {
    /// Returns the position for codex's `nextCursor`.
    fn from_next_cursor(cursor: Option<String>) -> Self {
        cursor.map_or(Self::End, Self::After)
    }
}

/// A thread of a page, and the value that the list is sorted by.
#[derive(Debug)]
struct Candidate {
    /// In the unit of codex's field, which is the same for all threads of a list.
    sort_value: i64,
    id: ThreadId,
    thread: Json,
}

/// A group's page, while threads are taken from its front.
#[derive(Debug)]
struct GroupPage {
    candidates: Peekable<vec::IntoIter<Candidate>>,
    /// The number of threads that were taken.
    taken: usize,
    /// Where the group continues behind the whole page.
    end: Position,
}

impl Sessions {
    /// Returns a page of an owner's threads. It is full unless it is the last page. `positions` is
    /// `None` for the first page.
    pub(super) async fn list_threads_by_id(
        &self,
        owner: &OwnerId,
        query: &ThreadQuery,
        ids: Vec<ThreadId>,
        positions: Option<Vec<Position>>,
    ) -> Result<ThreadList, SessionError> {
        let groups: Vec<&[ThreadId]> = ids.chunks(MAX_INCLUDED_THREADS).collect();
        let mut positions = positions.unwrap_or_else(|| vec![Position::Start; groups.len()]);
        // A group that was added after the first page holds threads that are newer than the list.
        positions.resize(groups.len(), Position::End);
        let mut read_states = HashMap::new();
        let mut pages = Vec::with_capacity(groups.len());
        for (group, position) in groups.iter().zip(&positions) {
            let page = self.group_page(query, group, position, query.limit).await?;
            let page = page.unwrap_or_default();
            read_states.extend(page.read_states.unwrap_or_default());
            pages.push(GroupPage::new(page.data, page.next_cursor, query.sort_key)?);
        }
        let threads = merge(&mut pages, query.limit as usize);
        for ((group, position), page) in groups.iter().zip(&mut positions).zip(&mut pages) {
            if page.is_exhausted() {
                *position = page.end.clone();
            } else if let Ok(taken @ 1..) = u32::try_from(page.taken) {
                // Codex returns a cursor only for the end of a page. A page that ends behind the
                // last taken thread has the needed one.
                let exact = self.group_page(query, group, position, taken).await?.unwrap_or_default();
                *position = Position::from_next_cursor(exact.next_cursor);
            }
        }
        let is_last = positions.iter().all(|position| *position == Position::End);
        let next_cursor =
            (!is_last).then(|| self.inner.cursors.seal(owner, &ListCursor::Groups(positions))).flatten();
        ThreadListBuilder::from_parts(threads, read_states).into_list(next_cursor)
    }

    /// Returns a page of one group's threads. `None` at the end of the group.
    async fn group_page(
        &self,
        query: &ThreadQuery,
        group: &[ThreadId],
        position: &Position,
        limit: u32,
    ) -> Result<Option<ThreadPage>, SessionError> {
        let cursor = match position {
            Position::Start => None,
            Position::After(cursor) => Some(cursor.clone()),
            Position::End => return Ok(None),
        };
        let mut request = query.page(cursor, limit);
        request.included_thread_ids = Some(group.to_vec());
        let mut page: ThreadPage = parse_json(&self.thread_page(&request).await?)?;
        // Owners are separated here, whatever codex returns.
        page.data.retain(|thread| id_of(thread).is_ok_and(|id| group.contains(&id)));
        if let Some(states) = &mut page.read_states {
            states.retain(|thread, _| group.contains(thread));
        }
        Ok(Some(page))
    }
}

impl GroupPage {
    fn new(
        threads: Vec<Json>,
        next_cursor: Option<String>,
        sort_key: Option<SortKey>,
    ) -> Result<Self, SessionError> {
        let candidate = |thread: Json| {
            Ok(Candidate { sort_value: sort_value(&thread, sort_key)?, id: id_of(&thread)?, thread })
        };
        let candidates = threads.into_iter().map(candidate).collect::<Result<Vec<_>, SessionError>>()?;
        Ok(Self {
            candidates: candidates.into_iter().peekable(),
            taken: 0,
            end: Position::from_next_cursor(next_cursor),
        })
    }

    fn is_exhausted(&mut self) -> bool {
        self.candidates.peek().is_none()
    }
}

/// Takes up to `limit` threads, newest first. The order within a page is kept.
fn merge(pages: &mut [GroupPage], limit: usize) -> Vec<(ThreadId, Json)> {
    let mut threads = Vec::new();
    while threads.len() < limit {
        let newest = pages
            .iter_mut()
            .enumerate()
            .filter_map(|(index, page)| Some((page.candidates.peek()?.sort_value, index)))
            .max();
        let Some(page) = newest.and_then(|(_, index)| pages.get_mut(index)) else { break };
        if let Some(candidate) = page.candidates.next() {
            page.taken += 1;
            threads.push((candidate.id, candidate.thread));
        }
    }
    threads
}

/// Returns the field that a list is sorted by. Codex sorts by the time of creation by default.
fn sort_value(thread: &Json, sort_key: Option<SortKey>) -> Result<i64, SessionError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Times {
        #[serde(rename = "createdAt")]
        created: i64,
        #[serde(rename = "updatedAt")]
        updated: i64,
        #[serde(rename = "recencyAt")]
        recency: Option<i64>,
    }
    let Times { created, updated, recency } = parse_json(thread)?;
    Ok(match sort_key {
        None | Some(SortKey::CreatedAt) => created,
        Some(SortKey::UpdatedAt) => updated,
        Some(SortKey::RecencyAt) => recency.unwrap_or(updated),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(created: &[i64], next: Option<&str>) -> GroupPage {
        let thread = |at: &i64| serde_json::from_str(&format!(r#"{{"id":"t","createdAt":{at}}}"#)).unwrap();
        GroupPage::new(created.iter().map(thread).collect(), next.map(str::to_owned), None).unwrap()
    }

    fn times(threads: &[(ThreadId, Json)]) -> Vec<i64> {
        threads.iter().map(|(_, thread)| sort_value(thread, None).unwrap()).collect()
    }

    #[test]
    fn merge_takes_the_newest_thread_of_all_groups_until_the_limit() {
        let mut pages = [page(&[9, 4, 1], Some("a")), page(&[], None), page(&[8, 7, 4], None)];
        assert_eq!(times(&merge(&mut pages, 4)), [9, 8, 7, 4]);
        let taken: Vec<usize> = pages.iter().map(|page| page.taken).collect();
        assert_eq!(taken, [1, 0, 3], "the later group comes first if times are equal");
        assert!(!pages[0].is_exhausted() && pages[1].is_exhausted() && pages[2].is_exhausted());
    }

    #[test]
    fn merge_keeps_the_order_of_a_page_whose_times_are_not_sorted() {
        // Codex sorts by milliseconds and reports seconds.
        let mut pages = [page(&[5, 6, 5], None), page(&[6], None)];
        assert_eq!(times(&merge(&mut pages, 10)), [6, 5, 6, 5]);
    }

    #[test]
    fn recency_falls_back_to_the_last_update() {
        let thread = serde_json::from_str(r#"{"createdAt":1,"updatedAt":2,"recencyAt":null}"#).unwrap();
        assert_eq!(sort_value(&thread, Some(SortKey::RecencyAt)).unwrap(), 2);
        assert_eq!(sort_value(&thread, Some(SortKey::UpdatedAt)).unwrap(), 2);
        assert_eq!(sort_value(&thread, None).unwrap(), 1);
    }
}

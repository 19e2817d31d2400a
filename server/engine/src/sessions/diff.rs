//! The changes of files by a conversation.
//!
//! Codex's own diff (`turn/diff/updated`) is not used. It covers the running turn only and is not
//! in the history, each update repeats the whole diff, and its paths start at a directory that
//! codex chooses. The changes in the items are the same patches, live and in history,
//! and are composed here.

use codex_gateway_wire::{
    Entry, Transcript, TurnId,
    api::{ChangedFile, ComposedDiff, DiffReply, ThreadDiff, TurnDiff},
    codex::FileUpdateChange,
    diff::{applied_changes, compose_diffs, count_lines, relative_path, unified_diff},
};

use super::{ItemsQuery, OlderThan, Sessions};
use crate::{blocking::run_blocking, error::SessionError, session::Session};

/// Maximum size of a diff.
const MAX_DIFF_BYTES: usize = 1024 * 1024;
/// Maximum number of pages of older entries that are read.
const MAX_PAGES: usize = 20;
/// Number of entries in each of these pages.
const ENTRIES_PAGE_SIZE: usize = 200;

impl Sessions {
    /// Returns the changes of files by the newest turn and by the whole conversation.
    ///
    /// # Errors
    /// [`SessionError::ReadersBusy`], or an error of codex when older entries are read.
    pub async fn diff(&self, session: &Session) -> Result<DiffReply, SessionError> {
        let snapshot = session.snapshot().await?;
        let Transcript { thread_id, cwd, turns, entries, .. } = snapshot.transcript;
        let cwd = cwd.unwrap_or_default();
        let in_turn = |entry: &&Entry, id: &TurnId| entry.turn_id.as_ref() == Some(id);
        let first = entries.iter().next().map(|entry| OlderThan::Entry(entry.id.clone()));
        let (mut older, complete) = self.older_changes(session, first.filter(|_| snapshot.older)).await?;
        let compare = move || {
            let turn = turns.last().map(|turn| {
                let entries = entries.iter().filter(|entry| in_turn(entry, &turn.id));
                TurnDiff {
                    id: turn.id.clone(),
                    changed: change_summary(&compose_diffs(entries.flat_map(applied_changes)), &cwd),
                }
            });
            older.extend(entries.iter().flat_map(applied_changes).cloned());
            (turn, ThreadDiff { complete, changed: change_summary(&compose_diffs(&older), &cwd) })
        };
        let (turn, thread) = run_blocking(compare).await?;
        Ok(DiffReply { ok: true, at: snapshot.at, thread_id, turn, thread })
    }

    /// Returns the changes before the transcript, oldest first. The second value is `true` if these
    /// are all changes.
    async fn older_changes(
        &self,
        session: &Session,
        from: Option<OlderThan>,
    ) -> Result<(Vec<FileUpdateChange>, bool), SessionError> {
        let (mut pages, mut next) = (Vec::new(), from);
        while let Some(older_than) = next.take_if(|_| pages.len() < MAX_PAGES) {
            let page = self.items(session, ItemsQuery { older_than, limit: ENTRIES_PAGE_SIZE }).await?;
            let first = page.entries.first().map(|entry| OlderThan::Entry(entry.id.clone()));
            next = page.cursor.map(OlderThan::Page).or(first).filter(|_| page.older);
            pages.push(page.entries.iter().flat_map(applied_changes).cloned().collect::<Vec<_>>());
        }
        Ok((pages.into_iter().rev().flatten().collect(), next.is_none()))
    }
}

fn change_summary(changes: &[FileUpdateChange], cwd: &str) -> ComposedDiff {
    let (diff, cut) = unified_diff(changes, cwd, MAX_DIFF_BYTES);
    let file = |change: &FileUpdateChange| {
        let counts = count_lines(change);
        ChangedFile {
            path: relative_path(&change.path, cwd).to_owned(),
            kind: change.kind.kind.clone(),
            move_path: change.kind.move_path.as_ref().map(|path| relative_path(path, cwd).to_owned()),
            added: counts.added,
            removed: counts.removed,
        }
    };
    ComposedDiff { diff, cut, files: changes.iter().map(file).collect() }
}

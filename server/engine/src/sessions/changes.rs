//! What a conversation has changed in files.
//!
//! Codex tells a diff of the running turn by itself (`turn/diff/updated`), and it is not used here: it is in no
//! history, so a turn that was resumed would have none; there is none of a whole conversation; each update repeats all
//! of it; and its paths start at a directory of its own choice. The changes that the items carry are the same
//! patches, live and in history, and [`net`] makes of them what they come to.

use codex_gateway_wire::{
    Entry, Transcript, TurnId,
    api::{Changed, ChangedFile, DiffReply, ThreadDiff, TurnDiff},
    codex::FileUpdateChange,
    diff::{counts, made, net, relative, text},
};

use super::{ItemsQuery, OlderThan, Sessions};
use crate::{aside::aside, error::SessionError, session::Session};

/// How many bytes a diff has at most.
const BYTES: usize = 1024 * 1024;
/// How many pages of older entries are looked at, and how long each is.
const PAGES: usize = 20;
const PAGE: usize = 200;

impl Sessions {
    /// What the newest turn has changed in files, and what the whole conversation has.
    ///
    /// # Errors
    /// [`SessionError::TooManyReads`], or what codex says when older entries are read.
    pub async fn changes(&self, session: &Session) -> Result<DiffReply, SessionError> {
        let snapshot = session.snapshot().await?;
        let Transcript { thread_id, cwd, turns, entries, .. } = snapshot.transcript;
        let cwd = cwd.unwrap_or_default();
        let in_turn = |entry: &&Entry, id: &TurnId| entry.turn_id.as_ref() == Some(id);
        let first = entries.iter().next().map(|entry| OlderThan::Entry(entry.id.clone()));
        let (mut older, complete) = self.older_changes(session, first.filter(|_| snapshot.older)).await?;
        let compare = move || {
            let turn = turns.last().map(|turn| {
                let entries = entries.iter().filter(|entry| in_turn(entry, &turn.id));
                TurnDiff { id: turn.id.clone(), changed: changed(&net(entries.flat_map(made)), &cwd) }
            });
            older.extend(entries.iter().flat_map(made).cloned());
            (turn, ThreadDiff { complete, changed: changed(&net(&older), &cwd) })
        };
        let (turn, thread) = aside(compare).await?;
        Ok(DiffReply { ok: true, at: snapshot.at, thread_id, turn, thread })
    }

    /// The changes before those that the session keeps, the oldest first; and whether those are all.
    async fn older_changes(
        &self,
        session: &Session,
        from: Option<OlderThan>,
    ) -> Result<(Vec<FileUpdateChange>, bool), SessionError> {
        let (mut pages, mut next) = (Vec::new(), from);
        while let Some(older_than) = next.take_if(|_| pages.len() < PAGES) {
            let page = self.items(session, ItemsQuery { older_than, limit: PAGE }).await?;
            let first = page.entries.first().map(|entry| OlderThan::Entry(entry.id.clone()));
            next = page.cursor.map(OlderThan::Page).or(first).filter(|_| page.older);
            pages.push(page.entries.iter().flat_map(made).cloned().collect::<Vec<_>>());
        }
        Ok((pages.into_iter().rev().flatten().collect(), next.is_none()))
    }
}

fn changed(changes: &[FileUpdateChange], cwd: &str) -> Changed {
    let (diff, cut) = text(changes, cwd, BYTES);
    let file = |change: &FileUpdateChange| {
        let counts = counts(change);
        ChangedFile {
            path: relative(&change.path, cwd).to_owned(),
            kind: change.kind.kind.clone(),
            move_path: change.kind.move_path.as_ref().map(|path| relative(path, cwd).to_owned()),
            added: counts.added,
            removed: counts.removed,
        }
    };
    Changed { diff, cut, files: changes.iter().map(file).collect() }
}

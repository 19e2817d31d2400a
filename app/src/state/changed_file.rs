//! A file that a turn has changed.

use codex_gateway_wire::{
    codex::FileUpdateChange,
    diff::{LineCounts, count_lines},
};

/// A changed file, without its diff.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChangedFile {
    /// The path before the change, as codex reports it.
    pub(crate) path: String,
    /// The new path of a moved file.
    pub(crate) moved: Option<String>,
    /// `add`, `delete` or `update`.
    pub(crate) kind: String,
    pub(crate) lines: LineCounts,
}

impl ChangedFile {
    pub(crate) fn of(change: &FileUpdateChange) -> Self {
        Self {
            path: change.path.clone(),
            moved: change.kind.move_path.clone(),
            kind: change.kind.kind.clone(),
            lines: count_lines(change),
        }
    }

    pub(crate) fn key(&self) -> FileKey {
        FileKey { path: self.path.clone(), moved: self.moved.clone() }
    }
}

/// Identifies a change among others. The path alone does not: where a file was moved away, another may have been added.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileKey {
    path: String,
    moved: Option<String>,
}

impl FileKey {
    pub(crate) fn of(change: &FileUpdateChange) -> Self {
        Self { path: change.path.clone(), moved: change.kind.move_path.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use codex_gateway_wire::{codex::PatchChangeKind, diff::compose_diffs};

    use super::*;

    #[test]
    fn file_added_where_another_was_moved_away_has_its_own_key() {
        let change = |kind: &str, moved: Option<&str>, diff: &str| FileUpdateChange {
            path: "a.rs".to_owned(),
            kind: PatchChangeKind { kind: kind.to_owned(), move_path: moved.map(str::to_owned) },
            diff: diff.to_owned(),
        };
        let changes = compose_diffs(&[
            change("update", Some("b.rs"), "@@ -1 +1 @@\n-a\n+b\n"),
            change("add", None, "new\n"),
        ]);
        assert_eq!(changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["a.rs", "a.rs"]);
        let keys: HashSet<FileKey> = changes.iter().map(FileKey::of).collect();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys, changes.iter().map(|change| ChangedFile::of(change).key()).collect());
    }
}

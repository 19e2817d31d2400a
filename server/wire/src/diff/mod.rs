//! Changes of files: their lines, their line counts, and their composition.
//!
//! Codex reports each change separately ([`FileUpdateChange`]). [`compose_diffs`] composes consecutive changes to one
//! change for each file, and [`unified_diff`] formats changes as one unified diff.

mod compose;
mod edit_script;
mod unified;

use crate::{
    codex::{FileUpdateChange, Item, ItemStatus},
    transcript::{Content, Entry},
};

pub use self::{compose::compose_diffs, unified::unified_diff};

/// The kind of a line in a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A line of the new file only.
    Added,
    /// A line of the old file only.
    Removed,
    /// A line of both files.
    Context,
    /// The header of a hunk, with the positions of the following lines.
    Hunk,
}

/// A line of a diff, or the header of a hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffLine<'a> {
    /// The kind of the line.
    pub kind: LineKind,
    /// The line number in the old file, from 1. A hunk header has the number of the hunk's first line.
    pub old: Option<u32>,
    /// The line number in the new file, from 1. A hunk header has the number of the hunk's first line.
    pub new: Option<u32>,
    /// The line's text, without a sign.
    pub text: &'a str,
}

/// The numbers of added and removed lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// The number of added lines.
    pub added: usize,
    /// The number of removed lines.
    pub removed: usize,
}

impl std::ops::AddAssign for LineCounts {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
    }
}

/// Returns a path inside `base` relative to it, and any other path unchanged.
pub fn relative_path<'a>(path: &'a str, base: &str) -> &'a str {
    path.strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('/'))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(path)
}

/// The changes of files that an entry has applied. Empty for changes that failed, were declined or are still pending.
pub fn applied_changes(entry: &Entry) -> &[FileUpdateChange] {
    match &entry.content {
        Content::Item(Item::FileChange(change)) if change.status == ItemStatus::Completed => &change.changes,
        _ => &[],
    }
}

/// The lines of a change: those of its unified diff, or all lines of an added or deleted file. "No newline at end of
/// file" markers are omitted.
pub fn diff_lines(change: &FileUpdateChange) -> Vec<DiffLine<'_>> {
    let numbered = (1..).zip(change.diff.split_terminator('\n'));
    match change.kind.kind.as_str() {
        "add" => numbered
            .map(|(number, text)| DiffLine { kind: LineKind::Added, old: None, new: Some(number), text })
            .collect(),
        "delete" => numbered
            .map(|(number, text)| DiffLine { kind: LineKind::Removed, old: Some(number), new: None, text })
            .collect(),
        _ => {
            let mut hunk = None;
            change.diff.split_terminator('\n').filter_map(|line| parse_line(line, &mut hunk)).collect()
        }
    }
}

/// Counts the lines that a change adds and removes.
pub fn count_lines(change: &FileUpdateChange) -> LineCounts {
    let mut counts = LineCounts::default();
    for line in diff_lines(change) {
        match line.kind {
            LineKind::Added => counts.added += 1,
            LineKind::Removed => counts.removed += 1,
            LineKind::Context | LineKind::Hunk => {}
        }
    }
    counts
}

/// The state of the hunk that is being parsed, for both files.
struct Hunk {
    old: Side,
    new: Side,
}

struct Side {
    /// The number of the next line.
    next: u32,
    /// The number of remaining lines, according to the hunk's header.
    remaining: u32,
}

impl Side {
    /// Advances to the next line and returns the number of the current one.
    fn advance(&mut self) -> u32 {
        let number = self.next;
        self.next = number.saturating_add(1);
        self.remaining = self.remaining.saturating_sub(1);
        number
    }
}

/// Parses a line of a unified diff. `None` for lines outside of hunks, such as file names and "Moved to".
///
/// A hunk that is longer than its header says is parsed completely, so that no added or removed line is hidden.
fn parse_line<'a>(line: &'a str, hunk: &mut Option<Hunk>) -> Option<DiffLine<'a>> {
    if line.starts_with("@@") {
        let parsed = parse_hunk_header(line).unwrap_or_else(|| {
            let side = || Side { next: 1, remaining: u32::MAX };
            Hunk { old: side(), new: side() }
        });
        let (old, new) = (Some(parsed.old.next), Some(parsed.new.next));
        *hunk = Some(parsed);
        return Some(DiffLine { kind: LineKind::Hunk, old, new, text: line });
    }
    let hunk = hunk.as_mut()?;
    if line.is_empty() && (hunk.old.remaining == 0 || hunk.new.remaining == 0) {
        return None;
    }
    let text = line.get(1..).unwrap_or_default();
    let (kind, old, new) = match line.as_bytes().first() {
        Some(b'+') => (LineKind::Added, None, Some(hunk.new.advance())),
        Some(b'-') => (LineKind::Removed, Some(hunk.old.advance()), None),
        Some(b' ') | None => (LineKind::Context, Some(hunk.old.advance()), Some(hunk.new.advance())),
        Some(_) => return None, // "\ No newline at end of file"
    };
    Some(DiffLine { kind, old, new, text })
}

/// Parses the header of a hunk: `@@ -3,5 +4,6 @@`.
fn parse_hunk_header(line: &str) -> Option<Hunk> {
    let side = |word: &str, sign| {
        let (start, remaining) = match word.strip_prefix(sign)?.split_once(',') {
            Some((start, count)) => (start, count.parse().ok()?),
            None => (word.strip_prefix(sign)?, 1),
        };
        // With a count of 0, the start is the line before the hunk.
        let start: u32 = start.parse().ok()?;
        Some(Side { next: if remaining == 0 { start.saturating_add(1) } else { start }, remaining })
    };
    let mut words = line.split(' ').skip(1);
    Some(Hunk { old: side(words.next()?, '-')?, new: side(words.next()?, '+')? })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::codex::PatchChangeKind;

    pub(super) fn change(kind: &str, diff: &str) -> FileUpdateChange {
        let kind = PatchChangeKind { kind: kind.to_owned(), move_path: None };
        FileUpdateChange { path: "a.txt".to_owned(), kind, diff: diff.to_owned() }
    }

    #[test]
    fn path_inside_base_becomes_relative() {
        assert_eq!(relative_path("/w/src/a.rs", "/w"), "src/a.rs");
        assert_eq!(relative_path("/work/a.rs", "/w"), "/work/a.rs");
        assert_eq!(relative_path("/w", "/w"), "/w");
    }

    #[test]
    fn added_file_has_added_lines_only() {
        let change = change("add", "one\n+two\n");
        assert_eq!(count_lines(&change), LineCounts { added: 2, removed: 0 });
        let second = DiffLine { kind: LineKind::Added, old: None, new: Some(2), text: "+two" };
        assert_eq!(diff_lines(&change)[1], second);
    }

    #[test]
    fn deleted_file_has_removed_lines_only() {
        assert_eq!(count_lines(&change("delete", "one\ntwo")), LineCounts { added: 0, removed: 2 });
    }

    #[test]
    fn lines_are_numbered_by_hunk_headers() {
        let change = change("update", "@@ -3,3 +4,3 @@\n same\n-old\n+new\n\n\\ No newline at end of file\n");
        let lines = diff_lines(&change);
        let seen: Vec<_> = lines.iter().map(|line| (line.kind, line.old, line.new, line.text)).collect();
        assert_eq!(
            seen,
            [
                (LineKind::Hunk, Some(3), Some(4), "@@ -3,3 +4,3 @@"),
                (LineKind::Context, Some(3), Some(4), "same"),
                (LineKind::Removed, Some(4), None, "old"),
                (LineKind::Added, None, Some(5), "new"),
                (LineKind::Context, Some(5), Some(6), ""),
            ]
        );
        assert_eq!(count_lines(&change), LineCounts { added: 1, removed: 1 });
    }

    #[test]
    fn lines_outside_of_hunks_are_omitted() {
        let diff = "--- a/x.sql\n+++ b/x.sql\n@@ -1 +1 @@\n--- old comment\n+++ new\n\n\nMoved to: y.sql";
        let change = change("update", diff);
        assert_eq!(count_lines(&change), LineCounts { added: 1, removed: 1 });
        assert_eq!((diff_lines(&change)[1].text, diff_lines(&change).len()), ("-- old comment", 3));
    }

    #[test]
    fn hunk_with_count_zero_starts_after_the_named_line() {
        let change = change("update", "@@ -5,0 +6,1 @@\n+six\n@@ -7,1 +8,0 @@\n-seven\n");
        let numbers: Vec<_> = diff_lines(&change).iter().map(|line| (line.old, line.new)).collect();
        assert_eq!(numbers, [(Some(6), Some(6)), (None, Some(6)), (Some(7), Some(9)), (Some(7), None)]);
    }

    #[test]
    fn malformed_hunks_are_parsed_without_panic() {
        assert_eq!(diff_lines(&change("update", "@@\n+é\n")).len(), 2);
        assert_eq!(diff_lines(&change("update", "@@ -a +b @@\n+x\n@@\n+y"))[3].new, Some(1));
        assert_eq!(
            diff_lines(&change("update", "@@ -1,4294967295 +4294967295,9 @@\n x\n y"))[2].old,
            Some(2)
        );
        assert_eq!(count_lines(&change("update", "")), LineCounts::default());
        assert_eq!(
            count_lines(&change("update", "@@ -1,1 +1,1 @@\n-a\n-b\n+c\n+d")),
            LineCounts { added: 2, removed: 2 }
        );
        assert_eq!(diff_lines(&change("add", "a\r\n"))[0].text, "a\r");
    }
}

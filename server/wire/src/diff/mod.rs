//! Changes of files: their lines, how many they are, and what several of them amount to.
//!
//! Codex tells each change by itself ([`FileUpdateChange`]). [`net`] makes of many what they come to, file by file;
//! [`text`] writes that as one unified diff, for programs.

mod net;
mod script;
mod text;

use crate::{
    codex::{FileUpdateChange, Item, ItemStatus},
    transcript::{Content, Entry},
};

pub use self::{net::net, text::text};

/// What a line of a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// It is in the new file only.
    Added,
    /// It is in the old file only.
    Removed,
    /// It is in both.
    Context,
    /// The head of a hunk: says where the lines below it are.
    Hunk,
}

/// A line of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// What it is.
    pub kind: LineKind,
    /// Its number in the old file, from 1; of a hunk, that of its first line there.
    pub old: Option<u32>,
    /// Its number in the new file, from 1; of a hunk, that of its first line there.
    pub new: Option<u32>,
    /// What stands in it.
    pub text: &'a str,
}

/// How many lines a change adds and removes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Added.
    pub added: usize,
    /// Removed.
    pub removed: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
    }
}

/// A path as one says it inside `base`; as it is elsewhere.
pub fn relative<'a>(path: &'a str, base: &str) -> &'a str {
    path.strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('/'))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(path)
}

/// The changes of files that an entry has made: what failed, was declined or still runs has made none.
pub fn made(entry: &Entry) -> &[FileUpdateChange] {
    match &entry.content {
        Content::Item(Item::FileChange(change)) if change.status == ItemStatus::Completed => &change.changes,
        _ => &[],
    }
}

/// The lines of a change: of its unified diff, or of the whole file where it is added or deleted. (Which line ends the
/// file without a line break is left out.)
pub fn lines(change: &FileUpdateChange) -> Vec<Line<'_>> {
    let numbered = (1..).zip(change.diff.split_terminator('\n'));
    match change.kind.kind.as_str() {
        "add" => numbered
            .map(|(number, text)| Line { kind: LineKind::Added, old: None, new: Some(number), text })
            .collect(),
        "delete" => numbered
            .map(|(number, text)| Line { kind: LineKind::Removed, old: Some(number), new: None, text })
            .collect(),
        _ => {
            let mut hunk = None;
            change.diff.split_terminator('\n').filter_map(|line| unified(line, &mut hunk)).collect()
        }
    }
}

/// How many lines a change adds and removes.
pub fn counts(change: &FileUpdateChange) -> Counts {
    let mut counts = Counts::default();
    for line in lines(change) {
        match line.kind {
            LineKind::Added => counts.added += 1,
            LineKind::Removed => counts.removed += 1,
            LineKind::Context | LineKind::Hunk => {}
        }
    }
    counts
}

/// A hunk as it is read: the numbers that the next line has, and how many lines are still to come.
struct Hunk {
    old: Side,
    new: Side,
}

struct Side {
    next: u32,
    left: u32,
}

impl Side {
    /// Takes the next line.
    fn take(&mut self) -> u32 {
        let number = self.next;
        self.next = number.saturating_add(1);
        self.left = self.left.saturating_sub(1);
        number
    }
}

/// Reads a line of a unified diff; what stands outside of the hunks (the file's names, where it moved) is left out.
/// A hunk that is longer than it says is read all the same: no line that is added or removed may stay unseen.
fn unified<'a>(line: &'a str, hunk: &mut Option<Hunk>) -> Option<Line<'a>> {
    if line.starts_with("@@") {
        let read = head(line).unwrap_or_else(|| {
            let side = || Side { next: 1, left: u32::MAX };
            Hunk { old: side(), new: side() }
        });
        let (old, new) = (Some(read.old.next), Some(read.new.next));
        *hunk = Some(read);
        return Some(Line { kind: LineKind::Hunk, old, new, text: line });
    }
    let hunk = hunk.as_mut()?;
    if line.is_empty() && (hunk.old.left == 0 || hunk.new.left == 0) {
        return None;
    }
    let text = line.get(1..).unwrap_or_default();
    let (kind, old, new) = match line.as_bytes().first() {
        Some(b'+') => (LineKind::Added, None, Some(hunk.new.take())),
        Some(b'-') => (LineKind::Removed, Some(hunk.old.take()), None),
        Some(b' ') | None => (LineKind::Context, Some(hunk.old.take()), Some(hunk.new.take())),
        Some(_) => return None, // "\ No newline at end of file"
    };
    Some(Line { kind, old, new, text })
}

/// Reads the head of a hunk: `@@ -3,5 +4,6 @@`.
fn head(line: &str) -> Option<Hunk> {
    let side = |word: &str, sign| {
        let (start, left) = match word.strip_prefix(sign)?.split_once(',') {
            Some((start, left)) => (start, left.parse().ok()?),
            None => (word.strip_prefix(sign)?, 1),
        };
        // A side without lines names the line before it.
        let start: u32 = start.parse().ok()?;
        Some(Side { next: if left == 0 { start.saturating_add(1) } else { start }, left })
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
    fn paths_are_told_from_where_one_stands() {
        assert_eq!(relative("/w/src/a.rs", "/w"), "src/a.rs");
        assert_eq!(relative("/work/a.rs", "/w"), "/work/a.rs");
        assert_eq!(relative("/w", "/w"), "/w");
    }

    #[test]
    fn an_added_file_is_all_additions() {
        let change = change("add", "one\n+two\n");
        assert_eq!(counts(&change), Counts { added: 2, removed: 0 });
        let second = Line { kind: LineKind::Added, old: None, new: Some(2), text: "+two" };
        assert_eq!(lines(&change)[1], second);
    }

    #[test]
    fn a_deleted_file_is_all_removals() {
        assert_eq!(counts(&change("delete", "one\ntwo")), Counts { added: 0, removed: 2 });
    }

    #[test]
    fn a_unified_diff_is_numbered_by_its_hunks() {
        let change = change("update", "@@ -3,3 +4,3 @@\n same\n-old\n+new\n\n\\ No newline at end of file\n");
        let lines = lines(&change);
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
        assert_eq!(counts(&change), Counts { added: 1, removed: 1 });
    }

    #[test]
    fn what_stands_around_the_hunks_is_no_line() {
        let diff = "--- a/x.sql\n+++ b/x.sql\n@@ -1 +1 @@\n--- old comment\n+++ new\n\n\nMoved to: y.sql";
        let change = change("update", diff);
        assert_eq!(counts(&change), Counts { added: 1, removed: 1 });
        assert_eq!((lines(&change)[1].text, lines(&change).len()), ("-- old comment", 3));
    }

    #[test]
    fn a_hunk_without_lines_on_one_side_names_the_line_before() {
        let change = change("update", "@@ -5,0 +6,1 @@\n+six\n@@ -7,1 +8,0 @@\n-seven\n");
        let numbers: Vec<_> = lines(&change).iter().map(|line| (line.old, line.new)).collect();
        assert_eq!(numbers, [(Some(6), Some(6)), (None, Some(6)), (Some(7), Some(9)), (Some(7), None)]);
    }

    #[test]
    fn odd_hunks_and_characters_do_no_harm() {
        assert_eq!(lines(&change("update", "@@\n+é\n")).len(), 2);
        assert_eq!(lines(&change("update", "@@ -a +b @@\n+x\n@@\n+y"))[3].new, Some(1));
        assert_eq!(lines(&change("update", "@@ -1,4294967295 +4294967295,9 @@\n x\n y"))[2].old, Some(2));
        assert_eq!(counts(&change("update", "")), Counts::default());
        assert_eq!(
            counts(&change("update", "@@ -1,1 +1,1 @@\n-a\n-b\n+c\n+d")),
            Counts { added: 2, removed: 2 }
        );
        assert_eq!(lines(&change("add", "a\r\n"))[0].text, "a\r");
    }
}

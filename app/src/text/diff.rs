//! File changes, line by line.

use codex_gateway_wire::codex::FileUpdateChange;

/// What a line of a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineKind {
    Added,
    Removed,
    Context,
    /// The head of a hunk: says where the lines below it are.
    Hunk,
}

impl LineKind {
    /// The CSS class of such a line.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Added => "line added",
            Self::Removed => "line removed",
            Self::Context => "line",
            Self::Hunk => "line hunk",
        }
    }
}

/// A line of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) kind: LineKind,
    /// Its number in the new file; in the old one if it was removed.
    pub(crate) number: Option<u32>,
    pub(crate) text: &'a str,
}

/// How many lines a change adds and removes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) added: usize,
    pub(crate) removed: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
    }
}

/// The lines of a change: of its unified diff, or of the whole file where it is added or deleted.
pub(crate) fn lines(change: &FileUpdateChange) -> Vec<Line<'_>> {
    let whole = match change.kind.kind.as_str() {
        "add" => Some(LineKind::Added),
        "delete" => Some(LineKind::Removed),
        _ => None,
    };
    if let Some(kind) = whole {
        let numbered = (1..).zip(change.diff.lines());
        return numbered.map(|(number, text)| Line { kind, number: Some(number), text }).collect();
    }
    let mut place = None;
    change.diff.lines().filter_map(|line| unified(line, &mut place)).collect()
}

/// The numbers that the next line has in the old and the new file.
#[derive(Clone, Copy)]
struct Place {
    old: u32,
    new: u32,
}

/// Reads a line of a unified diff; the file's names before the first hunk are left out.
fn unified<'a>(line: &'a str, place: &mut Option<Place>) -> Option<Line<'a>> {
    if line.starts_with("@@") {
        *place = Some(hunk(line).unwrap_or(Place { old: 1, new: 1 }));
        return Some(Line { kind: LineKind::Hunk, number: None, text: line });
    }
    let place = place.as_mut()?;
    let kind = match line.as_bytes().first() {
        Some(b'+') => LineKind::Added,
        Some(b'-') => LineKind::Removed,
        Some(b' ') | None => LineKind::Context,
        Some(_) => return None, // "\ No newline at end of file"
    };
    let number = Some(if kind == LineKind::Removed { place.old } else { place.new });
    place.old += u32::from(kind != LineKind::Added);
    place.new += u32::from(kind != LineKind::Removed);
    Some(Line { kind, number, text: line.get(1..).unwrap_or_default() })
}

/// Where a hunk begins in the old and the new file: `@@ -3,5 +4,6 @@`.
fn hunk(line: &str) -> Option<Place> {
    let start =
        |word: &str, sign| -> Option<u32> { word.strip_prefix(sign)?.split(',').next()?.parse().ok() };
    let mut words = line.split(' ').skip(1);
    Some(Place { old: start(words.next()?, '-')?, new: start(words.next()?, '+')? })
}

/// How many lines a change adds and removes.
pub(crate) fn counts(change: &FileUpdateChange) -> Counts {
    let lines = lines(change);
    let of = |kind| lines.iter().filter(|line| line.kind == kind).count();
    Counts { added: of(LineKind::Added), removed: of(LineKind::Removed) }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::codex::PatchChangeKind;

    use super::*;

    fn change(kind: &str, diff: &str) -> FileUpdateChange {
        let kind = PatchChangeKind { kind: kind.to_owned(), move_path: None };
        FileUpdateChange { path: "a.txt".to_owned(), kind, diff: diff.to_owned() }
    }

    #[test]
    fn an_added_file_is_all_additions() {
        let change = change("add", "one\n+two\n");
        assert_eq!(counts(&change), Counts { added: 2, removed: 0 });
        assert_eq!(lines(&change)[1], Line { kind: LineKind::Added, number: Some(2), text: "+two" });
    }

    #[test]
    fn a_deleted_file_is_all_removals() {
        assert_eq!(counts(&change("delete", "one\ntwo")), Counts { added: 0, removed: 2 });
    }

    #[test]
    fn a_unified_diff_is_numbered_by_its_hunks() {
        let change = change("update", "@@ -3,3 +4,3 @@\n same\n-old\n+new\n\n\\ No newline at end of file\n");
        let lines = lines(&change);
        let seen: Vec<_> = lines.iter().map(|line| (line.kind, line.number, line.text)).collect();
        assert_eq!(
            seen,
            [
                (LineKind::Hunk, None, "@@ -3,3 +4,3 @@"),
                (LineKind::Context, Some(4), "same"),
                (LineKind::Removed, Some(4), "old"),
                (LineKind::Added, Some(5), "new"),
                (LineKind::Context, Some(6), ""),
            ]
        );
        assert_eq!(counts(&change), Counts { added: 1, removed: 1 });
    }

    #[test]
    fn what_looks_like_a_file_name_is_a_line_once_inside_a_hunk() {
        let change = change("update", "--- a/x.sql\n+++ b/x.sql\n@@ -1 +1 @@\n--- old comment\n+++ new\n");
        assert_eq!(counts(&change), Counts { added: 1, removed: 1 });
        assert_eq!(lines(&change)[1].text, "-- old comment");
    }

    #[test]
    fn odd_hunks_and_characters_do_no_harm() {
        assert_eq!(lines(&change("update", "@@\n+é\n")).len(), 2);
        assert_eq!(lines(&change("update", "@@ -a +b @@\n+x"))[1].number, Some(1));
        assert_eq!(counts(&change("update", "")), Counts::default());
    }
}

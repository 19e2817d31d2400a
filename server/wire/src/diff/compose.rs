//! Composition of consecutive changes, file by file.

use std::collections::{BTreeSet, HashMap};

use super::{
    edit_script::{Step, compose, edit_script, has_changes},
    unified::hunks,
};
use crate::codex::{FileUpdateChange, PatchChangeKind};

/// A changed file.
struct File<'a> {
    /// The current path, or the last path of a deleted file.
    path: &'a str,
    /// The changes, oldest first.
    changes: Vec<&'a FileUpdateChange>,
}

impl File<'_> {
    fn is_added(&self) -> bool {
        self.changes.first().is_some_and(|change| change.kind.kind == "add")
    }

    fn is_deleted(&self) -> bool {
        self.changes.last().is_some_and(|change| change.kind.kind == "delete")
    }
}

/// Composes consecutive changes to one change for each file, in the order of the first changes. Files whose changes
/// cancel out are omitted.
pub fn compose_diffs<'a>(all: impl IntoIterator<Item = &'a FileUpdateChange>) -> Vec<FileUpdateChange> {
    let mut files: Vec<File<'a>> = Vec::new();
    // The indices of the files that are or were at a path. A change applies to the newest of them.
    let mut at_path: HashMap<&str, BTreeSet<usize>> = HashMap::new();
    for change in all {
        let known = at_path.get_mut(change.path.as_str()).and_then(BTreeSet::pop_last);
        let path = change.kind.move_path.as_deref().unwrap_or(&change.path);
        at_path.entry(path).or_default().insert(known.unwrap_or(files.len()));
        match known.map(|at| &mut files[at]) {
            Some(file) => {
                // The previous content of an overwritten file is unknown, so only the new content counts.
                if change.kind.kind == "add" && !file.is_deleted() {
                    file.changes.clear();
                }
                file.changes.push(change);
                file.path = path;
            }
            None => files.push(File { path, changes: vec![change] }),
        }
    }
    files.iter().filter_map(compose_file).collect()
}

/// Composes the changes of a file. `None` if they cancel out.
fn compose_file(file: &File<'_>) -> Option<FileUpdateChange> {
    let (first, rest) = file.changes.split_first()?;
    if rest.is_empty() {
        return Some((*first).clone());
    }
    let steps = compose_all(file.changes.iter().map(|change| edit_script(change)).collect());
    let text = |line_of: fn(Step<'_>) -> Option<&str>| {
        steps.iter().filter_map(|step| line_of(*step)).fold(String::new(), |text, line| text + line + "\n")
    };
    let (kind, diff) = match (file.is_added(), file.is_deleted()) {
        (true, true) => return None,
        (true, false) => ("add", text(|step| if let Step::Add(line) = step { Some(line) } else { None })),
        (false, true) => {
            ("delete", text(|step| if let Step::Remove(line) = step { Some(line) } else { None }))
        }
        (false, false) => ("update", hunks(&steps)),
    };
    let path = if kind == "add" { file.path } else { first.path.as_str() };
    let moved = kind == "update" && path != file.path;
    if kind == "update" && !moved && !has_changes(&steps) {
        return None;
    }
    let move_path = moved.then(|| file.path.to_owned());
    let kind = PatchChangeKind { kind: kind.to_owned(), move_path };
    Some(FileUpdateChange { path: path.to_owned(), kind, diff })
}

/// Composes consecutive edit scripts pairwise, so that a line takes part in O(log n) compositions of n scripts.
fn compose_all(mut scripts: Vec<Vec<Step<'_>>>) -> Vec<Step<'_>> {
    while scripts.len() > 1 {
        let mut pairs = scripts.into_iter();
        let mut composed = Vec::with_capacity(pairs.len().div_ceil(2));
        while let Some(first) = pairs.next() {
            composed.push(match pairs.next() {
                Some(second) => compose(first, second),
                None => first,
            });
        }
        scripts = composed;
    }
    scripts.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::{super::tests::change, *};

    fn moved(to: &str, diff: &str) -> FileUpdateChange {
        let mut change = change("update", diff);
        change.kind.move_path = Some(to.to_owned());
        change
    }

    fn at(path: &str, change: FileUpdateChange) -> FileUpdateChange {
        FileUpdateChange { path: path.to_owned(), ..change }
    }

    #[test]
    fn single_change_is_unchanged() {
        let change = change("update", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n\\ No newline at end of file\n");
        assert_eq!(compose_diffs([&change]), [change]);
    }

    #[test]
    fn added_and_updated_file_is_an_added_file() {
        let changes =
            [change("add", "one\ntwo\n"), change("update", "@@ -1,2 +1,3 @@\n one\n-two\n+2\n+three\n")];
        assert_eq!(compose_diffs(&changes), [change("add", "one\n2\nthree\n")]);
    }

    #[test]
    fn changes_that_cancel_out_are_omitted() {
        assert_eq!(compose_diffs(&[change("add", "one\n"), change("delete", "one\n")]), []);
        let there_and_back =
            [change("update", "@@ -1 +1 @@\n-a\n+b\n"), change("update", "@@ -1 +1 @@\n-b\n+a\n")];
        assert_eq!(compose_diffs(&there_and_back), []);
        assert_eq!(compose_diffs(&[change("delete", "a\nb\n"), change("add", "a\nb\n")]), []);
    }

    #[test]
    fn changes_at_different_lines_are_hunks_of_one_diff() {
        let changes = [
            change("update", "@@ -20,3 +20,3 @@\n a\n-b\n+B\n c\n"),
            change("update", "@@ -2,2 +2,4 @@\n x\n+y\n+z\n w\n"),
        ];
        let expected = "@@ -2,2 +2,4 @@\n x\n+y\n+z\n w\n@@ -20,3 +22,3 @@\n a\n-b\n+B\n c\n";
        assert_eq!(compose_diffs(&changes), [change("update", expected)]);
    }

    #[test]
    fn moved_file_is_tracked_by_its_new_path() {
        let changes = [
            moved("b.txt", "@@ -1 +1 @@\n-a\n+b\n\n\nMoved to: b.txt"),
            at("b.txt", change("update", "@@ -1 +1,2 @@\n b\n+c\n")),
            at("other", change("add", "o\n")),
        ];
        let composed = compose_diffs(&changes);
        assert_eq!(composed, [moved("b.txt", "@@ -1,1 +1,2 @@\n-a\n+b\n+c\n"), changes[2].clone()]);
    }

    #[test]
    fn overwritten_file_is_an_added_file() {
        let changes = [change("update", "@@ -1 +1 @@\n-a\n+b\n"), change("add", "all new\n")];
        assert_eq!(compose_diffs(&changes), [change("add", "all new\n")]);
    }

    /// Applies edits to a file's lines. There are few different lines, so that equal lines are frequent.
    fn edited(old: &[String], edits: &[(usize, u8, String)]) -> Vec<String> {
        let mut new = old.to_vec();
        for (position, kind, line) in edits {
            let at = position % (new.len() + 1);
            match kind {
                0 => new.insert(at, line.clone()),
                _ if at < new.len() && *kind == 1 => drop(new.remove(at)),
                _ if at < new.len() => new[at].clone_from(line),
                _ => {}
            }
        }
        new
    }

    /// A diff of two files that differ between their common first and last lines.
    fn diff(old: &[String], new: &[String], context: usize) -> FileUpdateChange {
        let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let most = old.len().min(new.len()) - before;
        let after = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
        let (from, to) = (before.saturating_sub(context), after.saturating_sub(context));
        let (old_part, new_part) = (&old[from..old.len() - to], &new[from..new.len() - to]);
        let start = |part: &[String]| if part.is_empty() { from } else { from + 1 };
        let mut text = format!(
            "@@ -{},{} +{},{} @@\n",
            start(old_part),
            old_part.len(),
            start(new_part),
            new_part.len()
        );
        let tail = after - to;
        let lines = |sign: &str, lines: &[String]| {
            lines.iter().fold(String::new(), |text, line| text + sign + line + "\n")
        };
        text += &lines(" ", &old[from..before]);
        text += &lines("-", &old[before..old.len() - after]);
        text += &lines("+", &new[before..new.len() - after]);
        text += &lines(" ", &old[old.len() - after..old.len() - after + tail]);
        change("update", &text)
    }

    fn patched(old: &[String], change: &FileUpdateChange) -> Vec<String> {
        let mut rest = old.iter();
        let mut new = Vec::new();
        for step in edit_script(change) {
            match step {
                Step::Gap(count) => new.extend(rest.by_ref().take(count as usize).cloned()),
                Step::Keep(line) => {
                    assert_eq!(rest.next().map(String::as_str), Some(line));
                    new.push(line.to_owned());
                }
                Step::Remove(line) => assert_eq!(rest.next().map(String::as_str), Some(line)),
                Step::Add(line) => new.push(line.to_owned()),
            }
        }
        new.extend(rest.cloned());
        new
    }

    fn lines() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[abc]{1,2}", 0..24)
    }

    fn edits() -> impl Strategy<Value = Vec<Vec<(usize, u8, String)>>> {
        let edit = (0usize..40, 0u8..3, "[abc]{1,2}");
        proptest::collection::vec(proptest::collection::vec(edit, 1..6), 2..5)
    }

    proptest! {
        /// The composition of any changes, applied to the original file, gives the final file.
        #[test]
        fn composed_change_leads_to_the_same_file(old in lines(), edits in edits(), context in 0usize..4) {
            let mut files = vec![old.clone()];
            let mut changes = Vec::new();
            for edits in &edits {
                let before = files.last().unwrap();
                let after = edited(before, edits);
                changes.push(diff(before, &after, context));
                files.push(after);
            }
            let composed = compose_diffs(&changes);
            let last = files.last().unwrap();
            match composed.as_slice() {
                [] => prop_assert_eq!(&old, last),
                [change] => prop_assert_eq!(&patched(&old, change), last),
                _ => prop_assert!(false, "one file has one change"),
            }
            let added = [vec![change("add", &(old.join("\n") + if old.is_empty() { "" } else { "\n" }))], changes].concat();
            let text = last.iter().fold(String::new(), |text, line| text + line + "\n");
            prop_assert_eq!(super::compose_diffs(&added), [change("add", &text)]);
        }
    }
}

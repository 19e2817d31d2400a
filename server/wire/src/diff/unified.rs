//! Formatting of changes as a unified diff.

use std::fmt::Write as _;

use super::{
    edit_script::{Step, edit_script},
    relative_path,
};
use crate::codex::FileUpdateChange;

/// The number of context lines around a change.
const CONTEXT_LINES: usize = 3;

/// Formats the hunks of an edit script.
pub(super) fn hunks(steps: &[Step<'_>]) -> String {
    let mut text = String::new();
    let (mut old, mut new) = (1, 1);
    let near = near_changes(steps);
    let is_gap = |at: usize| matches!(steps[at], Step::Gap(_)) || !near[at];
    let indices: Vec<usize> = (0..steps.len()).collect();
    for run in indices.chunk_by(|one, other| is_gap(*one) == is_gap(*other)) {
        let steps = &steps[run[0]..run[0] + run.len()];
        let kept: u32 = steps.iter().map(|step| if let Step::Gap(count) = step { *count } else { 1 }).sum();
        if is_gap(run[0]) {
            (old, new) = (old + kept, new + kept);
            continue;
        }
        let count_without = |excluded: fn(&Step<'_>) -> bool| {
            steps.iter().fold(0, |count, step| count + u32::from(!excluded(step)))
        };
        let old_count = count_without(|step| matches!(step, Step::Add(_)));
        let new_count = count_without(|step| matches!(step, Step::Remove(_)));
        // With a count of 0, the start is the line before the hunk.
        let start = |next: u32, count: u32| if count == 0 { next - 1 } else { next };
        let (old_start, new_start) = (start(old, old_count), start(new, new_count));
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "@@ -{old_start},{old_count} +{new_start},{new_count} @@");
        for step in steps {
            let (sign, line) = match step {
                Step::Keep(line) => (' ', line),
                Step::Remove(line) => ('-', line),
                Step::Add(line) => ('+', line),
                Step::Gap(_) => continue,
            };
            text.push(sign);
            text.push_str(line);
            text.push('\n');
        }
        (old, new) = (old + old_count, new + new_count);
    }
    text
}

/// For each step, whether it is a change or at most [`CONTEXT_LINES`] away from one.
fn near_changes(steps: &[Step<'_>]) -> Vec<bool> {
    let mut near = vec![false; steps.len()];
    let mut mark = |indices: &mut dyn Iterator<Item = usize>| {
        let mut remaining = 0;
        for at in indices {
            remaining = match steps[at] {
                Step::Remove(_) | Step::Add(_) => CONTEXT_LINES + 1,
                Step::Keep(_) => remaining,
                Step::Gap(_) => 0,
            };
            near[at] |= remaining > 0;
            remaining = remaining.saturating_sub(1);
        }
    };
    mark(&mut (0..steps.len()));
    mark(&mut (0..steps.len()).rev());
    near
}

/// Formats changes as one unified diff in git's format, with paths relative to `cwd`. A diff longer than `max_bytes` is
/// truncated after a line. Returns the diff, and whether it was truncated.
pub fn unified_diff(changes: &[FileUpdateChange], cwd: &str, max_bytes: usize) -> (String, bool) {
    let mut text = String::new();
    for change in changes {
        let relative = |path: &str| relative_path(path, cwd).trim_start_matches('/').to_owned();
        let old = relative(&change.path);
        let new = change.kind.move_path.as_deref().map_or_else(|| old.clone(), relative);
        let _ = writeln!(text, "diff --git a/{old} b/{new}");
        let (from, to) = match change.kind.kind.as_str() {
            "add" => {
                text.push_str("new file mode 100644\n");
                ("/dev/null".to_owned(), format!("b/{new}"))
            }
            "delete" => {
                text.push_str("deleted file mode 100644\n");
                (format!("a/{old}"), "/dev/null".to_owned())
            }
            _ => {
                if old != new {
                    let _ = writeln!(text, "rename from {old}\nrename to {new}");
                }
                (format!("a/{old}"), format!("b/{new}"))
            }
        };
        let hunks = hunks(&edit_script(change));
        if !hunks.is_empty() {
            let _ = write!(text, "--- {from}\n+++ {to}\n{hunks}");
        }
        if text.len() > max_bytes {
            let end = text[..text.floor_char_boundary(max_bytes)].rfind('\n').map_or(0, |at| at + 1);
            text.truncate(end);
            return (text, true);
        }
    }
    (text, false)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::{super::tests::change, *};

    #[test]
    fn diff_is_in_git_format() {
        let mut moved = change("update", "@@ -9,2 +9,2 @@\n a\n-b\n+c\n\n\nMoved to: /w/d/e.txt");
        (moved.path, moved.kind.move_path) = ("/w/a.txt".to_owned(), Some("/w/d/e.txt".to_owned()));
        let all = [change("add", "one\n"), change("delete", "x\ny\n"), moved];
        let expected = "diff --git a/a.txt b/a.txt\nnew file mode 100644\n--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1,1 @@\n+one\n\
            diff --git a/a.txt b/a.txt\ndeleted file mode 100644\n--- a/a.txt\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n-y\n\
            diff --git a/a.txt b/d/e.txt\nrename from a.txt\nrename to d/e.txt\n--- a/a.txt\n+++ b/d/e.txt\n@@ -9,2 +9,2 @@\n a\n-b\n+c\n";
        assert_eq!(unified_diff(&all, "/w", 10_000), (expected.to_owned(), false));
    }

    #[test]
    fn long_diff_is_truncated_after_a_line() {
        let (diff, truncated) = unified_diff(&[change("add", &"é\n".repeat(1000))], "/", 200);
        assert!(truncated && diff.len() <= 200 && diff.ends_with("+é\n"), "{diff}");
    }

    #[test]
    fn lines_far_from_a_change_are_omitted() {
        let same = (1..=20).map(Step::Gap).map(|_| Step::Keep("=")).collect::<Vec<_>>();
        let steps = [&same[..], &[Step::Add("+")], &same[..], &[Step::Remove("-")], &same[..3]].concat();
        let heads: Vec<String> =
            hunks(&steps).lines().filter(|line| line.starts_with("@@")).map(ToOwned::to_owned).collect();
        assert_eq!(heads, ["@@ -18,6 +18,7 @@", "@@ -38,7 +39,6 @@"]);
    }
}

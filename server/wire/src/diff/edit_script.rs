//! Edit scripts: a change as a sequence of steps over the lines of the old file.

use super::{LineKind, diff_lines};
use crate::codex::FileUpdateChange;

/// A step of an edit script. All lines after the last step are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// Keeps this number of lines, whose text is unknown.
    Gap(u32),
    /// Keeps a line.
    Keep(&'a str),
    /// Removes a line.
    Remove(&'a str),
    /// Adds a line.
    Add(&'a str),
}

/// The edit script of a change.
pub(super) fn edit_script(change: &FileUpdateChange) -> Vec<Step<'_>> {
    let mut old = 1;
    let mut steps = Vec::new();
    for line in diff_lines(change) {
        match line.kind {
            LineKind::Hunk => {
                let start = line.old.unwrap_or(old).max(old);
                push_gap(&mut steps, start - old);
                old = start;
            }
            LineKind::Context => steps.push(Step::Keep(line.text)),
            LineKind::Removed => steps.push(Step::Remove(line.text)),
            LineKind::Added => steps.push(Step::Add(line.text)),
        }
        old += u32::from(matches!(line.kind, LineKind::Context | LineKind::Removed));
    }
    steps
}

fn push_gap(steps: &mut Vec<Step<'_>>, count: u32) {
    match steps.last_mut() {
        _ if count == 0 => {}
        Some(Step::Gap(before)) => *before = before.saturating_add(count),
        _ => steps.push(Step::Gap(count)),
    }
}

/// Composes two consecutive edit scripts: the lines that result from the first are the old lines of the second.
pub(super) fn compose<'a>(first: Vec<Step<'a>>, second: Vec<Step<'a>>) -> Vec<Step<'a>> {
    let mut steps = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let (mut from_first, mut from_second) = (first.next(), second.next());
    loop {
        match (from_first, from_second) {
            (Some(step @ Step::Remove(_)), _) => {
                steps.push(step);
                from_first = first.next();
            }
            (_, Some(step @ Step::Add(_))) => {
                steps.push(step);
                from_second = second.next();
            }
            (None, None) => return normalize(&steps),
            // After its last step, a script keeps all lines.
            (Some(step), None) => {
                push(&mut steps, step);
                from_first = first.next();
            }
            (None, Some(step)) => {
                push(&mut steps, step);
                from_second = second.next();
            }
            (Some(Step::Gap(one)), Some(Step::Gap(other))) => {
                let both = one.min(other);
                push_gap(&mut steps, both);
                from_first = if one > both { Some(Step::Gap(one - both)) } else { first.next() };
                from_second = if other > both { Some(Step::Gap(other - both)) } else { second.next() };
            }
            (Some(Step::Gap(count)), Some(step)) => {
                steps.push(step);
                from_first = if count > 1 { Some(Step::Gap(count - 1)) } else { first.next() };
                from_second = second.next();
            }
            (Some(step), Some(Step::Gap(count))) => {
                steps.push(step);
                from_first = first.next();
                from_second = if count > 1 { Some(Step::Gap(count - 1)) } else { second.next() };
            }
            (Some(one), Some(other)) => {
                match (one, other) {
                    // A line that is added and removed again cancels out.
                    (Step::Add(_), Step::Remove(_)) => {}
                    (Step::Keep(_), Step::Remove(_)) => steps.push(other),
                    _ => steps.push(one),
                }
                (from_first, from_second) = (first.next(), second.next());
            }
        }
    }
}

fn push<'a>(steps: &mut Vec<Step<'a>>, step: Step<'a>) {
    match step {
        Step::Gap(count) => push_gap(steps, count),
        step => steps.push(step),
    }
}

/// Returns an equivalent script: a line that is removed and added again is kept, and removals precede additions.
fn normalize<'a>(steps: &[Step<'a>]) -> Vec<Step<'a>> {
    let mut normalized = Vec::with_capacity(steps.len());
    for run in steps.chunk_by(|one, other| one.is_change() == other.is_change()) {
        if !run.first().is_some_and(Step::is_change) {
            for step in run {
                push(&mut normalized, *step);
            }
            continue;
        }
        let removed =
            run.iter().filter_map(|step| if let Step::Remove(text) = step { Some(*text) } else { None });
        let added = run.iter().filter_map(|step| if let Step::Add(text) = step { Some(*text) } else { None });
        let (removed, added): (Vec<_>, Vec<_>) = (removed.collect(), added.collect());
        let shorter = removed.len().min(added.len());
        let count_equal = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>, limit: usize| {
            pairs.take(limit).take_while(|(one, other)| one == other).count()
        };
        let before = count_equal(&mut removed.iter().zip(&added), shorter);
        let after = count_equal(&mut removed.iter().rev().zip(added.iter().rev()), shorter - before);
        normalized.extend(removed[..before].iter().map(|text| Step::Keep(text)));
        normalized.extend(removed[before..removed.len() - after].iter().map(|text| Step::Remove(text)));
        normalized.extend(added[before..added.len() - after].iter().map(|text| Step::Add(text)));
        normalized.extend(removed[removed.len() - after..].iter().map(|text| Step::Keep(text)));
    }
    normalized
}

/// Returns `true` if a script adds or removes lines.
pub(super) fn has_changes(steps: &[Step<'_>]) -> bool {
    steps.iter().any(Step::is_change)
}

impl Step<'_> {
    fn is_change(&self) -> bool {
        matches!(self, Step::Remove(_) | Step::Add(_))
    }
}

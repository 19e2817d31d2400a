//! A change as an edit script: what happens to each line of the old file, in order.

use super::{LineKind, lines};
use crate::codex::FileUpdateChange;

/// What happens to lines of the old file. Behind the last step, everything stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// So many lines stay; nobody has said what stands in them.
    Gap(u32),
    /// A line stays.
    Keep(&'a str),
    /// A line goes.
    Remove(&'a str),
    /// A line comes.
    Add(&'a str),
}

/// The edit script of a change.
pub(super) fn script(change: &FileUpdateChange) -> Vec<Step<'_>> {
    let mut old = 1;
    let mut steps = Vec::new();
    for line in lines(change) {
        match line.kind {
            LineKind::Hunk => {
                let start = line.old.unwrap_or(old).max(old);
                gap(&mut steps, start - old);
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

fn gap(steps: &mut Vec<Step<'_>>, count: u32) {
    match steps.last_mut() {
        _ if count == 0 => {}
        Some(Step::Gap(before)) => *before = before.saturating_add(count),
        _ => steps.push(Step::Gap(count)),
    }
}

/// What two scripts come to, one after the other: the lines that the first leaves are those that the second finds.
pub(super) fn compose<'a>(first: Vec<Step<'a>>, second: Vec<Step<'a>>) -> Vec<Step<'a>> {
    let mut steps = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let (mut left, mut found) = (first.next(), second.next());
    loop {
        match (left, found) {
            (Some(step @ Step::Remove(_)), _) => {
                steps.push(step);
                left = first.next();
            }
            (_, Some(step @ Step::Add(_))) => {
                steps.push(step);
                found = second.next();
            }
            (None, None) => return net_of(&steps),
            // Behind its last step, each leaves everything as it is.
            (Some(step), None) => {
                push(&mut steps, step);
                left = first.next();
            }
            (None, Some(step)) => {
                push(&mut steps, step);
                found = second.next();
            }
            (Some(Step::Gap(one)), Some(Step::Gap(other))) => {
                let both = one.min(other);
                gap(&mut steps, both);
                left = if one > both { Some(Step::Gap(one - both)) } else { first.next() };
                found = if other > both { Some(Step::Gap(other - both)) } else { second.next() };
            }
            (Some(Step::Gap(count)), Some(step)) => {
                steps.push(step);
                left = if count > 1 { Some(Step::Gap(count - 1)) } else { first.next() };
                found = second.next();
            }
            (Some(step), Some(Step::Gap(count))) => {
                steps.push(step);
                left = first.next();
                found = if count > 1 { Some(Step::Gap(count - 1)) } else { second.next() };
            }
            (Some(one), Some(other)) => {
                match (one, other) {
                    // It came and went.
                    (Step::Add(_), Step::Remove(_)) => {}
                    (Step::Keep(_), Step::Remove(_)) => steps.push(other),
                    _ => steps.push(one),
                }
                (left, found) = (first.next(), second.next());
            }
        }
    }
}

fn push<'a>(steps: &mut Vec<Step<'a>>, step: Step<'a>) {
    match step {
        Step::Gap(count) => gap(steps, count),
        step => steps.push(step),
    }
}

/// The same, where lines that went and came again have stayed; what goes stands before what comes.
fn net_of<'a>(steps: &[Step<'a>]) -> Vec<Step<'a>> {
    let mut net = Vec::with_capacity(steps.len());
    let changes = |step: &Step<'_>| matches!(step, Step::Remove(_) | Step::Add(_));
    for run in steps.chunk_by(|one, other| changes(one) == changes(other)) {
        if !run.first().is_some_and(changes) {
            for step in run {
                push(&mut net, *step);
            }
            continue;
        }
        let removed =
            run.iter().filter_map(|step| if let Step::Remove(text) = step { Some(*text) } else { None });
        let added = run.iter().filter_map(|step| if let Step::Add(text) = step { Some(*text) } else { None });
        let (removed, added): (Vec<_>, Vec<_>) = (removed.collect(), added.collect());
        let most = removed.len().min(added.len());
        let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>, most: usize| {
            pairs.take(most).take_while(|(one, other)| one == other).count()
        };
        let before = same(&mut removed.iter().zip(&added), most);
        let after = same(&mut removed.iter().rev().zip(added.iter().rev()), most - before);
        net.extend(removed[..before].iter().map(|text| Step::Keep(text)));
        net.extend(removed[before..removed.len() - after].iter().map(|text| Step::Remove(text)));
        net.extend(added[before..added.len() - after].iter().map(|text| Step::Add(text)));
        net.extend(removed[removed.len() - after..].iter().map(|text| Step::Keep(text)));
    }
    net
}

/// Whether a script changes anything.
pub(super) fn changes(steps: &[Step<'_>]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Remove(_) | Step::Add(_)))
}

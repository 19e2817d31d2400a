//! The differences by their kind, for people.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Difference, Kind};
use super::model::Protocol;

/// A page about them.
pub(super) fn report(known: &Protocol, found: &Protocol, differences: &BTreeSet<Difference>) -> String {
    let mut lines = vec![format!(
        "codex {} beside codex {}, which we know: {} requests, {} questions of codex's, {} notifications, {} types",
        found.codex,
        known.codex,
        known.requests.len(),
        known.asked.len(),
        known.notifications.len(),
        known.types.len(),
    )];
    if differences.is_empty() {
        lines.push("nothing is different of what we use, and there are no new methods".to_owned());
    }
    for (kind, title) in [
        (Kind::Gone, "GONE, and we use it"),
        (Kind::Changed, "CHANGED, and we use it"),
        (Kind::Looser, "may be missing or null now, and we read it"),
        (Kind::New, "new, and we do not know it"),
    ] {
        let all: Vec<&Difference> = differences.iter().filter(|difference| difference.kind == kind).collect();
        if !all.is_empty() {
            lines.push(format!("\n{title} ({})", all.len()));
            lines.extend(grouped(&all).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines.join("\n") + "\n"
}

/// Fields of one object in one line, and objects of one type that have the same ones too.
fn grouped(all: &[&Difference]) -> Vec<String> {
    let mut methods = Vec::new();
    let mut objects: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Difference { what, how, .. } in all {
        let told = |name: &str| if how.is_empty() { name.to_owned() } else { format!("{name} ({how})") };
        match what.rsplit_once('.') {
            Some((of, name)) => objects.entry(of).or_default().push(told(name)),
            None => methods.push(told(what)),
        }
    }
    let mut alike: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for (of, names) in objects {
        let (of, variant) = of.split_once('.').unwrap_or((of, ""));
        alike.entry((of, names.join(", "))).or_default().push(variant);
    }
    let objects = alike.into_iter().map(|((of, names), variants)| match variants.as_slice() {
        [""] => format!("{of}: {names}"),
        [variant] => format!("{of}.{variant}: {names}"),
        variants => format!("{of} ({}): {names}", variants.join(", ").trim_start_matches(", ")),
    });
    let methods = (!methods.is_empty()).then(|| methods.join(", "));
    methods.into_iter().chain(objects).collect()
}

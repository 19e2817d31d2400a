//! Formats the differences as text, grouped by kind.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Difference, Kind};
use super::model::Protocol;

/// Returns the report that `cargo xtask protocol` prints.
pub(super) fn report(pinned: &Protocol, other: &Protocol, differences: &BTreeSet<Difference>) -> String {
    let mut lines = vec![format!(
        "codex {} compared with the pinned codex {}: {} requests, {} server requests, {} notifications, {} types",
        other.codex,
        pinned.codex,
        pinned.requests.len(),
        pinned.server_requests.len(),
        pinned.notifications.len(),
        pinned.types.len(),
    )];
    if differences.is_empty() {
        lines.push("no differences in what the gateway uses, and no new methods".to_owned());
    }
    for (kind, title) in [
        (Kind::Removed, "REMOVED, and the gateway uses it"),
        (Kind::Changed, "CHANGED, and the gateway uses it"),
        (Kind::Relaxed, "may be missing or null now, and the gateway reads it"),
        (Kind::Added, "added, and unknown to the gateway"),
    ] {
        let all: Vec<&Difference> = differences.iter().filter(|difference| difference.kind == kind).collect();
        if !all.is_empty() {
            lines.push(format!("\n{title} ({})", all.len()));
            lines.extend(grouped(&all).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines.join("\n") + "\n"
}

/// Returns lines for the report. Fields of an object share a line, and so do variants of a type with the same fields.
fn grouped(all: &[&Difference]) -> Vec<String> {
    let mut methods = Vec::new();
    let mut objects: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Difference { path, detail, .. } in all {
        let described =
            |name: &str| if detail.is_empty() { name.to_owned() } else { format!("{name} ({detail})") };
        match path.rsplit_once('.') {
            Some((of, name)) => objects.entry(of).or_default().push(described(name)),
            None => methods.push(described(path)),
        }
    }
    let mut same_fields: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for (of, names) in objects {
        let (of, variant) = of.split_once('.').unwrap_or((of, ""));
        same_fields.entry((of, names.join(", "))).or_default().push(variant);
    }
    let objects = same_fields.into_iter().map(|((of, names), variants)| match variants.as_slice() {
        [""] => format!("{of}: {names}"),
        [variant] => format!("{of}.{variant}: {names}"),
        variants => format!("{of} ({}): {names}", variants.join(", ").trim_start_matches(", ")),
    });
    let methods = (!methods.is_empty()).then(|| methods.join(", "));
    methods.into_iter().chain(objects).collect()
}

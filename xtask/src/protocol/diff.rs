//! Compares two versions of the protocol: the part that the gateway uses.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Object, Protocol, Type, alternatives, base_type, field_name};

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The gateway uses it, and it does not exist any more.
    Removed,
    /// The gateway uses it, and it has another type, or is required now.
    Changed,
    /// A received value may be missing or null now, or a sent one may not be null any more.
    Relaxed,
    /// It did not exist before.
    Added,
}

impl Kind {
    /// Returns `true` if the difference may break the gateway.
    pub(crate) fn is_breaking(self) -> bool {
        matches!(self, Self::Removed | Self::Changed)
    }
}

/// A difference between two versions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    pub(crate) kind: Kind,
    /// A method, a type, or a field of a type: `ThreadStartParams.cwd`.
    pub(crate) path: String,
    /// A description for the report; may be empty.
    pub(crate) detail: String,
}

/// The direction of a value, as seen by the gateway.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    Sent,
    Received,
}

/// Returns the differences from `old` to `new` in what the gateway uses, and all added methods.
pub(crate) fn diff(old: &Protocol, new: &Protocol) -> BTreeSet<Difference> {
    let mut diff = Diff { old, new, compared: BTreeSet::new(), differences: BTreeSet::new() };
    for (method, [params, reply]) in &old.requests {
        diff.method(
            method,
            new.requests.get(method),
            [(params, Direction::Sent), (reply, Direction::Received)],
        );
    }
    for (method, [params, reply]) in &old.server_requests {
        diff.method(
            method,
            new.server_requests.get(method),
            [(params, Direction::Received), (reply, Direction::Sent)],
        );
    }
    for (method, params) in &old.notifications {
        let new_params = new.notifications.get(method).map(|params| [params.clone()]);
        diff.method(method, new_params.as_ref(), [(params, Direction::Received)]);
    }
    let methods = |of: &Protocol| -> BTreeSet<String> {
        let used = of.requests.keys().chain(of.server_requests.keys()).chain(of.notifications.keys());
        used.chain(&of.other_methods).cloned().collect()
    };
    for method in methods(new).difference(&methods(old)) {
        diff.add(Kind::Added, method, "");
    }
    // A type that is both sent and received may be breaking in one direction only: then only that counts.
    let broken: BTreeSet<String> =
        diff.differences.iter().filter(|one| one.kind.is_breaking()).map(|one| one.path.clone()).collect();
    diff.differences.retain(|one| one.kind.is_breaking() || !broken.contains(&one.path));
    diff.differences
}

/// A comparison in progress.
struct Diff<'a> {
    old: &'a Protocol,
    new: &'a Protocol,
    /// Pairs of types that were compared already. Types can refer to each other.
    compared: BTreeSet<(String, String, Direction)>,
    differences: BTreeSet<Difference>,
}

impl Diff<'_> {
    fn add(&mut self, kind: Kind, path: &str, detail: impl Into<String>) {
        self.differences.insert(Difference { kind, path: path.to_owned(), detail: detail.into() });
    }

    fn method<const N: usize>(
        &mut self,
        method: &str,
        new_types: Option<&[String; N]>,
        types: [(&String, Direction); N],
    ) {
        let Some(new_types) = new_types else { return self.add(Kind::Removed, method, "") };
        for ((old, direction), new) in types.into_iter().zip(new_types) {
            self.types(old, new, direction);
        }
    }

    /// Compares two types that are used in the same place. Their names need not be equal.
    fn types(&mut self, old_name: &str, new_name: &str, direction: Direction) {
        if !self.compared.insert((old_name.to_owned(), new_name.to_owned(), direction)) {
            return;
        }
        match (self.old.types.get(old_name), self.new.types.get(new_name)) {
            (Some(Type::Object(old)), Some(Type::Object(new))) => self.objects(old_name, old, new, direction),
            (
                Some(Type::OneOf { used, others }),
                Some(Type::OneOf { used: new_used, others: new_others }),
            ) => {
                self.variants(old_name, (used, others), (new_used, new_others), direction);
            }
            (Some(Type::Plain(old)), Some(Type::Plain(new))) => self.shapes(old_name, old, new, direction),
            (None, _) => {}
            (Some(_), _) => self.add(Kind::Changed, old_name, "another kind of type"),
        }
    }

    fn variants(
        &mut self,
        name: &str,
        (old_used, old_others): (&BTreeMap<String, Object>, &BTreeSet<String>),
        (new_used, new_others): (&BTreeMap<String, Object>, &BTreeSet<String>),
        direction: Direction,
    ) {
        for (tag, old) in old_used {
            match new_used.get(tag) {
                Some(new) => self.objects(&format!("{name}.{tag}"), old, new, direction),
                None => self.add(Kind::Removed, &format!("{name}.{tag}"), ""),
            }
        }
        for tag in new_used.keys().chain(new_others) {
            if !old_used.contains_key(tag) && !old_others.contains(tag) {
                self.add(Kind::Added, &format!("{name}.{tag}"), "");
            }
        }
    }

    fn objects(&mut self, name: &str, old: &Object, new: &Object, direction: Direction) {
        for (field, old_shape) in &old.used {
            let path = format!("{name}.{}", field_name(field));
            let was_required = !field.ends_with('?');
            match new.field(field_name(field)) {
                None => self.add(Kind::Removed, &path, ""),
                Some((is_required, new_shape)) => {
                    match (was_required, is_required, direction) {
                        (false, true, Direction::Sent) => self.add(Kind::Changed, &path, "required now"),
                        (true, false, Direction::Received) => {
                            self.add(Kind::Relaxed, &path, "may be missing now");
                        }
                        _ => {}
                    }
                    self.shapes(&path, old_shape, new_shape, direction);
                }
            }
        }
        let names = |object: &Object| -> BTreeSet<String> {
            object.used.keys().chain(&object.others).cloned().collect()
        };
        let (old_names, new_names) = (names(old), names(new));
        for field in &new_names {
            let path = format!("{name}.{}", field_name(field));
            if old_names.iter().all(|old| field_name(old) != field_name(field)) {
                let must_be_sent = direction == Direction::Sent && !field.ends_with('?');
                let (kind, detail) =
                    if must_be_sent { (Kind::Changed, "new and required") } else { (Kind::Added, "") };
                self.add(kind, &path, detail);
            }
        }
    }

    fn shapes(&mut self, path: &str, old_shape: &str, new_shape: &str, direction: Direction) {
        let split = |shape: &str| -> (BTreeSet<String>, Vec<String>) {
            let (types, plain): (Vec<&str>, Vec<&str>) =
                alternatives(shape).partition(|one| base_type(one).starts_with(char::is_uppercase));
            (plain.into_iter().map(str::to_owned).collect(), types.into_iter().map(str::to_owned).collect())
        };
        let ((mut old, old_types), (mut new, new_types)) = (split(old_shape), split(new_shape));
        let (could_be_null, can_be_null) = (old.remove("null"), new.remove("null"));
        // `[]` for `Turn[]`: what an alternative has around its type.
        let around = |alternative: &String| alternative.replacen(base_type(alternative), "", 1);
        let same_around = old_types.iter().map(around).collect::<Vec<_>>()
            == new_types.iter().map(around).collect::<Vec<_>>();
        if old != new || !same_around {
            return self.add(Kind::Changed, path, format!("from {old_shape} to {new_shape}"));
        }
        match (could_be_null, can_be_null, direction) {
            (false, true, Direction::Received) => self.add(Kind::Relaxed, path, "may be null now"),
            (true, false, Direction::Sent) => self.add(Kind::Relaxed, path, "may not be null any more"),
            _ => {}
        }
        for (old, new) in old_types.iter().zip(&new_types) {
            self.types(base_type(old), base_type(new), direction);
        }
    }
}

//! What is new, gone or changed between two versions of the protocol, of what we use.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Object, Protocol, Type, alternatives, bare, base};

/// What has become of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// We use it, and it is not there.
    Gone,
    /// We use it, and it is something else now, or must be there and was not needed before.
    Changed,
    /// We read it, and it may be missing or be null now; or we send it, and it may be left out.
    Looser,
    /// It was not there before.
    New,
}

impl Kind {
    /// Whether it may break what we do.
    pub(crate) fn breaks(self) -> bool {
        matches!(self, Self::Gone | Self::Changed)
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    pub(crate) kind: Kind,
    /// A method, a type, or a field of it: `ThreadStartParams.cwd`.
    pub(crate) what: String,
    /// More about it, for people; may be empty.
    pub(crate) how: String,
}

/// Which way something goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Sent,
    Read,
}

/// The differences of what we use from `known` to `found`, and all methods that are new.
pub(crate) fn diff(known: &Protocol, found: &Protocol) -> BTreeSet<Difference> {
    let mut diff = Diff { known, found, seen: BTreeSet::new(), all: BTreeSet::new() };
    for (method, [params, reply]) in &known.requests {
        diff.method(method, found.requests.get(method), [(params, Way::Sent), (reply, Way::Read)]);
    }
    for (method, [params, reply]) in &known.asked {
        diff.method(method, found.asked.get(method), [(params, Way::Read), (reply, Way::Sent)]);
    }
    for (method, params) in &known.notifications {
        let others = found.notifications.get(method).map(|params| [params.clone()]);
        diff.method(method, others.as_ref(), [(params, Way::Read)]);
    }
    let methods = |of: &Protocol| -> BTreeSet<String> {
        let used = of.requests.keys().chain(of.asked.keys()).chain(of.notifications.keys());
        used.chain(&of.other_methods).cloned().collect()
    };
    for method in methods(found).difference(&methods(known)) {
        diff.add(Kind::New, method, "");
    }
    // What is both sent and read can be new in the one way and needed in the other.
    let broken: BTreeSet<String> =
        diff.all.iter().filter(|one| one.kind.breaks()).map(|one| one.what.clone()).collect();
    diff.all.retain(|one| one.kind.breaks() || !broken.contains(&one.what));
    diff.all
}

struct Diff<'a> {
    known: &'a Protocol,
    found: &'a Protocol,
    seen: BTreeSet<(String, String, Way)>,
    all: BTreeSet<Difference>,
}

impl Diff<'_> {
    fn add(&mut self, kind: Kind, what: &str, how: impl Into<String>) {
        self.all.insert(Difference { kind, what: what.to_owned(), how: how.into() });
    }

    fn method<const N: usize>(
        &mut self,
        method: &str,
        found: Option<&[String; N]>,
        types: [(&String, Way); N],
    ) {
        let Some(found) = found else { return self.add(Kind::Gone, method, "") };
        for ((known, way), found) in types.into_iter().zip(found) {
            self.types(known, found, way);
        }
    }

    /// Two types that stand in the same place; what they are called does not matter.
    fn types(&mut self, known: &str, found: &str, way: Way) {
        if !self.seen.insert((known.to_owned(), found.to_owned(), way)) {
            return;
        }
        match (self.known.types.get(known), self.found.types.get(found)) {
            (Some(Type::Object(old)), Some(Type::Object(new))) => self.objects(known, old, new, way),
            (Some(Type::OneOf { used, others }), Some(Type::OneOf { used: new, others: more })) => {
                self.variants(known, (used, others), (new, more), way);
            }
            (Some(Type::Plain(old)), Some(Type::Plain(new))) => self.shapes(known, old, new, way),
            (None, _) => {}
            (Some(_), _) => self.add(Kind::Changed, known, "it is made in another way now"),
        }
    }

    fn variants(
        &mut self,
        name: &str,
        (known, others): (&BTreeMap<String, Object>, &BTreeSet<String>),
        (found, more): (&BTreeMap<String, Object>, &BTreeSet<String>),
        way: Way,
    ) {
        for (word, old) in known {
            match found.get(word) {
                Some(new) => self.objects(&format!("{name}.{word}"), old, new, way),
                None => self.add(Kind::Gone, &format!("{name}.{word}"), ""),
            }
        }
        for word in found.keys().chain(more) {
            if !known.contains_key(word) && !others.contains(word) {
                self.add(Kind::New, &format!("{name}.{word}"), "");
            }
        }
    }

    fn objects(&mut self, name: &str, known: &Object, found: &Object, way: Way) {
        for (field, old) in &known.used {
            let place = format!("{name}.{}", bare(field));
            let was_required = !field.ends_with('?');
            match found.field(bare(field)) {
                None => self.add(Kind::Gone, &place, ""),
                Some((required, new)) => {
                    match (was_required, required, way) {
                        (false, true, Way::Sent) => self.add(Kind::Changed, &place, "it must be there now"),
                        (true, false, Way::Read) => self.add(Kind::Looser, &place, "it may be missing now"),
                        _ => {}
                    }
                    self.shapes(&place, old, new, way);
                }
            }
        }
        let names = |object: &Object| -> BTreeSet<String> {
            object.used.keys().chain(&object.others).cloned().collect()
        };
        let (known, found) = (names(known), names(found));
        for field in &found {
            let place = format!("{name}.{}", bare(field));
            if known.iter().all(|old| bare(old) != bare(field)) {
                let is_needed = way == Way::Sent && !field.ends_with('?');
                let (kind, how) =
                    if is_needed { (Kind::Changed, "it is new, and must be there") } else { (Kind::New, "") };
                self.add(kind, &place, how);
            }
        }
    }

    fn shapes(&mut self, place: &str, known: &str, found: &str, way: Way) {
        let split = |shape: &str| -> (BTreeSet<String>, Vec<String>) {
            let (types, plain): (Vec<&str>, Vec<&str>) =
                alternatives(shape).partition(|one| base(one).starts_with(char::is_uppercase));
            (plain.into_iter().map(str::to_owned).collect(), types.into_iter().map(str::to_owned).collect())
        };
        let ((mut old, old_types), (mut new, new_types)) = (split(known), split(found));
        let (could_be_null, can_be_null) = (old.remove("null"), new.remove("null"));
        let around = |alternative: &String| alternative.replacen(base(alternative), "", 1);
        let same_around = old_types.iter().map(around).collect::<Vec<_>>()
            == new_types.iter().map(around).collect::<Vec<_>>();
        if old != new || !same_around {
            return self.add(Kind::Changed, place, format!("from {known} to {found}"));
        }
        match (could_be_null, can_be_null, way) {
            (false, true, Way::Read) => self.add(Kind::Looser, place, "it may be null now"),
            (true, false, Way::Sent) => self.add(Kind::Looser, place, "it may not be null any more"),
            _ => {}
        }
        for (old, new) in old_types.iter().zip(&new_types) {
            self.types(base(old), base(new), way);
        }
    }
}

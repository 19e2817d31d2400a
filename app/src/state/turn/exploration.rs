//! Successive steps that only read files, list them, or search in them.

use std::collections::HashMap;

use codex_gateway_wire::{Content, Entry, Item, ItemId, codex::ItemStatus};

/// Successive steps of a turn that only read files, list them, or search in them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Explorations {
    groups: Vec<Vec<ItemId>>,
    /// The position in `groups`, by the id of a step.
    positions: HashMap<ItemId, usize>,
}

impl Explorations {
    /// Returns all groups of two and more such steps. What the agent thinks between two of them belongs to their group.
    pub(super) fn of(entries: &[&Entry]) -> Self {
        let mut groups = Vec::new();
        let mut group: Vec<&Entry> = Vec::new();
        let mut thoughts: Vec<&Entry> = Vec::new();
        for &entry in entries {
            if explores(entry) {
                if !group.is_empty() {
                    group.append(&mut thoughts);
                }
                group.push(entry);
            } else if matches!(entry.content, Content::Item(Item::Reasoning(_))) && !group.is_empty() {
                thoughts.push(entry);
            } else {
                thoughts.clear();
                groups.push(std::mem::take(&mut group));
            }
        }
        groups.push(group);
        groups.retain(|group| group.len() > 1);
        let groups: Vec<Vec<ItemId>> =
            groups.iter().map(|group| group.iter().map(|entry| entry.id.clone()).collect()).collect();
        let positions = groups.iter().enumerate();
        let positions =
            positions.flat_map(|(at, group)| group.iter().map(move |id| (id.clone(), at))).collect();
        Self { groups, positions }
    }

    /// Returns the group of a step, in the order of the steps. `None` if it is in none.
    pub(crate) fn group_of(&self, step: &ItemId) -> Option<&[ItemId]> {
        self.positions.get(step).map(|at| self.groups[*at].as_slice())
    }
}

fn explores(entry: &Entry) -> bool {
    let Content::Item(Item::CommandExecution(command)) = &entry.content else { return false };
    command.only_explores() && !command.has_failed() && command.status != ItemStatus::Declined
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::codex::TurnStatus;

    use super::*;
    use crate::state::turn::tests::{entry, facts, of_kind};

    #[test]
    fn successive_reads_are_a_group_with_the_thoughts_between_them() {
        let read = |id: &str| {
            entry(
                id,
                r#""type":"commandExecution","status":"completed","commandActions":[{"type":"read","path":"a"}]"#,
            )
        };
        let steps = vec![
            read("1"),
            of_kind('r', "2"),
            read("3"),
            of_kind('r', "4"),
            of_kind('c', "5"),
            read("6"),
            of_kind('m', "7"),
            read("8"),
            read("9"),
        ];
        let explorations = facts(TurnStatus::InProgress, steps).explorations;
        let group = |id: &str| {
            explorations
                .group_of(&id.into())
                .map(|group| group.iter().map(ItemId::as_str).collect::<Vec<_>>().join(""))
        };
        for (id, expected) in
            [("1", Some("123")), ("2", Some("123")), ("4", None), ("5", None), ("6", None), ("9", Some("89"))]
        {
            assert_eq!(group(id).as_deref(), expected, "{id}");
        }
        let failed = entry(
            "2",
            r#""type":"commandExecution","status":"failed","exitCode":1,"commandActions":[{"type":"read","path":"a"}]"#,
        );
        let explorations = facts(TurnStatus::Completed, vec![read("1"), failed]).explorations;
        assert_eq!(explorations, Explorations::default(), "a failure is shown on its own");
    }
}

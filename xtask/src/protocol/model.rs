//! Codex's protocol, reduced to what is compared: methods, and the types of what they carry.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What is known of a version of codex: as it stands in `xtask/protocol.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Protocol {
    /// The version of codex.
    pub(crate) codex: String,
    /// What we ask codex, with the types of our question and of its answer.
    pub(crate) requests: BTreeMap<String, [String; 2]>,
    /// What codex asks us, with the types of its question and of our answer.
    pub(crate) asked: BTreeMap<String, [String; 2]>,
    /// What codex says unasked, with its type.
    pub(crate) notifications: BTreeMap<String, String>,
    /// The types that can be reached from there by what we use of them.
    pub(crate) types: BTreeMap<String, Type>,
    /// All other methods: their names alone.
    pub(crate) other_methods: BTreeSet<String>,
}

impl Protocol {
    /// As JSON with one line for each method and type: so that a later difference can be read in the history.
    pub(crate) fn text(&self) -> serde_json::Result<String> {
        let mut text = String::new();
        let serde_json::Value::Object(parts) = serde_json::to_value(self)? else { return Ok(text) };
        for (name, part) in parts {
            let part = match part {
                serde_json::Value::Object(entries) => {
                    let entries = entries.iter().map(|(name, entry)| format!("    {name:?}: {entry}"));
                    format!("{{\n{}\n  }}", entries.collect::<Vec<_>>().join(",\n"))
                }
                part => part.to_string(),
            };
            text.push_str(if text.is_empty() { "{\n  " } else { ",\n  " });
            text.extend([format!("{name:?}: "), part]);
        }
        Ok(text + "\n}\n")
    }
}

/// A type of codex's JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Type {
    /// An object.
    Object(Object),
    /// One of several: words, or objects that tell by a tag which they are.
    OneOf {
        /// Those that we know.
        used: BTreeMap<String, Object>,
        /// Those that the sources do not name.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        others: BTreeSet<String>,
    },
    /// Something simpler, or that cannot be taken apart.
    Plain(String),
}

/// The fields of an object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    /// Those that we use, each with its shape: `string | null`, `Turn[]`. The name of one that may be missing ends
    /// with a question mark.
    #[serde(flatten)]
    pub(crate) used: BTreeMap<String, String>,
    /// Those that we do not use: their names alone, in the same way.
    #[serde(default, rename = "…", skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) others: BTreeSet<String>,
}

impl Object {
    /// A field that is used: whether it must be there, and its shape.
    pub(crate) fn field(&self, name: &str) -> Option<(bool, &str)> {
        let required = self.used.get(name).map(|shape| (true, shape.as_str()));
        required.or_else(|| self.used.get(&format!("{name}?")).map(|shape| (false, shape.as_str())))
    }
}

/// The name of a field without its question mark.
pub(crate) fn bare(name: &str) -> &str {
    name.trim_end_matches('?')
}

/// The alternatives of a shape.
pub(crate) fn alternatives(shape: &str) -> impl Iterator<Item = &str> {
    shape.split(" | ")
}

/// The type that an alternative is made of: `Turn` of `Turn[]` and `{Turn}`.
pub(crate) fn base(alternative: &str) -> &str {
    alternative.trim_end_matches("[]").trim_start_matches('{').trim_end_matches('}')
}

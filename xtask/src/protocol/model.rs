//! Codex's protocol, reduced to what is compared: methods, and the types of their parameters and results.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The protocol of a version of codex, as in `xtask/protocol.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Protocol {
    /// The version of codex.
    pub(crate) codex: String,
    /// Requests of the gateway to codex, with the types of parameters and result.
    pub(crate) requests: BTreeMap<String, [String; 2]>,
    /// Server requests: requests of codex to the gateway, with the types of parameters and result.
    pub(crate) server_requests: BTreeMap<String, [String; 2]>,
    /// Notifications of codex, with the types of their parameters.
    pub(crate) notifications: BTreeMap<String, String>,
    /// The types that these refer to, directly or through fields that the gateway uses.
    pub(crate) types: BTreeMap<String, Type>,
    /// The names of all other methods.
    pub(crate) other_methods: BTreeSet<String>,
}

impl Protocol {
    /// Formats the protocol as JSON with one line for each method and type, so that git shows readable differences.
    pub(crate) fn to_text(&self) -> serde_json::Result<String> {
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
    /// An object with fields.
    Object(Object),
    /// One of several variants: strings, or objects with a tag.
    OneOf {
        /// The variants that the gateway uses, by string or tag.
        used: BTreeMap<String, Object>,
        /// The names of the other variants.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        others: BTreeSet<String>,
    },
    /// Any other type, by its shape.
    Plain(String),
}

/// The fields of an object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    /// The fields that the gateway uses, each with its shape: `string | null`, `Turn[]`. The name of an optional field ends
    /// with a question mark.
    #[serde(flatten)]
    pub(crate) used: BTreeMap<String, String>,
    /// The names of the other fields, in the same form.
    #[serde(default, rename = "…", skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) others: BTreeSet<String>,
}

impl Object {
    /// Looks up a used field: `true` if it is required, and its shape.
    pub(crate) fn field(&self, name: &str) -> Option<(bool, &str)> {
        let required = self.used.get(name).map(|shape| (true, shape.as_str()));
        required.or_else(|| self.used.get(&format!("{name}?")).map(|shape| (false, shape.as_str())))
    }
}

/// Returns the name of a field without the question mark of optional fields.
pub(crate) fn field_name(name: &str) -> &str {
    name.trim_end_matches('?')
}

/// Returns the alternatives of a shape, such as `string` and `null`.
pub(crate) fn alternatives(shape: &str) -> impl Iterator<Item = &str> {
    shape.split(" | ")
}

/// Returns the element type of an alternative: `Turn` for `Turn[]` and `{Turn}`.
pub(crate) fn base_type(alternative: &str) -> &str {
    alternative.trim_end_matches("[]").trim_start_matches('{').trim_end_matches('}')
}

//! Known fields of a JSON value, read from its OpenAPI schema.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value, value::RawValue};

use super::nearest::nearest;

/// Maximum number of unknown names in a reply.
const MAX_REPORTED: usize = 10;
/// Maximum length of a reported name, in characters.
const MAX_NAME_CHARS: usize = 64;
/// Maximum length of a name that is compared with known ones, in bytes.
const MAX_COMPARED_BYTES: usize = 256;

/// Known fields of a JSON value.
#[derive(Debug)]
pub(super) enum Shape {
    /// Anything: a scalar, or free-form JSON.
    Any,
    /// An object with these fields.
    Object(BTreeMap<String, Shape>),
    /// A list of such values.
    List(Box<Shape>),
    /// An object whose `type` selects one of these shapes.
    Tagged(BTreeMap<String, Shape>),
}

impl Shape {
    /// Returns the shape of an object without fields.
    pub(super) fn nothing() -> Self {
        Self::Object(BTreeMap::new())
    }

    /// Reads a schema. Schemas of request bodies are not recursive.
    pub(super) fn of(schema: &Value, schemas: &Value) -> Self {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return Self::of(&schemas[name], schemas);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return parts.iter().fold(Self::nothing(), |whole, part| whole.and(Self::of(part, schemas)));
        }
        if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            let choices: Vec<&Value> = choices.iter().filter(|choice| choice["type"] != "null").collect();
            return match choices.as_slice() {
                [one] => Self::of(one, schemas),
                all => Self::tagged(all, schemas).unwrap_or(Self::Any),
            };
        }
        if let Some(items) = schema.get("items") {
            return Self::List(Box::new(Self::of(items, schemas)));
        }
        match (schema["properties"].as_object(), schema.get("additionalProperties")) {
            (Some(members), None | Some(Value::Bool(false))) => Self::Object(
                members.iter().map(|(name, member)| (name.clone(), Self::of(member, schemas))).collect(),
            ),
            _ => Self::Any,
        }
    }

    fn tagged(choices: &[&Value], schemas: &Value) -> Option<Self> {
        let tag = |choice: &Value| choice["properties"]["type"]["enum"][0].as_str().map(str::to_owned);
        let choice = |choice: &&Value| Some((tag(choice)?, Self::of(choice, schemas)));
        choices.iter().map(choice).collect::<Option<_>>().map(Self::Tagged)
    }

    /// Merges the fields of two objects.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Object(mut members), Self::Object(others)) => {
                members.extend(others);
                Self::Object(members)
            }
            _ => Self::Any,
        }
    }

    /// Returns `true` if this is an object with the field.
    #[cfg(test)]
    pub(super) fn knows(&self, member: &str) -> bool {
        matches!(self, Self::Object(members) if members.contains_key(member))
    }

    /// Adds the unknown fields of a JSON value. `path` is its path in the body.
    pub(super) fn find_unknown(&self, json: &RawValue, path: &str, unknown: &mut UnknownNames) {
        match self {
            Self::Any => {}
            Self::List(items) => {
                let list: Vec<&RawValue> = serde_json::from_str(json.get()).unwrap_or_default();
                for (index, item) in list.into_iter().enumerate() {
                    items.find_unknown(item, &format!("{path}[{index}]"), unknown);
                }
            }
            Self::Tagged(shapes) => {
                let tag = members(json).remove("type").and_then(|tag| serde_json::from_str(tag.get()).ok());
                if let Some(shape) = tag.and_then(|tag: String| shapes.get(&tag)) {
                    shape.find_unknown(json, path, unknown);
                }
            }
            Self::Object(shapes) => {
                for (name, member) in members(json) {
                    let dot = if path.is_empty() { "" } else { "." };
                    if let Some(shape) = shapes.get(&name) {
                        shape.find_unknown(member, &format!("{path}{dot}{name}"), unknown);
                    } else {
                        let known = shapes.keys().map(String::as_str);
                        unknown.add("field", &format!("{path}{dot}"), &name, known);
                    }
                }
            }
        }
    }
}

/// Returns the fields of an object. Empty for other values.
fn members(json: &RawValue) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(json.get()).unwrap_or_default()
}

/// An unknown name, for messages.
#[derive(Debug)]
struct Unknown {
    what: &'static str,
    name: String,
    nearest: Option<String>,
    known: Vec<String>,
}

impl Unknown {
    /// Looks up the nearest name among the known ones.
    fn new<'a>(
        what: &'static str,
        path: &str,
        name: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let is_compared = name.len() <= MAX_COMPARED_BYTES;
        let nearest = is_compared.then(|| nearest(name, known.clone()).map(str::to_owned)).flatten();
        let known = known.map(str::to_owned).collect();
        let name = path.chars().chain(name.chars()).take(MAX_NAME_CHARS).collect();
        Self { what, name, nearest, known }
    }
}

/// Unknown names of a request. Only the first few are kept, because a body can have hundreds of thousands.
#[derive(Debug, Default)]
pub(super) struct UnknownNames {
    reported: Vec<Unknown>,
    more: usize,
}

impl UnknownNames {
    /// Adds an unknown name.
    pub(super) fn add<'a>(
        &mut self,
        what: &'static str,
        path: &str,
        name: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) {
        if self.reported.len() < MAX_REPORTED {
            self.reported.push(Unknown::new(what, path, name, known));
        } else {
            self.more += 1;
        }
    }

    /// Returns one message for each name that was kept, and one with the number of the others.
    pub(super) fn list(&self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("{} more are not known", self.more));
        self.reported.iter().map(ToString::to_string).chain(more).collect()
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, name, nearest, known } = self;
        write!(f, "the {what} {name:?} is not known; ")?;
        match nearest {
            Some(nearest) => write!(f, "did you mean {nearest:?}?"),
            None if known.is_empty() => f.write_str("nothing is taken here"),
            None => write!(f, "known are {}", known.join(", ")),
        }
    }
}

//! Reads the JSON Schema that codex prints of its protocol.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::model::{Object, Protocol, Type, alternatives, base_type};
use super::used::UsedNames;

/// The output of `codex app-server generate-json-schema`, as one set of definitions.
pub(crate) struct Schema {
    definitions: BTreeMap<String, Value>,
}

/// The definition of the requests of the gateway.
const REQUESTS: &str = "ClientRequest";
/// The definition of the requests of codex.
const SERVER_REQUESTS: &str = "ServerRequest";
/// The definition of the notifications of codex.
const NOTIFICATIONS: &str = "ServerNotification";

impl Schema {
    /// Parses the schema. Merges the types of both protocol versions, which have no name in common.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let schema: Value =
            serde_json::from_str(text).context("the schema that codex printed is not JSON")?;
        let definitions = schema["definitions"].as_object().context("codex's schema has no definitions")?;
        let mut all = BTreeMap::new();
        for (name, definition) in definitions {
            match definition.as_object() {
                Some(nested) if name == "v2" => {
                    all.extend(nested.iter().map(|(name, definition)| (name.clone(), definition.clone())));
                }
                _ => drop(all.entry(name.clone()).or_insert_with(|| definition.clone())),
            }
        }
        Ok(Self { definitions: all })
    }

    /// Reduces the schema to the part that the gateway uses.
    pub(crate) fn reduce(&self, codex: &str, used: &UsedNames) -> Result<Protocol> {
        let mut protocol = Protocol { codex: codex.to_owned(), ..Protocol::default() };
        let mut pending = Vec::new();
        for (kind, of) in
            [(REQUESTS, &mut protocol.requests), (SERVER_REQUESTS, &mut protocol.server_requests)]
        {
            for (method, params) in self.methods(kind)? {
                if used.method(&method) {
                    let reply = self.reply(&params);
                    pending.extend([params.clone(), reply.clone()]);
                    of.insert(method, [params, reply]);
                } else {
                    protocol.other_methods.insert(method);
                }
            }
        }
        for (method, params) in self.methods(NOTIFICATIONS)? {
            if used.method(&method) {
                pending.push(params.clone());
                protocol.notifications.insert(method, params);
            } else {
                protocol.other_methods.insert(method);
            }
        }
        let mut collector = TypeCollector { schema: self, used, types: BTreeMap::new(), pending };
        collector.run();
        protocol.types = collector.types;
        Ok(protocol)
    }

    /// Returns the methods of a kind, each with the type of its parameters.
    fn methods(&self, kind: &str) -> Result<Vec<(String, String)>> {
        let all = self.definitions.get(kind).and_then(|kind| kind["oneOf"].as_array());
        let all = all.with_context(|| format!("codex's schema has no {kind}"))?;
        let method = |one: &Value| {
            let method = one["properties"]["method"]["enum"][0].as_str()?;
            let params = one["properties"]["params"]["$ref"].as_str().map_or("", reference);
            Some((method.to_owned(), params.to_owned()))
        };
        Ok(all.iter().filter_map(method).collect())
    }

    /// Returns the type of a request's result, which is named like that of its parameters. Empty if the schema has no such type.
    fn reply(&self, params: &str) -> String {
        let reply = params.strip_suffix("Params").map(|name| format!("{name}Response"));
        reply.filter(|name| self.definitions.contains_key(name)).unwrap_or_default()
    }
}

/// Collects types, and the types that they refer to.
struct TypeCollector<'a> {
    schema: &'a Schema,
    used: &'a UsedNames,
    types: BTreeMap<String, Type>,
    /// Names of types that are still to be read.
    pending: Vec<String>,
}

impl TypeCollector<'_> {
    fn run(&mut self) {
        while let Some(name) = self.pending.pop() {
            if self.types.contains_key(&name) {
                continue;
            }
            let schema = self.schema;
            if let Some(definition) = schema.definitions.get(&name) {
                let read = self.read(&name, definition);
                self.types.insert(name, read);
            }
        }
    }

    fn read(&mut self, name: &str, schema: &Value) -> Type {
        if let Some(all) = one_of(schema) {
            let parts: Option<Vec<(String, Value)>> =
                all.iter().map(variants).collect::<Option<Vec<_>>>().map(|all| all.concat());
            if let Some(parts) = parts {
                let (mut used, mut others) = (BTreeMap::new(), BTreeSet::new());
                for (tag, variant) in parts {
                    if self.used.name(&tag) {
                        let mut object = self.object(&format!("{name}.{tag}"), &variant);
                        let common = self.object(name, schema);
                        object.used.extend(common.used);
                        object.others.extend(common.others);
                        used.insert(tag, object);
                    } else {
                        others.insert(tag);
                    }
                }
                return Type::OneOf { used, others };
            }
        }
        if let Some(words) = schema["enum"].as_array() {
            let words = words.iter().filter_map(Value::as_str).map(str::to_owned);
            let (used, others): (Vec<_>, Vec<_>) = words.partition(|word| self.used.name(word));
            let used = used.into_iter().map(|word| (word, Object::default())).collect();
            return Type::OneOf { used, others: others.into_iter().collect() };
        }
        if schema["properties"].is_object() {
            return Type::Object(self.object(name, schema));
        }
        Type::Plain(self.shape(name, schema))
    }

    fn object(&mut self, name: &str, schema: &Value) -> Object {
        let mut object = Object::default();
        let required = |field: &str| {
            schema["required"].as_array().is_some_and(|all| all.iter().any(|name| name == field))
        };
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let key = if required(field) { field.clone() } else { format!("{field}?") };
            if self.used.name(field) {
                let shape = self.shape(&format!("{name}.{field}"), property);
                object.used.insert(key, shape);
            } else {
                object.others.insert(key);
            }
        }
        object
    }

    /// Describes a schema as a shape, such as `string | null`, and collects the types that it refers to.
    ///
    /// A type without a name is named after its place: `Thread.status`.
    fn shape(&mut self, place: &str, schema: &Value) -> String {
        let all: BTreeSet<String> = self.alternatives(place, schema);
        let mut all: Vec<String> = all.into_iter().collect();
        all.sort_by_key(|shape| shape == "null");
        all.join(" | ")
    }

    fn alternatives(&mut self, place: &str, schema: &Value) -> BTreeSet<String> {
        if let Some(name) = schema["$ref"].as_str().map(reference) {
            return self.referenced(name);
        }
        if let Some(all) = schema["allOf"].as_array().or_else(|| one_of(schema)) {
            return all.iter().flat_map(|one| self.alternatives(place, one)).collect();
        }
        if schema["enum"].is_array() || schema["properties"].is_object() {
            let read = self.read(place, schema);
            self.types.insert(place.to_owned(), read);
            return [place.to_owned()].into();
        }
        let types = match &schema["type"] {
            Value::String(one) => vec![one.clone()],
            Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => vec!["any".to_owned()],
        };
        let mut found = BTreeSet::new();
        for one in types {
            match one.as_str() {
                "array" => {
                    let items = self.shape(place, &schema["items"]);
                    found.extend(alternatives(&items).map(|item| format!("{item}[]")));
                }
                "object" if schema["additionalProperties"].is_object() => {
                    let values = self.shape(place, &schema["additionalProperties"]);
                    found.extend(alternatives(&values).map(|value| format!("{{{value}}}")));
                }
                _ => drop(found.insert(one)),
            }
        }
        found
    }

    /// Returns the name of a referenced type, or its shape if it is a plain one. Names of plain types often change.
    fn referenced(&mut self, name: &str) -> BTreeSet<String> {
        let schema = self.schema;
        let Some(definition) = schema.definitions.get(name) else { return ["any".to_owned()].into() };
        let is_plain = definition["properties"].is_null()
            && definition["enum"].is_null()
            && definition["$ref"].is_null()
            && one_of(definition).is_none()
            && !definition["type"].is_null();
        if is_plain {
            return self.alternatives(name, definition);
        }
        self.pending.push(name.to_owned());
        [name.to_owned()].into()
    }
}

/// Returns the alternatives of a schema with `oneOf` or `anyOf`.
fn one_of(schema: &Value) -> Option<&Vec<Value>> {
    schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())
}

/// Returns the variants of an alternative, each with its string, the value of its tag, or the name of its only field.
///
/// `None` if it has none of these.
fn variants(schema: &Value) -> Option<Vec<(String, Value)>> {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| Some((word.as_str()?.to_owned(), Value::Null))).collect();
    }
    if let Some(word) = schema["const"].as_str() {
        return Some(vec![(word.to_owned(), Value::Null)]);
    }
    let properties = schema["properties"].as_object()?;
    let tag = properties.values().find_map(|property| match property["enum"].as_array()?.as_slice() {
        [word] => word.as_str(),
        _ => None,
    });
    match (tag, properties.len()) {
        (Some(word), _) => Some(vec![(word.to_owned(), schema.clone())]),
        (None, 1) => properties.keys().next().map(|key| vec![(key.clone(), schema.clone())]),
        _ => None,
    }
}

/// Returns the last part of a reference: `Turn` for `#/definitions/v2/Turn`.
fn reference(path: &str) -> &str {
    base_type(path.rsplit('/').next().unwrap_or(path))
}

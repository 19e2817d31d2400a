//! Elicitations of MCP servers: forms and links, and the checks of their answers.

use serde_json::{Map, Value};

use super::answer::BadAnswer;

/// Returns `true` if the elicitation needs a feature that only OpenAI's own clients have.
pub(super) fn is_unsupported(params: &Value) -> bool {
    params["mode"] == "openai/userVerification"
}

/// Returns `true` for a form without fields, which is a yes-or-no question.
pub(super) fn is_empty_form(params: &Value) -> bool {
    params["mode"] == "form" && fields(params).is_none_or(Map::is_empty)
}

fn fields(params: &Value) -> Option<&Map<String, Value>> {
    params["requestedSchema"]["properties"].as_object()
}

/// Checks the content of a form and returns it for codex. Links have no content.
pub(super) fn content(params: &Value, content: Value) -> Result<Value, BadAnswer> {
    if params["mode"] == "url" {
        return Ok(Value::Null);
    }
    let filled = match content {
        Value::Null => Map::new(),
        Value::Object(filled) => filled,
        _ => return Err(BadAnswer::InvalidContent),
    };
    let required = params["requestedSchema"]["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(missing) = required.iter().filter_map(Value::as_str).find(|name| !filled.contains_key(*name))
    {
        return Err(BadAnswer::FieldMissing(missing.to_owned()));
    }
    let fields = fields(params);
    for (name, value) in &filled {
        let Some(schema) = fields.and_then(|fields| fields.get(name)) else {
            return Err(BadAnswer::NoSuchField(name.clone()));
        };
        if !fits(schema, value) {
            return Err(BadAnswer::InvalidField(name.clone()));
        }
    }
    Ok(Value::Object(filled))
}

/// Returns `true` if a value has the type of a field and is one of its choices. (The server checks lengths and
/// formats.)
fn fits(schema: &Value, value: &Value) -> bool {
    let is_choice = |schema: &Value, value: &Value| {
        let constants = ["oneOf", "anyOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
        let mut constants = constants.map(|choice| &choice["const"]).peekable();
        let listed = schema["enum"].as_array();
        let free = listed.is_none() && constants.peek().is_none();
        free || listed.is_some_and(|listed| listed.contains(value))
            || constants.any(|constant| constant == value)
    };
    match schema["type"].as_str() {
        Some("string") => value.is_string() && is_choice(schema, value),
        Some("number") => value.is_number(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("array") => {
            let items = &schema["items"];
            value.as_array().is_some_and(|values| values.iter().all(|value| is_choice(items, value)))
        }
        // The server checks values of types that are unknown here.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form() -> Value {
        json!({ "mode": "form", "requestedSchema": { "type": "object", "required": ["name"], "properties": {
            "name": { "type": "string" },
            "age": { "type": "integer" },
            "ratio": { "type": "number" },
            "sure": { "type": "boolean" },
            "size": { "type": "string", "enum": ["S", "M"] },
            "colour": { "type": "string", "oneOf": [{ "const": "b", "title": "Blue" }] },
            "tags": { "type": "array", "items": { "type": "string", "enum": ["x", "y"] } },
            "shape": { "type": "hologram" },
        }}})
    }

    #[test]
    fn form_content_is_checked_against_types_choices_and_required_fields() {
        let good = json!({
            "name": "Ada", "age": 36, "ratio": 0.5, "sure": true, "size": "M", "colour": "b", "tags": ["y"],
            "shape": [1],
        });
        assert_eq!(content(&form(), good.clone()), Ok(good.clone()));
        for (field, value) in [
            ("name", json!(7)),
            ("age", json!(3.5)),
            ("ratio", json!("1")),
            ("sure", json!("yes")),
            ("size", json!("XL")),
            ("colour", json!("Blue")),
            ("tags", json!(["z"])),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert_eq!(content(&form(), bad), Err(BadAnswer::InvalidField(field.into())));
        }
        assert_eq!(content(&form(), json!({ "age": 1 })), Err(BadAnswer::FieldMissing("name".into())));
        assert_eq!(content(&form(), json!({ "name": "A", "x": 1 })), Err(BadAnswer::NoSuchField("x".into())));
        assert_eq!(content(&form(), json!("Ada")), Err(BadAnswer::InvalidContent));
    }

    #[test]
    fn link_has_no_content_and_empty_form_needs_none() {
        assert_eq!(content(&json!({ "mode": "url" }), json!({ "x": 1 })), Ok(Value::Null));
        let empty = json!({ "mode": "form", "requestedSchema": { "properties": {} } });
        assert_eq!(content(&empty, Value::Null), Ok(json!({})));
        assert!(is_empty_form(&empty) && !is_empty_form(&form()));
    }
}

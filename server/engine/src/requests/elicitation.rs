//! Forms and links of MCP servers, and what they are answered.

use serde_json::{Map, Value};

use super::answer::BadAnswer;

/// Whether it asks for something that only OpenAI's own clients can do.
pub(super) fn is_beyond_us(params: &Value) -> bool {
    params["mode"] == "openai/userVerification"
}

/// Whether it is a form without fields: a question of yes or no.
pub(super) fn asks_for_nothing(params: &Value) -> bool {
    params["mode"] == "form" && fields(params).is_none_or(Map::is_empty)
}

fn fields(params: &Value) -> Option<&Map<String, Value>> {
    params["requestedSchema"]["properties"].as_object()
}

/// Checks what a form is filled in with; what codex is told. A link has no content.
pub(super) fn content(params: &Value, content: Value) -> Result<Value, BadAnswer> {
    if params["mode"] == "url" {
        return Ok(Value::Null);
    }
    let filled = match content {
        Value::Null => Map::new(),
        Value::Object(filled) => filled,
        _ => return Err(BadAnswer::Content),
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
            return Err(BadAnswer::Field(name.clone()));
        }
    }
    Ok(Value::Object(filled))
}

/// Whether a value is of the type that a field has, and one of its choices. (Lengths and formats are the
/// server's to check.)
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
        // A type of the future is the server's to check.
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
    fn a_form_takes_what_its_fields_take() {
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
            assert_eq!(content(&form(), bad), Err(BadAnswer::Field(field.into())));
        }
        assert_eq!(content(&form(), json!({ "age": 1 })), Err(BadAnswer::FieldMissing("name".into())));
        assert_eq!(content(&form(), json!({ "name": "A", "x": 1 })), Err(BadAnswer::NoSuchField("x".into())));
        assert_eq!(content(&form(), json!("Ada")), Err(BadAnswer::Content));
    }

    #[test]
    fn a_link_has_no_content_and_an_empty_form_needs_none() {
        assert_eq!(content(&json!({ "mode": "url" }), json!({ "x": 1 })), Ok(Value::Null));
        let empty = json!({ "mode": "form", "requestedSchema": { "properties": {} } });
        assert_eq!(content(&empty, Value::Null), Ok(json!({})));
        assert!(asks_for_nothing(&empty) && !asks_for_nothing(&form()));
    }
}

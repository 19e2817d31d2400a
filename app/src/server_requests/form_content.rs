//! The content of a form as JSON.

use codex_gateway_wire::{
    Json,
    request::{FieldInput, FormField},
};

/// The format that the answer to a form has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentFormat {
    /// A list of texts for each question of the agent.
    Answers,
    /// A value of the field's type for each field of an MCP server's form.
    TypedValues,
}

/// Returns the fields and their values as a JSON object, in the order of the fields. Empty optional fields are left out.
///
/// `None` if a required field is empty, or if the value of a number field is not a number.
pub(super) fn form_content(
    fields: &[FormField],
    values: &[Vec<String>],
    format: ContentFormat,
) -> Option<Json> {
    let mut object = String::from("{");
    for (field, values) in fields.iter().zip(values) {
        let values: Vec<&String> = values.iter().filter(|value| !value.trim().is_empty()).collect();
        if values.is_empty() && field.input != FieldInput::Boolean {
            if field.required {
                return None;
            }
            continue;
        }
        if object.len() > 1 {
            object.push(',');
        }
        object.push_str(&serde_json::to_string(&field.name).ok()?);
        object.push(':');
        let text = values.first().map_or("", |text| text.as_str());
        let value = match field.input {
            _ if format == ContentFormat::Answers => serde_json::to_string(&values).ok()?,
            FieldInput::Many => serde_json::to_string(&values).ok()?,
            // Parsing the object below fails if the rest is not a number.
            FieldInput::Number => {
                Some(text.trim()).filter(|text| text.starts_with(starts_number))?.to_owned()
            }
            FieldInput::Boolean => (text == "true").to_string(),
            _ => serde_json::to_string(text).ok()?,
        };
        object.push_str(&value);
    }
    object.push('}');
    serde_json::from_str(&object).ok()
}

/// Returns `true` for the characters that a JSON number can start with.
fn starts_number(character: char) -> bool {
    character == '-' || character.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, input: FieldInput, required: bool) -> FormField {
        FormField { name: name.to_owned(), input, required, ..FormField::default() }
    }

    fn values(texts: &[&str]) -> Vec<Vec<String>> {
        texts.iter().map(|text| vec![(*text).to_owned()]).collect()
    }

    #[test]
    fn questions_have_no_content_until_each_has_an_answer() {
        let fields = [field("c", FieldInput::One, true), field("p", FieldInput::Secret, true)];
        assert_eq!(form_content(&fields, &values(&["Blue", ""]), ContentFormat::Answers), None);
        let answers = form_content(&fields, &values(&["Red \"x\"", "hush"]), ContentFormat::Answers).unwrap();
        assert_eq!(answers.get(), r#"{"c":["Red \"x\""],"p":["hush"]}"#);
    }

    #[test]
    fn form_content_has_the_order_and_types_of_the_fields() {
        let fields = [
            field("city", FieldInput::Text, true),
            field("nights", FieldInput::Number, false),
            field("tags", FieldInput::Many, false),
            field("breakfast", FieldInput::Boolean, false),
        ];
        let content = |texts: &[&str]| {
            let content = form_content(&fields, &values(texts), ContentFormat::TypedValues);
            content.map(|json| json.get().to_owned())
        };
        let all = r#"{"city":"Rome","nights":2.5,"tags":["x"],"breakfast":true}"#;
        assert_eq!(content(&["Rome", " 2.5 ", "x", "true"]).as_deref(), Some(all));
        assert_eq!(content(&["Rome", "", "", ""]).as_deref(), Some(r#"{"city":"Rome","breakfast":false}"#));
        assert_eq!(content(&["", "2", "", ""]), None);
        for number in ["two", "+1", "1,2", "0x1", "-", "1 2", "2}"] {
            assert_eq!(content(&["Rome", number, "", ""]), None, "{number}");
        }
    }
}

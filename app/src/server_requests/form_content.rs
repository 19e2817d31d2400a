//! What fields were filled in with, as an answer.

use codex_gateway_wire::{
    Json,
    request::{FieldInput, FormField},
};

/// What fields were filled in with, as a JSON object: a list of texts for each question, or what its type says for
/// each field of a form. `None` while something is missing, or is no number where one is needed.
pub(super) fn filled(fields: &[FormField], values: &[Vec<String>], questions: bool) -> Option<Json> {
    let mut object = String::from("{");
    for (field, values) in fields.iter().zip(values) {
        let given: Vec<&String> = values.iter().filter(|value| !value.trim().is_empty()).collect();
        if given.is_empty() && field.input != FieldInput::Boolean {
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
        let text = given.first().map_or("", |text| text.as_str());
        let value = match field.input {
            _ if questions => serde_json::to_string(&given).ok()?,
            FieldInput::Many => serde_json::to_string(&given).ok()?,
            // Whether it is one is for the check below to say.
            FieldInput::Number => Some(text.trim()).filter(|text| text.starts_with(is_of_number))?.to_owned(),
            FieldInput::Boolean => (text == "true").to_string(),
            _ => serde_json::to_string(text).ok()?,
        };
        object.push_str(&value);
    }
    object.push('}');
    serde_json::from_str(&object).ok()
}

fn is_of_number(character: char) -> bool {
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
    fn every_question_needs_an_answer() {
        let fields = [field("c", FieldInput::One, true), field("p", FieldInput::Secret, true)];
        assert_eq!(filled(&fields, &values(&["Blue", ""]), true), None);
        let answers = filled(&fields, &values(&["Red \"x\"", "hush"]), true).unwrap();
        assert_eq!(answers.get(), r#"{"c":["Red \"x\""],"p":["hush"]}"#);
    }

    #[test]
    fn a_form_keeps_its_order_and_its_types() {
        let fields = [
            field("city", FieldInput::Text, true),
            field("nights", FieldInput::Number, false),
            field("tags", FieldInput::Many, false),
            field("breakfast", FieldInput::Boolean, false),
        ];
        let filled =
            |texts: &[&str]| filled(&fields, &values(texts), false).map(|json| json.get().to_owned());
        let all = r#"{"city":"Rome","nights":2.5,"tags":["x"],"breakfast":true}"#;
        assert_eq!(filled(&["Rome", " 2.5 ", "x", "true"]).as_deref(), Some(all));
        assert_eq!(filled(&["Rome", "", "", ""]).as_deref(), Some(r#"{"city":"Rome","breakfast":false}"#));
        assert_eq!(filled(&["", "2", "", ""]), None);
        for number in ["two", "+1", "1,2", "0x1", "-", "1 2", "2}"] {
            assert_eq!(filled(&["Rome", number, "", ""]), None, "{number}");
        }
    }
}

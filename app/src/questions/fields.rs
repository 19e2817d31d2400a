//! The fields of questions and forms: what can be filled in, and what was.

use codex_gateway_wire::{Json, UserRequest, fields::Fields, read_fields};
use serde_json::value::RawValue;

/// A field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Field {
    /// What its value is sent by.
    pub(super) name: String,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) input: Input,
    pub(super) required: bool,
    /// What it is filled in with at first.
    pub(super) default: Vec<String>,
}

/// How a field is filled in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Input {
    /// By writing; the browser's type of the input.
    Text(&'static str),
    /// By writing a number.
    Number,
    /// Yes or no.
    Toggle,
    /// By choosing: one, or several.
    Choices { choices: Vec<Choice>, many: bool, other: bool },
}

impl Default for Input {
    fn default() -> Self {
        Self::Text("text")
    }
}

/// One of the choices of a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) hint: String,
}

#[derive(Default)]
struct Params {
    questions: Vec<Asked>,
    requested_schema: Schema,
}
read_fields!(Params { questions, requested_schema });

#[derive(Default)]
struct Asked {
    id: String,
    header: String,
    question: String,
    is_other: bool,
    is_secret: bool,
    options: Vec<Choice>,
}
read_fields!(Asked { id, header, question, is_other, is_secret, options });
read_fields!(Choice { value as "const", label, hint as "description" });

#[derive(Default)]
struct Schema {
    properties: Json,
    required: Vec<String>,
}
read_fields!(Schema { properties, required });

/// A property of a form's schema.
#[derive(Default)]
struct Property {
    kind: String,
    title: Option<String>,
    description: String,
    format: String,
    listed: Vec<String>,
    enum_names: Vec<String>,
    one_of: Vec<Titled>,
    any_of: Vec<Titled>,
    items: Option<Box<Property>>,
    default: Json,
}
read_fields!(Property {
    kind as "type",
    title,
    description,
    format,
    listed as "enum",
    enum_names,
    one_of,
    any_of,
    items,
    default
});

#[derive(Default)]
struct Titled {
    value: String,
    title: String,
}
read_fields!(Titled { value as "const", title });

/// The fields of a request, in order.
pub(super) fn fields(request: &UserRequest) -> Vec<Field> {
    let params: Params = serde_json::from_str(request.params.get()).unwrap_or_default();
    if !params.questions.is_empty() {
        return params.questions.into_iter().map(question).collect();
    }
    let Schema { properties, required } = params.requested_schema;
    let Ok(properties) = serde_json::from_str::<Fields>(properties.get()) else { return Vec::new() };
    properties
        .iter()
        .map(|(name, schema)| property(name, schema, required.iter().any(|one| one == name)))
        .collect()
}

fn question(asked: Asked) -> Field {
    let Asked { id, header, question, is_other, is_secret, options } = asked;
    let choices: Vec<Choice> =
        options.into_iter().map(|choice| Choice { value: choice.label.clone(), ..choice }).collect();
    let input = if choices.is_empty() {
        Input::Text(if is_secret { "password" } else { "text" })
    } else {
        Input::Choices { choices, many: false, other: is_other }
    };
    // The header says in a word what the question says in full.
    let (label, hint) = if question.is_empty() { (header, String::new()) } else { (question, header) };
    Field { name: id, label, hint, input, required: true, default: Vec::new() }
}

fn property(name: &str, schema: &RawValue, required: bool) -> Field {
    let schema: Property = serde_json::from_str(schema.get()).unwrap_or_default();
    let default = serde_json::from_str::<String>(schema.default.get()).map(|text| vec![text]);
    let default = default.or_else(|_| serde_json::from_str::<Vec<String>>(schema.default.get()));
    let default = default.unwrap_or_else(|_| match schema.default.get() {
        "null" => Vec::new(),
        other => vec![other.to_owned()],
    });
    let input = match schema.kind.as_str() {
        "number" | "integer" => Input::Number,
        "boolean" => Input::Toggle,
        "array" => match &schema.items {
            Some(items) => Input::Choices { choices: choices(items), many: true, other: false },
            None => Input::default(),
        },
        _ => match choices(&schema) {
            none if none.is_empty() => Input::Text(match schema.format.as_str() {
                "email" => "email",
                "uri" => "url",
                "date" => "date",
                "date-time" => "datetime-local",
                _ => "text",
            }),
            choices => Input::Choices { choices, many: false, other: false },
        },
    };
    let label = schema.title.unwrap_or_else(|| name.to_owned());
    Field { name: name.to_owned(), label, hint: schema.description, input, required, default }
}

fn choices(schema: &Property) -> Vec<Choice> {
    let titled = schema.one_of.iter().chain(&schema.any_of);
    let titled = titled.map(|one| (one.value.clone(), Some(&one.title)));
    let listed =
        schema.listed.iter().enumerate().map(|(at, value)| (value.clone(), schema.enum_names.get(at)));
    let choice = |(value, title): (String, Option<&String>)| {
        let label = title.filter(|title| !title.is_empty()).unwrap_or(&value).clone();
        Choice { value, label, hint: String::new() }
    };
    titled.chain(listed).map(choice).collect()
}

/// What fields were filled in with, as a JSON object: a list of texts for each question, or what its type says
/// for each field of a form. `None` while something is missing.
pub(super) fn filled(fields: &[Field], values: &[Vec<String>], questions: bool) -> Option<Json> {
    let mut object = String::from("{");
    for (field, values) in fields.iter().zip(values) {
        let given: Vec<&String> = values.iter().filter(|value| !value.trim().is_empty()).collect();
        if given.is_empty() && !matches!(field.input, Input::Toggle) {
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
        let value = match &field.input {
            _ if questions => serde_json::to_string(&given).ok()?,
            Input::Choices { many: true, .. } => serde_json::to_string(&given).ok()?,
            Input::Number => text
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
                .map(|_| text.trim().to_owned())?,
            Input::Toggle => (text == "true").to_string(),
            Input::Text(_) | Input::Choices { .. } => serde_json::to_string(text).ok()?,
        };
        object.push_str(&value);
    }
    object.push('}');
    // A number that is written in another way than JSON's ("+1", ".5") is none.
    serde_json::from_str(&object).ok()
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::request::RequestKind;

    use super::*;

    fn of(params: &str) -> Vec<Field> {
        fields(&UserRequest {
            id: "r".into(),
            kind: RequestKind::Elicitation,
            method: String::new(),
            params: serde_json::from_str(params).unwrap(),
            available_decisions: Vec::new(),
            created_at: 0,
            deadline: None,
        })
    }

    fn values(texts: &[&str]) -> Vec<Vec<String>> {
        texts.iter().map(|text| vec![(*text).to_owned()]).collect()
    }

    #[test]
    fn questions_offer_choices_or_a_field() {
        let fields = of(r#"{"questions":[
                {"id":"c","header":"Colour","question":"Which?","isOther":true,"options":[{"label":"Blue","description":"sky"}]},
                {"id":"p","header":"Password","question":"","isSecret":true,"options":null}]}"#);
        let blue = Choice { value: "Blue".into(), label: "Blue".into(), hint: "sky".into() };
        assert_eq!(fields[0].input, Input::Choices { choices: vec![blue], many: false, other: true });
        assert_eq!((fields[0].label.as_str(), fields[0].hint.as_str()), ("Which?", "Colour"));
        assert_eq!((&fields[1].input, fields[1].label.as_str()), (&Input::Text("password"), "Password"));
        assert_eq!(filled(&fields, &values(&["Blue", ""]), true), None, "both need an answer");
        let answers = filled(&fields, &values(&["Red \"x\"", "hush"]), true).unwrap();
        assert_eq!(answers.get(), r#"{"c":["Red \"x\""],"p":["hush"]}"#);
    }

    #[test]
    fn a_form_keeps_its_order_and_its_types() {
        let fields = of(r#"{"requestedSchema":{"required":["city"],"properties":{
                "city":{"type":"string","title":"City","default":"Rome"},
                "nights":{"type":"integer"},
                "class":{"type":"string","enum":["1","2"],"enumNames":["first","second"]},
                "tags":{"type":"array","items":{"anyOf":[{"const":"x","title":"X"}]},"default":["x"]},
                "breakfast":{"type":"boolean","default":true},
                "mail":{"type":"string","format":"email"}}}}"#);
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["city", "nights", "class", "tags", "breakfast", "mail"]);
        assert_eq!(fields[0].default, ["Rome"]);
        assert_eq!(fields[3].default, ["x"]);
        assert_eq!(fields[4].default, ["true"]);
        assert_eq!(fields[5].input, Input::Text("email"));
        let filled =
            |texts: &[&str]| filled(&fields, &values(texts), false).map(|json| json.get().to_owned());
        assert_eq!(
            filled(&["Rome", "2", "1", "x", "true", ""]).as_deref(),
            Some(r#"{"city":"Rome","nights":2,"class":"1","tags":["x"],"breakfast":true}"#)
        );
        assert_eq!(filled(&["", "2", "", "", "", ""]), None);
        assert_eq!(filled(&["Rome", "two", "", "", "", ""]), None);
        assert_eq!(filled(&["Rome", "+1", "", "", "", ""]), None);
        assert_eq!(
            filled(&["Rome", "", "", "", "", ""]).as_deref(),
            Some(r#"{"city":"Rome","breakfast":false}"#)
        );
    }

    #[test]
    fn what_is_no_form_has_no_fields() {
        assert_eq!(of("{}"), []);
        assert_eq!(of(r#"{"requestedSchema":7}"#), []);
        assert_eq!(of(r#"{"requestedSchema":{"properties":[1]}}"#), []);
    }
}

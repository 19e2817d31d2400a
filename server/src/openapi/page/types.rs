//! Types, as people read them: a name, a word, a list of fields.

use leptos::prelude::*;
use serde_json::Value;

use super::{list, properties, prose, text};

/// A type on one line.
pub(super) fn kind(schema: &Value) -> AnyView {
    if let Some(name) = referred(schema) {
        return view! { <a href=format!("#type-{name}")><code>{name.to_owned()}</code></a> }.into_any();
    }
    if let Some(all) = choices(schema) {
        return joined(all, " or ");
    }
    if let Some(all) = schema["allOf"].as_array() {
        return joined(all, " and ");
    }
    if let Some(words) = schema["enum"].as_array() {
        let word = |word: &Value| view! { <code class="word">{plain(word)}</code>" " }.into_any();
        return list(words.iter().map(word));
    }
    if schema["type"] == "array" {
        return view! { "list of "{kind(&schema["items"])} }.into_any();
    }
    view! { <span class="plain">{words(schema)}</span> }.into_any()
}

/// The fields of a type, or what it is one of.
pub(super) fn fields(schema: &Value) -> AnyView {
    if let Some(all) = choices(schema) {
        let choice = |choice: &Value| {
            view! { <li>{summary(choice)}{prose(text(choice, "description"))}{own_fields(choice)}</li> }
                .into_any()
        };
        return view! { <p class="quiet">"One of:"</p><ul class="choices">{list(all.iter().map(choice))}</ul> }
            .into_any();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let part = |part: &Value| match referred(part) {
            Some(_) => view! { <p>"All of "{kind(part)}", and:"</p> }.into_any(),
            None => fields(part),
        };
        return list(parts.iter().map(part));
    }
    if let Some(own) = own_fields(schema) {
        return own;
    }
    // The words of a type stand in its description already.
    let known = schema.get("enum").is_some() && schema.get("description").is_some();
    (!known).then(|| view! { <p>{kind(schema)}</p> }.into_any()).into_any()
}

/// A choice that has a name, or no fields.
fn summary(choice: &Value) -> Option<AnyView> {
    properties(choice).is_none().then(|| kind(choice))
}

fn own_fields(schema: &Value) -> Option<AnyView> {
    let fields = properties(schema).filter(|fields| !fields.is_empty())?;
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let row = |(name, field): (&String, &Value)| {
        let optional = !required.contains(&name.as_str());
        view! {
            <tr>
                <td><code>{name.clone()}</code>{optional.then(|| view! { <small>"optional"</small> })}</td>
                <td>{kind(field)}{data(field)}</td>
                <td>{prose(about(field))}</td>
            </tr>
        }
        .into_any()
    };
    Some(view! { <table>{list(fields.iter().map(row))}</table> }.into_any())
}

/// What the text of a field is, if it is JSON.
fn data(field: &Value) -> Option<AnyView> {
    let schema = field.get("contentSchema")?;
    Some(view! { ": JSON of "{kind(schema)} }.into_any())
}

/// What is said of a field: by itself, or by what it is if it is not null.
fn about(field: &Value) -> String {
    let own = text(field, "description");
    if !own.is_empty() {
        return own;
    }
    choices(field).into_iter().flatten().map(|choice| text(choice, "description")).collect()
}

fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

fn choices(schema: &Value) -> Option<&Vec<Value>> {
    schema["oneOf"].as_array().or(schema["anyOf"].as_array())
}

fn joined(all: &[Value], between: &'static str) -> AnyView {
    let one = |(index, schema): (usize, &Value)| {
        view! { {(index > 0).then_some(between)}{kind(schema)} }.into_any()
    };
    list(all.iter().enumerate().map(one))
}

/// The JSON types of a schema.
fn words(schema: &Value) -> String {
    let word = |kind: &Value| if kind == "object" { "object".to_owned() } else { plain(kind) };
    match &schema["type"] {
        Value::Array(all) => all.iter().map(word).collect::<Vec<_>>().join(" or "),
        Value::Null => "any JSON".to_owned(),
        one => word(one),
    }
}

/// A word without its quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

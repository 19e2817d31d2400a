//! Rendering of schemas.

use leptos::prelude::*;
use serde_json::Value;

use super::{join_views, properties, render_markdown, text_field};

/// Renders a type on one line.
pub(super) fn render_type_name(schema: &Value) -> AnyView {
    if let Some(name) = ref_name(schema) {
        return view! { <a href=format!("#type-{name}")><code>{name.to_owned()}</code></a> }.into_any();
    }
    if let Some(all) = alternatives(schema) {
        return join_types(all, " or ");
    }
    if let Some(all) = schema["allOf"].as_array() {
        return join_types(all, " and ");
    }
    if let Some(words) = schema["enum"].as_array() {
        let word = |word: &Value| view! { <code class="word">{unquoted(word)}</code>" " }.into_any();
        return join_views(words.iter().map(word));
    }
    if schema["type"] == "array" {
        return view! { "list of "{render_type_name(&schema["items"])} }.into_any();
    }
    view! { <span class="plain">{json_types(schema)}</span> }.into_any()
}

/// Renders the fields of a type, or its alternatives.
pub(super) fn render_fields(schema: &Value) -> AnyView {
    if let Some(all) = alternatives(schema) {
        let choice = |choice: &Value| {
            view! { <li>{render_name(choice)}{render_markdown(text_field(choice, "description"))}{render_own_fields(choice)}</li> }
                .into_any()
        };
        return view! { <p class="quiet">"One of:"</p><ul class="choices">{join_views(all.iter().map(choice))}</ul> }
            .into_any();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let part = |part: &Value| match ref_name(part) {
            Some(_) => view! { <p>"All of "{render_type_name(part)}", and:"</p> }.into_any(),
            None => render_fields(part),
        };
        return join_views(parts.iter().map(part));
    }
    if let Some(own) = render_own_fields(schema) {
        return own;
    }
    // A description of an enum already lists its values.
    let known = schema.get("enum").is_some() && schema.get("description").is_some();
    (!known).then(|| view! { <p>{render_type_name(schema)}</p> }.into_any()).into_any()
}

/// Renders an alternative without fields, or with a name.
fn render_name(choice: &Value) -> Option<AnyView> {
    properties(choice).is_none().then(|| render_type_name(choice))
}

fn render_own_fields(schema: &Value) -> Option<AnyView> {
    let fields = properties(schema).filter(|fields| !fields.is_empty())?;
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let row = |(name, field): (&String, &Value)| {
        let optional = !required.contains(&name.as_str());
        view! {
            <tr>
                <td><code>{name.clone()}</code>{optional.then(|| view! { <small>"optional"</small> })}</td>
                <td>{render_type_name(field)}{render_embedded_type(field)}</td>
                <td>{render_markdown(description(field))}</td>
            </tr>
        }
        .into_any()
    };
    Some(view! { <table>{join_views(fields.iter().map(row))}</table> }.into_any())
}

/// Renders the type of JSON inside of a string.
fn render_embedded_type(field: &Value) -> Option<AnyView> {
    let schema = field.get("contentSchema")?;
    Some(view! { ": JSON of "{render_type_name(schema)} }.into_any())
}

/// Returns the description of a field. Falls back to those of its alternatives.
fn description(field: &Value) -> String {
    let own = text_field(field, "description");
    if !own.is_empty() {
        return own;
    }
    alternatives(field).into_iter().flatten().map(|choice| text_field(choice, "description")).collect()
}

fn ref_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

fn alternatives(schema: &Value) -> Option<&Vec<Value>> {
    schema["oneOf"].as_array().or(schema["anyOf"].as_array())
}

fn join_types(all: &[Value], between: &'static str) -> AnyView {
    let one = |(index, schema): (usize, &Value)| {
        view! { {(index > 0).then_some(between)}{render_type_name(schema)} }.into_any()
    };
    join_views(all.iter().enumerate().map(one))
}

/// Returns the JSON types of a schema.
fn json_types(schema: &Value) -> String {
    let word = |kind: &Value| if kind == "object" { "object".to_owned() } else { unquoted(kind) };
    match &schema["type"] {
        Value::Array(all) => all.iter().map(word).collect::<Vec<_>>().join(" or "),
        Value::Null => "any JSON".to_owned(),
        one => word(one),
    }
}

/// Formats a value without quotes.
fn unquoted(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

//! Summaries of requests in one form for all methods, so that clients need not know codex's JSON.

use codex_gateway_wire::request::{
    FieldChoice, FieldInput, FormField, Permission, PermissionAccess, RequestSummary,
};
use serde_json::Value;

/// Summarises the parameters of a request. Values of an unknown shape are left out.
pub(super) fn summarize(params: &Value) -> RequestSummary {
    let text = |name: &str| params[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let network = &params["networkApprovalContext"];
    let host = network["host"].as_str().map(|host| match network["protocol"].as_str() {
        Some(protocol) => format!("{host} ({protocol})"),
        None => host.to_owned(),
    });
    RequestSummary {
        changes: Vec::new(),
        turn_id: text("turnId").map(Into::into),
        item_id: text("itemId").map(Into::into),
        reason: text("reason").or_else(|| text("message")).or_else(|| text("description")),
        command: command(&params["command"]),
        cwd: text("cwd"),
        host,
        grant_root: text("grantRoot"),
        server: text("serverName"),
        tool: None,
        url: text("url").filter(|_| params["mode"] == "url"),
        permissions: [&params["permissions"], &params["additionalPermissions"]]
            .into_iter()
            .flat_map(permissions)
            .collect(),
        fields: match params["questions"].as_array() {
            Some(questions) => questions.iter().map(question).collect(),
            None => form(&params["requestedSchema"]),
        },
    }
}

/// The command line. Deprecated requests have a list of words instead.
fn command(command: &Value) -> Option<String> {
    let words = || Some(command.as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    command.as_str().map(str::to_owned).or_else(words).filter(|line| !line.is_empty())
}

fn permissions(profile: &Value) -> Vec<Permission> {
    let mut all = Vec::new();
    if profile["network"]["enabled"] == true {
        all.push(Permission { access: PermissionAccess::Network, target: None });
    }
    // Unknown permissions would be granted too, so the user must see them.
    all.extend(unknown(profile, &["network", "fileSystem"]));
    all.extend(unknown(&profile["network"], &["enabled"]));
    all.extend(unknown(&profile["fileSystem"], &["read", "write", "entries", "globScanMaxDepth"]));
    let files = &profile["fileSystem"];
    for (list, access) in [("read", PermissionAccess::Read), ("write", PermissionAccess::Write)] {
        let paths = files[list].as_array().into_iter().flatten().filter_map(Value::as_str);
        all.extend(paths.map(|path| Permission { access, target: Some(path.to_owned()) }));
    }
    for entry in files["entries"].as_array().into_iter().flatten() {
        let path = &entry["path"];
        let named = path["path"].as_str().or_else(|| path["pattern"].as_str()).or_else(|| path.as_str());
        let target = Some(named.map_or_else(|| path.to_string(), str::to_owned));
        let access =
            entry["access"].as_str().and_then(PermissionAccess::parse).unwrap_or(PermissionAccess::Other);
        let permission = Permission { access, target };
        // Codex lists the same permission in an old and a new form.
        if !all.contains(&permission) {
            all.push(permission);
        }
    }
    all
}

/// The fields of a profile with unknown names, as JSON.
fn unknown(part: &Value, known: &[&str]) -> Vec<Permission> {
    let fields = part.as_object().into_iter().flatten();
    let others = fields.filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_null());
    let line = |(name, value): (&String, &Value)| Permission {
        access: PermissionAccess::Other,
        target: Some(format!("{name}: {value}")),
    };
    others.map(line).collect()
}

/// A question of the agent as a field. The header is a short form of the question.
fn question(question: &Value) -> FormField {
    let text = |name: &str| question[name].as_str().unwrap_or_default().to_owned();
    let choice = |option: &Value| {
        let label = option["label"].as_str()?.to_owned();
        let hint = option["description"].as_str().unwrap_or_default().to_owned();
        Some(FieldChoice { value: label.clone(), label, hint })
    };
    let choices: Vec<FieldChoice> =
        question["options"].as_array().into_iter().flatten().filter_map(choice).collect();
    let free_input = if question["isSecret"] == true { FieldInput::Secret } else { FieldInput::Text };
    let (header, full) = (text("header"), text("question"));
    let (label, hint) = if full.is_empty() { (header, String::new()) } else { (full, header) };
    FormField {
        name: text("id"),
        label,
        hint,
        input: if choices.is_empty() { free_input } else { FieldInput::One },
        choices,
        other: (question["isOther"] == true).then_some(free_input),
        required: true,
        default: Vec::new(),
    }
}

/// The fields of a form of an MCP server.
fn form(schema: &Value) -> Vec<FormField> {
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name))
    };
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.map(|(name, property)| field(name, property, required(name))).collect()
}

fn field(name: &str, property: &Value, required: bool) -> FormField {
    let text = |key: &str| property[key].as_str().filter(|text| !text.is_empty());
    let (input, choices) = match text("type") {
        Some("number" | "integer") => (FieldInput::Number, Vec::new()),
        Some("boolean") => (FieldInput::Boolean, Vec::new()),
        Some("array") => (FieldInput::Many, choices(&property["items"])),
        _ => match choices(property) {
            choices if choices.is_empty() => (text_input(text("format")), choices),
            choices => (FieldInput::One, choices),
        },
    };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let default = match &property["default"] {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(plain).collect(),
        value => vec![plain(value)],
    };
    FormField {
        name: name.to_owned(),
        label: text("title").unwrap_or(name).to_owned(),
        hint: text("description").unwrap_or_default().to_owned(),
        input,
        choices,
        other: None,
        required,
        default,
    }
}

fn text_input(format: Option<&str>) -> FieldInput {
    match format {
        Some("email") => FieldInput::Email,
        Some("uri") => FieldInput::Url,
        Some("date") => FieldInput::Date,
        _ => FieldInput::Text,
    }
}

/// The choices of a schema: `oneOf` or `anyOf` with titles, or `enum`, whose titles may be in `enumNames`.
fn choices(schema: &Value) -> Vec<FieldChoice> {
    let named = |value: &Value, title: &Value| {
        let value = value.as_str()?.to_owned();
        let label = title.as_str().filter(|title| !title.is_empty()).unwrap_or(&value).to_owned();
        Some(FieldChoice { value, label, hint: String::new() })
    };
    let titled = ["oneOf", "anyOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
    let titled = titled.filter_map(|choice| named(&choice["const"], &choice["title"]));
    let listed = schema["enum"].as_array().into_iter().flatten().enumerate();
    titled.chain(listed.filter_map(|(at, value)| named(value, &schema["enumNames"][at]))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn command_is_a_line_or_a_list_of_words() {
        let line = summarize(
            &json!({ "command": "bash -lc ls", "cwd": "/w", "reason": "", "turnId": "t", "itemId": "i" }),
        );
        assert_eq!(
            (line.command.as_deref(), line.cwd.as_deref(), line.reason),
            (Some("bash -lc ls"), Some("/w"), None)
        );
        assert_eq!(summarize(&json!({ "command": ["ls", "-la"] })).command.as_deref(), Some("ls -la"));
        let network = json!({ "networkApprovalContext": { "host": "a.example", "protocol": "https" } });
        assert_eq!(summarize(&network).host.as_deref(), Some("a.example (https)"));
    }

    #[test]
    fn every_permission_is_listed_once() {
        let params = json!({ "permissions": { "network": { "enabled": true }, "fileSystem": { "read": ["/a"], "write": ["/b"], "entries": [
            { "path": { "type": "path", "path": "/b" }, "access": "write" },
            { "path": { "type": "glob_pattern", "pattern": "**/.env" }, "access": "deny" },
            { "path": { "type": "special", "value": { "kind": "tmpdir" } }, "access": "read" },
        ]}}, "additionalPermissions": null });
        let all: Vec<_> = summarize(&params)
            .permissions
            .into_iter()
            .map(|permission| (permission.access, permission.target.unwrap_or_default()))
            .collect();
        assert_eq!(
            all,
            [
                (PermissionAccess::Network, String::new()),
                (PermissionAccess::Read, "/a".to_owned()),
                (PermissionAccess::Write, "/b".to_owned()),
                (PermissionAccess::Deny, "**/.env".to_owned()),
                (PermissionAccess::Read, r#"{"type":"special","value":{"kind":"tmpdir"}}"#.to_owned()),
            ]
        );
    }

    #[test]
    fn unknown_permission_is_listed_as_json() {
        let params = json!({ "permissions": { "macos": { "keychain": true }, "network": { "enabled": true, "hosts": ["*"] },
            "fileSystem": { "mount": "/", "globScanMaxDepth": 3, "later": null } } });
        let named: Vec<_> =
            summarize(&params).permissions.into_iter().filter_map(|permission| permission.target).collect();
        assert_eq!(named, [r#"macos: {"keychain":true}"#, r#"hosts: ["*"]"#, r#"mount: "/""#]);
    }

    #[test]
    fn questions_become_fields_with_choices_or_free_input() {
        let fields = summarize(&json!({ "questions": [
            { "id": "c", "header": "Colour", "question": "Which?", "isOther": true, "options": [{ "label": "Blue", "description": "sky" }] },
            { "id": "p", "header": "Password", "question": "", "isSecret": true, "options": null },
            { "id": "k", "question": "Key?", "isSecret": true, "isOther": true, "options": [{ "label": "None" }] },
        ]}))
        .fields;
        let blue = FieldChoice { value: "Blue".into(), label: "Blue".into(), hint: "sky".into() };
        assert_eq!(
            (fields[0].input, fields[0].choices.as_slice(), fields[0].other),
            (FieldInput::One, &[blue][..], Some(FieldInput::Text))
        );
        assert_eq!((fields[0].label.as_str(), fields[0].hint.as_str()), ("Which?", "Colour"));
        assert_eq!((fields[1].input, fields[1].label.as_str()), (FieldInput::Secret, "Password"));
        assert_eq!((fields[2].input, fields[2].other), (FieldInput::One, Some(FieldInput::Secret)));
    }

    #[test]
    fn form_fields_have_the_input_of_their_schema_types() {
        let fields = summarize(&json!({ "mode": "form", "message": "Where to?", "requestedSchema": { "required": ["city"], "properties": {
            "city": { "type": "string", "title": "City", "default": "Rome" },
            "nights": { "type": "integer", "default": 2 },
            "class": { "type": "string", "enum": ["1", "2"], "enumNames": ["first", "second"] },
            "tags": { "type": "array", "items": { "anyOf": [{ "const": "x", "title": "X" }] }, "default": ["x"] },
            "breakfast": { "type": "boolean", "default": true },
            "mail": { "type": "string", "format": "email" },
        }}}))
        .fields;
        let by_name = |name: &str| fields.iter().find(|field| field.name == name).unwrap();
        assert_eq!(
            (by_name("city").required, by_name("city").default.as_slice()),
            (true, &["Rome".to_owned()][..])
        );
        assert_eq!(
            (by_name("nights").input, by_name("nights").default.as_slice()),
            (FieldInput::Number, &["2".to_owned()][..])
        );
        assert_eq!(by_name("class").choices[1].label, "second");
        assert_eq!(
            (by_name("tags").input, by_name("tags").choices[0].label.as_str()),
            (FieldInput::Many, "X")
        );
        assert_eq!(
            (by_name("breakfast").input, by_name("breakfast").default[0].as_str()),
            (FieldInput::Boolean, "true")
        );
        assert_eq!(by_name("mail").input, FieldInput::Email);
    }

    #[test]
    fn values_of_an_unknown_shape_are_left_out() {
        for params in [
            json!(null),
            json!(7),
            json!({ "requestedSchema": 7, "permissions": [1], "command": {} }),
            json!([]),
        ] {
            assert_eq!(summarize(&params), RequestSummary::default());
        }
    }
}

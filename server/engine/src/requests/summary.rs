//! What a request says, in a form that is the same for all methods: what shows it need not know codex's JSON.

use codex_gateway_wire::request::{Access, Choice, Field, Input, Permission, Summary};
use serde_json::Value;

/// Sums up the parameters of a request. What is not of the shape that we know is left out.
pub(super) fn summary(params: &Value) -> Summary {
    let text = |name: &str| params[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let network = &params["networkApprovalContext"];
    let host = network["host"].as_str().map(|host| match network["protocol"].as_str() {
        Some(protocol) => format!("{host} ({protocol})"),
        None => host.to_owned(),
    });
    Summary {
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

/// The command; in old requests it comes word by word.
fn command(command: &Value) -> Option<String> {
    let words = || Some(command.as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    command.as_str().map(str::to_owned).or_else(words).filter(|line| !line.is_empty())
}

fn permissions(profile: &Value) -> Vec<Permission> {
    let mut all = Vec::new();
    if profile["network"]["enabled"] == true {
        all.push(Permission { access: Access::Network, target: None });
    }
    // What this version does not know would be granted too: nobody shall allow it unseen.
    all.extend(unknown(profile, &["network", "fileSystem"]));
    all.extend(unknown(&profile["network"], &["enabled"]));
    all.extend(unknown(&profile["fileSystem"], &["read", "write", "entries", "globScanMaxDepth"]));
    let files = &profile["fileSystem"];
    for (list, access) in [("read", Access::Read), ("write", Access::Write)] {
        let paths = files[list].as_array().into_iter().flatten().filter_map(Value::as_str);
        all.extend(paths.map(|path| Permission { access, target: Some(path.to_owned()) }));
    }
    for entry in files["entries"].as_array().into_iter().flatten() {
        let place = &entry["path"];
        let named = place["path"].as_str().or_else(|| place["pattern"].as_str()).or_else(|| place.as_str());
        let target = Some(named.map_or_else(|| place.to_string(), str::to_owned));
        let access = entry["access"].as_str().and_then(Access::parse).unwrap_or(Access::Other);
        let permission = Permission { access, target };
        // Codex says the same in an old and in a new way.
        if !all.contains(&permission) {
            all.push(permission);
        }
    }
    all
}

/// The fields of a profile that have other names, as they came.
fn unknown(part: &Value, known: &[&str]) -> Vec<Permission> {
    let fields = part.as_object().into_iter().flatten();
    let others = fields.filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_null());
    let line = |(name, value): (&String, &Value)| Permission {
        access: Access::Other,
        target: Some(format!("{name}: {value}")),
    };
    others.map(line).collect()
}

/// A question of the agent. Its header says in a word what the question says in full.
fn question(question: &Value) -> Field {
    let text = |name: &str| question[name].as_str().unwrap_or_default().to_owned();
    let choice = |option: &Value| {
        let label = option["label"].as_str()?.to_owned();
        let hint = option["description"].as_str().unwrap_or_default().to_owned();
        Some(Choice { value: label.clone(), label, hint })
    };
    let choices: Vec<Choice> =
        question["options"].as_array().into_iter().flatten().filter_map(choice).collect();
    let written = if question["isSecret"] == true { Input::Secret } else { Input::Text };
    let (header, full) = (text("header"), text("question"));
    let (label, hint) = if full.is_empty() { (header, String::new()) } else { (full, header) };
    Field {
        name: text("id"),
        label,
        hint,
        input: if choices.is_empty() { written } else { Input::One },
        choices,
        other: (question["isOther"] == true).then_some(written),
        required: true,
        default: Vec::new(),
    }
}

/// The fields of a server's form.
fn form(schema: &Value) -> Vec<Field> {
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.map(|(name, property)| field(name, property, required(name))).collect()
}

fn field(name: &str, property: &Value, required: bool) -> Field {
    let text = |key: &str| property[key].as_str().filter(|text| !text.is_empty());
    let (input, choices) = match text("type") {
        Some("number" | "integer") => (Input::Number, Vec::new()),
        Some("boolean") => (Input::Boolean, Vec::new()),
        Some("array") => (Input::Many, choices(&property["items"])),
        _ => match choices(property) {
            none if none.is_empty() => (written(text("format")), none),
            choices => (Input::One, choices),
        },
    };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let default = match &property["default"] {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(plain).collect(),
        value => vec![plain(value)],
    };
    Field {
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

fn written(format: Option<&str>) -> Input {
    match format {
        Some("email") => Input::Email,
        Some("uri") => Input::Url,
        Some("date") => Input::Date,
        _ => Input::Text,
    }
}

/// The choices of a schema: titled ones, or listed ones, whose titles may be listed beside them.
fn choices(schema: &Value) -> Vec<Choice> {
    let named = |value: &Value, title: &Value| {
        let value = value.as_str()?.to_owned();
        let label = title.as_str().filter(|title| !title.is_empty()).unwrap_or(&value).to_owned();
        Some(Choice { value, label, hint: String::new() })
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
    fn a_command_is_a_line_or_words() {
        let line = summary(
            &json!({ "command": "bash -lc ls", "cwd": "/w", "reason": "", "turnId": "t", "itemId": "i" }),
        );
        assert_eq!(
            (line.command.as_deref(), line.cwd.as_deref(), line.reason),
            (Some("bash -lc ls"), Some("/w"), None)
        );
        assert_eq!(summary(&json!({ "command": ["ls", "-la"] })).command.as_deref(), Some("ls -la"));
        let network = json!({ "networkApprovalContext": { "host": "a.example", "protocol": "https" } });
        assert_eq!(summary(&network).host.as_deref(), Some("a.example (https)"));
    }

    #[test]
    fn every_permission_is_named_once() {
        let asked = json!({ "permissions": { "network": { "enabled": true }, "fileSystem": { "read": ["/a"], "write": ["/b"], "entries": [
            { "path": { "type": "path", "path": "/b" }, "access": "write" },
            { "path": { "type": "glob_pattern", "pattern": "**/.env" }, "access": "deny" },
            { "path": { "type": "special", "value": { "kind": "tmpdir" } }, "access": "read" },
        ]}}, "additionalPermissions": null });
        let all: Vec<_> = summary(&asked)
            .permissions
            .into_iter()
            .map(|one| (one.access, one.target.unwrap_or_default()))
            .collect();
        assert_eq!(
            all,
            [
                (Access::Network, String::new()),
                (Access::Read, "/a".to_owned()),
                (Access::Write, "/b".to_owned()),
                (Access::Deny, "**/.env".to_owned()),
                (Access::Read, r#"{"type":"special","value":{"kind":"tmpdir"}}"#.to_owned()),
            ]
        );
    }

    #[test]
    fn a_permission_of_the_future_is_named_as_it_came() {
        let asked = json!({ "permissions": { "macos": { "keychain": true }, "network": { "enabled": true, "hosts": ["*"] },
            "fileSystem": { "mount": "/", "globScanMaxDepth": 3, "later": null } } });
        let named: Vec<_> = summary(&asked).permissions.into_iter().filter_map(|one| one.target).collect();
        assert_eq!(named, [r#"macos: {"keychain":true}"#, r#"hosts: ["*"]"#, r#"mount: "/""#]);
    }

    #[test]
    fn questions_offer_choices_or_a_field() {
        let fields = summary(&json!({ "questions": [
            { "id": "c", "header": "Colour", "question": "Which?", "isOther": true, "options": [{ "label": "Blue", "description": "sky" }] },
            { "id": "p", "header": "Password", "question": "", "isSecret": true, "options": null },
            { "id": "k", "question": "Key?", "isSecret": true, "isOther": true, "options": [{ "label": "None" }] },
        ]}))
        .fields;
        let blue = Choice { value: "Blue".into(), label: "Blue".into(), hint: "sky".into() };
        assert_eq!(
            (fields[0].input, fields[0].choices.as_slice(), fields[0].other),
            (Input::One, &[blue][..], Some(Input::Text))
        );
        assert_eq!((fields[0].label.as_str(), fields[0].hint.as_str()), ("Which?", "Colour"));
        assert_eq!((fields[1].input, fields[1].label.as_str()), (Input::Secret, "Password"));
        assert_eq!((fields[2].input, fields[2].other), (Input::One, Some(Input::Secret)));
    }

    #[test]
    fn a_form_has_fields_of_its_types() {
        let fields = summary(&json!({ "mode": "form", "message": "Where to?", "requestedSchema": { "required": ["city"], "properties": {
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
            (Input::Number, &["2".to_owned()][..])
        );
        assert_eq!(by_name("class").choices[1].label, "second");
        assert_eq!((by_name("tags").input, by_name("tags").choices[0].label.as_str()), (Input::Many, "X"));
        assert_eq!(
            (by_name("breakfast").input, by_name("breakfast").default[0].as_str()),
            (Input::Boolean, "true")
        );
        assert_eq!(by_name("mail").input, Input::Email);
    }

    #[test]
    fn what_is_not_of_a_known_shape_is_left_out() {
        for params in [
            json!(null),
            json!(7),
            json!({ "requestedSchema": 7, "permissions": [1], "command": {} }),
            json!([]),
        ] {
            assert_eq!(summary(&params), Summary::default());
        }
    }
}

//! What a turn may do beyond its sandbox: what was asked for, and the part of it that is granted.

use serde_json::{Map, Value};

/// The permissions that a request asks for, without those that it leaves open.
pub(super) fn asked(params: &Value) -> Value {
    let fields = params.get("permissions").and_then(Value::as_object).into_iter().flatten();
    let named = fields.filter(|(_, value)| !value.is_null());
    Value::Object(named.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

/// Whether a grant gives nothing that was not asked for.
pub(super) fn is_part_of(grant: &Value, asked: &Value) -> bool {
    match (grant, asked) {
        (Value::Null, _) | (Value::Bool(false), Value::Bool(true)) => true,
        (Value::Object(grant), Value::Object(asked)) => {
            keeps_exceptions(grant, asked)
                && grant
                    .iter()
                    .all(|(name, part)| asked.get(name).is_some_and(|asked| is_part_of(part, asked)))
        }
        (Value::Array(grant), Value::Array(asked)) => grant.iter().all(|part| asked.contains(part)),
        (grant, asked) => grant == asked,
    }
}

/// Whether a grant of files, if it gives any, keeps the exceptions that were asked for with them: leaving out what is
/// denied inside something would grant more, not less. Codex names files in two ways at once, with exceptions in one.
fn keeps_exceptions(grant: &Map<String, Value>, asked: &Map<String, Value>) -> bool {
    let entries =
        |of: &Map<String, Value>| of.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_list = |part: &Value| part.as_array().is_some_and(|list| !list.is_empty());
    let (given, wanted) = (entries(grant), entries(asked));
    let mut exceptions = wanted.iter().filter(|entry| entry["access"] == "deny").peekable();
    if exceptions.peek().is_none() || !grant.values().any(is_list) {
        return true;
    }
    // How deep they are looked for is a part of them.
    let others = asked.iter().filter(|(_, part)| !part.is_null() && !part.is_array());
    exceptions.all(|exception| given.contains(exception))
        && others.into_iter().all(|(name, part)| grant.get(name) == Some(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_grant_is_at_most_what_was_asked_for() {
        let asked = json!({
            "network": { "enabled": true },
            "fileSystem": { "read": ["/a", "/b"], "write": ["/a"], "entries": [{ "path": "/a", "access": "write" }] },
        });
        for part in [
            json!({}),
            asked.clone(),
            json!({ "network": { "enabled": false } }),
            json!({ "fileSystem": { "read": ["/b"], "write": null } }),
            json!({ "fileSystem": { "entries": [] } }),
        ] {
            assert!(is_part_of(&part, &asked), "{part}");
        }
        for more in [
            json!({ "fileSystem": { "write": ["/b"] } }),
            json!({ "fileSystem": { "entries": [{ "path": "/", "access": "write" }] } }),
            json!({ "moon": true }),
            json!({ "network": true }),
            json!([]),
        ] {
            assert!(!is_part_of(&more, &asked), "{more}");
        }
        assert!(!is_part_of(
            &json!({ "network": { "enabled": true } }),
            &json!({ "network": { "enabled": false } })
        ));
    }

    #[test]
    fn an_exception_is_kept_whichever_way_files_are_named() {
        let (root, secret) =
            (json!({ "path": "/", "access": "write" }), json!({ "path": "/secret", "access": "deny" }));
        let files = json!({ "read": null, "write": ["/"], "entries": [root, secret], "globScanMaxDepth": 3 });
        let asked = json!({ "network": { "enabled": true }, "fileSystem": files });
        for part in [
            asked.clone(),
            json!({ "network": { "enabled": true } }),
            json!({ "fileSystem": {} }),
            json!({ "fileSystem": { "write": [], "entries": [] } }),
            json!({ "fileSystem": { "entries": [root, secret], "globScanMaxDepth": 3 } }),
        ] {
            assert!(is_part_of(&part, &asked), "{part}");
        }
        for more in [
            json!({ "fileSystem": { "write": ["/"] } }),
            json!({ "fileSystem": { "write": ["/"], "entries": [] } }),
            json!({ "fileSystem": { "entries": [root], "globScanMaxDepth": 3 } }),
            json!({ "fileSystem": { "entries": [root, secret] } }),
        ] {
            assert!(!is_part_of(&more, &asked), "{more}");
        }
    }
}

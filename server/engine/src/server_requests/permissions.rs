//! Permissions beyond the sandbox: the requested ones, and the subset that is granted.

use serde_json::{Map, Value};

/// The permissions that a request asks for, without `null` values.
pub(super) fn requested(params: &Value) -> Value {
    let fields = params.get("permissions").and_then(Value::as_object).into_iter().flatten();
    let named = fields.filter(|(_, value)| !value.is_null());
    Value::Object(named.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

/// Returns `true` if a grant contains nothing beyond the requested permissions.
pub(super) fn is_subset_of(grant: &Value, requested: &Value) -> bool {
    match (grant, requested) {
        (Value::Null, _) | (Value::Bool(false), Value::Bool(true)) => true,
        (Value::Object(grant), Value::Object(requested)) => {
            keeps_exceptions(grant, requested)
                && grant.iter().all(|(name, part)| {
                    requested.get(name).is_some_and(|requested| is_subset_of(part, requested))
                })
        }
        (Value::Array(grant), Value::Array(requested)) => grant.iter().all(|part| requested.contains(part)),
        (grant, requested) => grant == requested,
    }
}

/// Returns `true` if a grant of files keeps the requested exceptions. Dropping a denied path inside a granted one would
/// grant more, not less. Codex lists the same files in two forms, and only one of them has the exceptions.
fn keeps_exceptions(grant: &Map<String, Value>, requested: &Map<String, Value>) -> bool {
    let entries =
        |of: &Map<String, Value>| of.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_list = |part: &Value| part.as_array().is_some_and(|list| !list.is_empty());
    let (granted, wanted) = (entries(grant), entries(requested));
    let mut exceptions = wanted.iter().filter(|entry| entry["access"] == "deny").peekable();
    if exceptions.peek().is_none() || !grant.values().any(is_list) {
        return true;
    }
    // Fields such as `globScanMaxDepth` are part of the exceptions.
    let others = requested.iter().filter(|(_, part)| !part.is_null() && !part.is_array());
    exceptions.all(|exception| granted.contains(exception))
        && others.into_iter().all(|(name, part)| grant.get(name) == Some(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn grant_must_be_a_subset_of_the_requested_permissions() {
        let requested = json!({
            "network": { "enabled": true },
            "fileSystem": { "read": ["/a", "/b"], "write": ["/a"], "entries": [{ "path": "/a", "access": "write" }] },
        });
        for part in [
            json!({}),
            requested.clone(),
            json!({ "network": { "enabled": false } }),
            json!({ "fileSystem": { "read": ["/b"], "write": null } }),
            json!({ "fileSystem": { "entries": [] } }),
        ] {
            assert!(is_subset_of(&part, &requested), "{part}");
        }
        for more in [
            json!({ "fileSystem": { "write": ["/b"] } }),
            json!({ "fileSystem": { "entries": [{ "path": "/", "access": "write" }] } }),
            json!({ "moon": true }),
            json!({ "network": true }),
            json!([]),
        ] {
            assert!(!is_subset_of(&more, &requested), "{more}");
        }
        assert!(!is_subset_of(
            &json!({ "network": { "enabled": true } }),
            &json!({ "network": { "enabled": false } })
        ));
    }

    #[test]
    fn grant_must_keep_exceptions_in_both_forms_of_file_lists() {
        let (root, secret) =
            (json!({ "path": "/", "access": "write" }), json!({ "path": "/secret", "access": "deny" }));
        let files = json!({ "read": null, "write": ["/"], "entries": [root, secret], "globScanMaxDepth": 3 });
        let requested = json!({ "network": { "enabled": true }, "fileSystem": files });
        for part in [
            requested.clone(),
            json!({ "network": { "enabled": true } }),
            json!({ "fileSystem": {} }),
            json!({ "fileSystem": { "write": [], "entries": [] } }),
            json!({ "fileSystem": { "entries": [root, secret], "globScanMaxDepth": 3 } }),
        ] {
            assert!(is_subset_of(&part, &requested), "{part}");
        }
        for more in [
            json!({ "fileSystem": { "write": ["/"] } }),
            json!({ "fileSystem": { "write": ["/"], "entries": [] } }),
            json!({ "fileSystem": { "entries": [root], "globScanMaxDepth": 3 } }),
            json!({ "fileSystem": { "entries": [root, secret] } }),
        ] {
            assert!(!is_subset_of(&more, &requested), "{more}");
        }
    }
}

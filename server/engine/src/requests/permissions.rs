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
            grant.iter().all(|(name, part)| asked.get(name).is_some_and(|asked| is_part_of(part, asked)))
        }
        (Value::Array(grant), Value::Array(asked)) => {
            // Leaving out what is denied inside something would grant more, not less.
            let denied = asked.iter().filter(|part| part["access"] == "deny");
            let keeps_denials = grant.is_empty() || denied.into_iter().all(|part| grant.contains(part));
            keeps_denials && grant.iter().all(|part| asked.contains(part))
        }
        (grant, asked) => grant == asked,
    }
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
        let denies = json!([{ "path": "/", "access": "write" }, { "path": "/secret", "access": "deny" }]);
        assert!(is_part_of(&denies, &denies) && is_part_of(&json!([]), &denies));
        assert!(!is_part_of(&json!([{ "path": "/", "access": "write" }]), &denies));
        assert!(!is_part_of(
            &json!({ "network": { "enabled": true } }),
            &json!({ "network": { "enabled": false } })
        ));
    }
}

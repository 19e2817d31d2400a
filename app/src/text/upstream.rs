//! Error messages of the model's provider.

use codex_gateway_wire::lenient_deserialize;

/// An error as providers return it: `{"error": {"message": "…"}}`, or the inner object alone.
struct ErrorBody {
    error: Option<Box<ErrorBody>>,
    message: Option<String>,
}
lenient_deserialize!(ErrorBody { error, message });

/// Replaces the JSON at the end of an error message by the message in the JSON.
pub(crate) fn plain_message(message: &str) -> String {
    let Some(json_start) = message.find('{') else { return message.to_owned() };
    let (prefix, json) = message.split_at(json_start);
    let inner = serde_json::from_str::<ErrorBody>(json).ok().and_then(inner_message);
    inner.map_or_else(|| message.to_owned(), |inner| format!("{prefix}{inner}"))
}

fn inner_message(body: ErrorBody) -> Option<String> {
    body.error.and_then(|error| inner_message(*error)).or(body.message).filter(|message| !message.is_empty())
}

#[cfg(test)]
mod tests {
    use super::plain_message;

    #[test]
    fn json_is_replaced_by_its_message() {
        let json = r#"{"error":{"code":400,"message":"The model is tired.","type":"x"}}"#;
        assert_eq!(plain_message(json), "The model is tired.");
        assert_eq!(
            plain_message(&format!("unexpected status 400: {json}")),
            "unexpected status 400: The model is tired."
        );
        assert_eq!(plain_message(r#"{"message":"no"}"#), "no");
    }

    #[test]
    fn message_without_error_json_is_unchanged() {
        for message in
            ["stream disconnected", "{", r#"{"error":"no"}"#, r#"a {"message":""}"#, r#"{"message":"m"} b"#]
        {
            assert_eq!(plain_message(message), message);
        }
    }
}

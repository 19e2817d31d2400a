//! What an upstream's error says to people.

use codex_gateway_wire::lenient_deserialize;

/// `{"error": {"message": "…"}}`, or a part of it, as upstreams answer.
struct Answer {
    error: Option<Box<Answer>>,
    message: Option<String>,
}
lenient_deserialize!(Answer { error, message });

/// Reads a message that may be, or end with, the JSON that an upstream answered; in words, what it says.
pub(crate) fn plain_message(message: &str) -> String {
    let Some(json_start) = message.find('{') else { return message.to_owned() };
    let (prefix, json) = message.split_at(json_start);
    let said = serde_json::from_str::<Answer>(json).ok().and_then(said);
    said.map_or_else(|| message.to_owned(), |said| format!("{prefix}{said}"))
}

fn said(answer: Answer) -> Option<String> {
    answer.error.and_then(|error| said(*error)).or(answer.message).filter(|said| !said.is_empty())
}

#[cfg(test)]
mod tests {
    use super::plain_message;

    #[test]
    fn the_words_are_taken_out_of_the_json() {
        let json = r#"{"error":{"code":400,"message":"The model is tired.","type":"x"}}"#;
        assert_eq!(plain_message(json), "The model is tired.");
        assert_eq!(
            plain_message(&format!("unexpected status 400: {json}")),
            "unexpected status 400: The model is tired."
        );
        assert_eq!(plain_message(r#"{"message":"no"}"#), "no");
    }

    #[test]
    fn other_messages_stay_as_they_are() {
        for message in
            ["stream disconnected", "{", r#"{"error":"no"}"#, r#"a {"message":""}"#, r#"{"message":"m"} b"#]
        {
            assert_eq!(plain_message(message), message);
        }
    }
}

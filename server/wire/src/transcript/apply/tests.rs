#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{Event, EventBody, EventName, Transcript};

#[test]
fn thread_without_a_model_leaves_the_model_open() {
    let mut transcript = Transcript::default();
    for (model, expected) in [("gpt-6", Some("gpt-6")), ("", None)] {
        let data = format!(r#"{{"threadId":"t","model":"{model}","cwd":"/w"}}"#);
        let body = EventBody::parse(EventName::Thread, &data).unwrap();
        transcript.apply(&Event { seq: transcript.as_of + 1, body });
        assert_eq!(transcript.model.as_deref(), expected);
    }
}

#[test]
fn review_runs_as_the_turn_that_its_items_name() {
    let mut transcript = Transcript::default();
    let mut apply = |method: &str, params: &str| {
        let body = EventBody::parse(
            EventName::Notification,
            &format!(r#"{{"method":"{method}","params":{params}}}"#),
        );
        transcript.apply(&Event { seq: transcript.as_of + 1, body: body.unwrap() });
        transcript.active_turn().map(|turn| turn.id.to_string())
    };
    let started = r#"{"threadId":"t","turn":{"id":"reviewer","rootTurnId":"review","status":"inProgress"}}"#;
    assert_eq!(apply("turn/started", started).as_deref(), Some("review"));
    let completed = r#"{"threadId":"t","turn":{"id":"review","rootTurnId":"review","status":"completed"}}"#;
    assert_eq!(apply("turn/completed", completed), None);
    assert_eq!(transcript.turns.len(), 1);
}

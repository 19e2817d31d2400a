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

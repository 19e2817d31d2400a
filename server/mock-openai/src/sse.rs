//! Frames of the event stream.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;

/// A buffer of frames that are sent together.
#[derive(Default)]
pub(crate) struct Frames(BytesMut);

impl Frames {
    /// Adds an event. `data` has the members besides `type`.
    pub(crate) fn push(&mut self, kind: &str, data: impl Serialize) {
        #[derive(Serialize)]
        struct Event<'a, T> {
            r#type: &'a str,
            #[serde(flatten)]
            data: T,
        }
        self.0.put_slice(b"event: ");
        self.0.put_slice(kind.as_bytes());
        self.0.put_slice(b"\ndata: ");
        // Neither writing to the buffer nor serializing this data can fail.
        let written = serde_json::to_writer((&mut self.0).writer(), &Event { r#type: kind, data });
        debug_assert!(written.is_ok(), "{written:?}");
        self.0.put_slice(b"\n\n");
    }

    /// The number of buffered bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes the buffered frames.
    pub(crate) fn take(&mut self) -> Bytes {
        self.0.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn event_is_one_frame() {
        let mut frames = Frames::default();
        frames.push("response.created", json!({"delta": "a\nb"}));
        let expected =
            "event: response.created\ndata: {\"type\":\"response.created\",\"delta\":\"a\\nb\"}\n\n";
        assert_eq!(frames.take(), expected);
        assert_eq!(frames.len(), 0);
    }
}

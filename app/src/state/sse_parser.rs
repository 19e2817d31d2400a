//! Parses server-sent events from bytes.

/// An event as it was sent, not parsed further.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// The event type.
    pub(crate) name: String,
    /// Empty if the event has no id of its own.
    pub(crate) id: String,
    pub(crate) data: String,
}

/// Assembles events from chunks, wherever the chunks are cut.
#[derive(Default)]
pub(super) struct Parser {
    /// The bytes that are not part of a returned event.
    bytes: Vec<u8>,
    /// Where the next line starts.
    line_start: usize,
    /// Where to continue the search for the end of that line.
    search_from: usize,
    /// The event whose lines are being read.
    message: Message,
}

impl Parser {
    /// Adds the next chunk.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.line_start);
        self.search_from -= self.line_start;
        self.line_start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the next complete event. Events without data are skipped.
    pub(super) fn next(&mut self) -> Option<Message> {
        loop {
            let Some(length) = self.bytes[self.search_from..].iter().position(|byte| *byte == b'\n') else {
                self.search_from = self.bytes.len();
                return None;
            };
            let end = self.search_from + length;
            let line = &self.bytes[self.line_start..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            (self.line_start, self.search_from) = (end + 1, end + 1);
            if line.is_empty() {
                let message = std::mem::take(&mut self.message);
                if !message.data.is_empty() {
                    return Some(message);
                }
                continue;
            }
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let value = line.get(colon + 1..).unwrap_or_default();
            let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value)).into_owned();
            match &line[..colon] {
                b"event" => self.message.name = value,
                b"id" => self.message.id = value,
                b"data" if self.message.data.is_empty() => self.message.data = value,
                b"data" => self.message.data.extend(["\n", &value]),
                // A comment, or `retry`: the page has a backoff of its own.
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ": hello\nretry: 500\n\nid: a-1\nevent: notification\ndata: {\"delta\":\"漢\"}\n\n\
         event:ping\r\ndata:{}\r\n\r\nevent: nothing\n\ndata: one\ndata: two\n\nevent: cut\ndata: off\n";

    fn message(name: &str, id: &str, data: &str) -> Message {
        Message { name: name.into(), id: id.into(), data: data.into() }
    }

    fn expected() -> Vec<Message> {
        vec![
            message("notification", "a-1", "{\"delta\":\"漢\"}"),
            message("ping", "", "{}"),
            message("", "", "one\ntwo"),
        ]
    }

    #[test]
    fn events_are_the_same_wherever_chunks_are_cut() {
        for size in 1..=STREAM.len() {
            let mut parser = Parser::default();
            let mut all = Vec::new();
            for chunk in STREAM.as_bytes().chunks(size) {
                parser.feed(chunk);
                all.extend(std::iter::from_fn(|| parser.next()));
            }
            assert_eq!(all, expected(), "chunks of {size}");
            parser.feed(b"\n");
            assert_eq!(parser.next(), Some(message("cut", "", "off")));
        }
    }

    #[test]
    fn returned_events_are_not_kept_in_the_buffer() {
        let mut parser = Parser::default();
        for _ in 0..1000 {
            parser.feed(b"data: x\n\n");
            assert_eq!(parser.next(), Some(message("", "", "x")));
            assert_eq!(parser.next(), None);
        }
        assert!(parser.bytes.len() <= 9);
    }
}

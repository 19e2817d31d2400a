//! Server-sent events, out of the bytes that they come in.

/// An event as it was sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// What kind it is.
    pub(crate) name: String,
    /// Its id, if it has one of its own.
    pub(crate) id: String,
    pub(crate) data: String,
}

/// Puts events together, wherever the bytes were cut.
#[derive(Default)]
pub(super) struct Parser {
    /// What has come and is not part of an event that was handed out.
    bytes: Vec<u8>,
    /// Where the next line begins.
    line: usize,
    /// How far its end was looked for.
    looked: usize,
    /// The event whose lines are coming.
    message: Message,
}

impl Parser {
    /// Takes in what came next.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.line);
        self.looked -= self.line;
        self.line = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next event that is whole. One without data is none.
    pub(super) fn next(&mut self) -> Option<Message> {
        loop {
            let Some(length) = self.bytes[self.looked..].iter().position(|byte| *byte == b'\n') else {
                self.looked = self.bytes.len();
                return None;
            };
            let end = self.looked + length;
            let line = &self.bytes[self.line..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            (self.line, self.looked) = (end + 1, end + 1);
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
                // A comment, or how long to wait before the next attempt, which we know ourselves.
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
    fn events_are_the_same_wherever_they_are_cut() {
        for size in 1..=STREAM.len() {
            let mut parser = Parser::default();
            let mut all = Vec::new();
            for piece in STREAM.as_bytes().chunks(size) {
                parser.feed(piece);
                all.extend(std::iter::from_fn(|| parser.next()));
            }
            assert_eq!(all, expected(), "pieces of {size}");
            parser.feed(b"\n");
            assert_eq!(parser.next(), Some(message("cut", "", "off")));
        }
    }

    #[test]
    fn what_was_handed_out_is_not_kept() {
        let mut parser = Parser::default();
        for _ in 0..1000 {
            parser.feed(b"data: x\n\n");
            assert_eq!(parser.next(), Some(message("", "", "x")));
            assert_eq!(parser.next(), None);
        }
        assert!(parser.bytes.len() <= 9);
    }
}

//! Splits codex's output into lines of bounded length.

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

/// The maximum length of a line, in bytes.
pub(crate) const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;
/// How many bytes of a longer line are kept, to find out which request it replies to.
const PREFIX_BYTES: usize = 256;

/// A line of codex.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A complete line, without its line ending.
    Complete(Bytes),
    /// A line that exceeds the maximum length. Only its beginning was kept.
    TooLong {
        /// The first bytes of the line.
        prefix: Bytes,
        /// The length of the line in bytes.
        length: usize,
    },
}

/// Splits codex's output into lines. A line over the limit is buffered up to the limit, and the rest is skipped.
#[derive(Debug)]
pub(crate) struct LineDecoder {
    max_bytes: usize,
    /// How many bytes of the buffer were searched for a line ending.
    searched: usize,
    /// The beginning and the length so far of the line that is being skipped.
    skipping: Option<(Bytes, usize)>,
}

impl LineDecoder {
    /// Creates a decoder for lines of at most `max_bytes`.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, searched: 0, skipping: None }
    }

    fn take_line(&mut self, buffer: &mut BytesMut, end: usize) -> Line {
        self.searched = 0;
        let mut line = buffer.split_to(end);
        if buffer.first() == Some(&b'\n') {
            buffer.advance(1);
        }
        if let Some((prefix, before)) = self.skipping.take() {
            return Line::TooLong { prefix, length: before + line.len() };
        }
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        if line.len() > self.max_bytes {
            return Line::TooLong {
                prefix: line.split_to(PREFIX_BYTES.min(line.len())).freeze(),
                length: end,
            };
        }
        Line::Complete(line.freeze())
    }
}

impl Decoder for LineDecoder {
    type Item = Line;
    type Error = std::io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Line>, std::io::Error> {
        if let Some(found) = memchr::memchr(b'\n', &buffer[self.searched..]) {
            let end = self.searched + found;
            return Ok(Some(self.take_line(buffer, end)));
        }
        self.searched = buffer.len();
        if let Some((_, length)) = &mut self.skipping {
            *length += buffer.len();
            buffer.clear();
            self.searched = 0;
        } else if buffer.len() > self.max_bytes {
            let length = buffer.len();
            self.skipping = Some((Bytes::copy_from_slice(&buffer[..PREFIX_BYTES.min(length)]), length));
            // Not `clear`: this releases the memory of the long line.
            *buffer = BytesMut::new();
            self.searched = 0;
        }
        Ok(None)
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Line>, std::io::Error> {
        if let Some(line) = self.decode(buffer)? {
            return Ok(Some(line));
        }
        if buffer.is_empty() && self.skipping.is_none() {
            return Ok(None);
        }
        let end = buffer.len();
        Ok(Some(self.take_line(buffer, end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(max_bytes: usize, pieces: &[&str]) -> Vec<Line> {
        let mut decoder = LineDecoder::new(max_bytes);
        let mut buffer = BytesMut::new();
        let mut lines = Vec::new();
        for piece in pieces {
            buffer.extend_from_slice(piece.as_bytes());
            while let Some(line) = decoder.decode(&mut buffer).unwrap() {
                lines.push(line);
            }
        }
        while let Some(line) = decoder.decode_eof(&mut buffer).unwrap() {
            lines.push(line);
        }
        lines
    }

    fn complete(text: &'static str) -> Line {
        Line::Complete(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn lines_are_complete_however_the_input_is_split() {
        assert_eq!(
            lines(9, &["a", "b\nc", "d\r", "\n\ne"]),
            [complete("ab"), complete("cd"), complete(""), complete("e")]
        );
    }

    #[test]
    fn line_of_the_maximum_length_is_complete() {
        assert_eq!(lines(3, &["abc\nde\n"]), [complete("abc"), complete("de")]);
    }

    #[test]
    fn longer_line_is_reported_and_the_next_one_is_read() {
        let long = Line::TooLong { prefix: Bytes::from_static(b"abcd"), length: 4 };
        assert_eq!(lines(3, &["abcd\nok\n"]), [long, complete("ok")]);
        let cut = Line::TooLong { prefix: Bytes::from_static(b"abcd"), length: 10 };
        assert_eq!(lines(3, &["abcd", "efg", "hij\nok\n"]), [cut, complete("ok")]);
    }

    #[test]
    fn long_line_without_an_ending_is_reported_at_the_end_of_input() {
        let cut = Line::TooLong { prefix: Bytes::from_static(b"abcd"), length: 6 };
        assert_eq!(lines(3, &["abcd", "ef"]), [cut]);
    }
}

//! Lines of codex, bounded.

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

/// The longest line that is read, in bytes.
pub(super) const MAX_LINE: usize = 64 * 1024 * 1024;
/// How much of a longer line is kept, to tell whose it was.
const PREFIX: usize = 256;

/// A line of codex.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A whole line, without its end.
    Whole(Bytes),
    /// The beginning of a line that was too long; the rest was skipped.
    TooLong {
        /// Its first bytes.
        prefix: Bytes,
        /// Its length in bytes.
        length: usize,
    },
}

/// Splits what codex prints into lines. A line over the limit costs its memory once, then is skipped.
#[derive(Debug)]
pub(super) struct LineDecoder {
    max: usize,
    /// Where the search for the next line's end goes on.
    searched: usize,
    /// The beginning and length so far of the line that is being skipped.
    skipping: Option<(Bytes, usize)>,
}

impl LineDecoder {
    /// Lines of at most `max` bytes.
    pub(super) fn new(max: usize) -> Self {
        Self { max, searched: 0, skipping: None }
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
        if line.len() > self.max {
            return Line::TooLong { prefix: line.split_to(PREFIX.min(line.len())).freeze(), length: end };
        }
        Line::Whole(line.freeze())
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
        } else if buffer.len() > self.max {
            let length = buffer.len();
            self.skipping = Some((Bytes::copy_from_slice(&buffer[..PREFIX.min(length)]), length));
            // Not `clear`: the memory of the long line is given back.
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

    fn lines(max: usize, pieces: &[&str]) -> Vec<Line> {
        let mut decoder = LineDecoder::new(max);
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

    fn whole(text: &'static str) -> Line {
        Line::Whole(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn lines_are_whole_wherever_they_were_cut() {
        assert_eq!(
            lines(9, &["a", "b\nc", "d\r", "\n\ne"]),
            [whole("ab"), whole("cd"), whole(""), whole("e")]
        );
    }

    #[test]
    fn a_line_of_the_longest_length_passes() {
        assert_eq!(lines(3, &["abc\nde\n"]), [whole("abc"), whole("de")]);
    }

    #[test]
    fn a_longer_line_is_told_and_the_next_one_is_read() {
        let long = Line::TooLong { prefix: Bytes::from_static(b"abcd"), length: 4 };
        assert_eq!(lines(3, &["abcd\nok\n"]), [long, whole("ok")]);
        let cut = Line::TooLong { prefix: Bytes::from_static(b"abcd"), length: 10 };
        assert_eq!(lines(3, &["abcd", "efg", "hij\nok\n"]), [cut, whole("ok")]);
    }

    #[test]
    fn a_long_line_without_an_end_is_told_at_the_end() {
        let cut = Line::TooLong { prefix: Bytes::from_static(b"abcd"), length: 6 };
        assert_eq!(lines(3, &["abcd", "ef"]), [cut]);
    }
}

//! Recognizes web addresses and places in files.

use super::cjk::is_cjk;

/// Returns the length of the web address at the start of `text`; `None` if there is no address.
///
/// The address ends before white space, quotation marks, `**`, CJK punctuation, a bracket that it has not opened, and
/// punctuation that ends a sentence.
pub(super) fn address_len(text: &str) -> Option<usize> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))?;
    let rest = &text[scheme.len()..];
    rest.chars().next().filter(|c| c.is_alphanumeric() || *c == '[')?;
    let mut open = Vec::new();
    let end = rest.char_indices().find(|(at, c)| match c {
        '[' if rest[at + 1..].starts_with('^') => true,
        '(' | '[' | '{' => {
            open.push(*c);
            false
        }
        ')' => open.pop() != Some('('),
        ']' => open.pop() != Some('['),
        '}' => open.pop() != Some('{'),
        '*' => rest[at + 1..].starts_with('*'),
        '<' | '>' | '"' | '`' | '|' | '\\' | '«' | '»' | '…' | '\u{2018}'..='\u{201f}' => true,
        c if c.is_whitespace() || c.is_control() => true,
        c => is_cjk(*c) && !c.is_alphanumeric(),
    });
    let address = &rest[..end.map_or(rest.len(), |(at, _)| at)];
    let trailing = ['.', ',', ':', ';', '!', '?', '\'', '*', '_', '~', '(', '[', '{'];
    let length = address.trim_end_matches(trailing).len();
    (length > 0).then_some(scheme.len() + length)
}

/// A place in a file, as compilers and search tools write them: `src/main.rs:42:7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FilePlace<'a> {
    pub(super) path: &'a str,
    /// The line number, in digits.
    pub(super) line: &'a str,
    /// The length of the whole place, in bytes.
    pub(super) length: usize,
}

/// Names of files without an extension.
const BARE_NAMES: [&str; 4] = ["Makefile", "Dockerfile", "Justfile", "Rakefile"];
/// Ends of host names that look like extensions: `example.com:8080`.
const HOST_ENDS: [&str; 7] = ["com", "org", "net", "io", "example", "local", "internal"];

impl<'a> FilePlace<'a> {
    /// Returns the place at the start of `text`.
    pub(super) fn at_start(text: &'a str) -> Option<Self> {
        let path = &text[..text.len() - text.trim_start_matches(is_path_char).len()];
        let rest = text[path.len()..].strip_prefix(':')?;
        let line = digits(rest)?;
        let rest = &rest[line.len()..];
        let column = rest.strip_prefix(':').and_then(digits);
        let rest = column.map_or(rest, |column| &rest[1 + column.len()..]);
        if rest.starts_with(|c: char| c.is_ascii_alphanumeric()) || !is_file(path) {
            return None;
        }
        Some(Self { path, line, length: text.len() - rest.len() })
    }

    /// Returns the place if `address` is nothing else: `src/main.rs#L42`, `/a/b.rs:42`.
    pub(super) fn of_address(address: &'a str) -> Option<Self> {
        let place = match address.split_once("#L") {
            Some((path, line)) => {
                let line = digits(line).filter(|_| path.chars().all(is_path_char) && is_file(path))?;
                Self { path, line, length: address.len() }
            }
            None => Self::at_start(address)?,
        };
        (place.length == address.len()).then_some(place)
    }
}

/// Returns `true` for the characters of paths.
pub(super) fn is_path_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | '~')
}

/// Returns the number at the start of `text`; `None` if it is missing or too long.
fn digits(text: &str) -> Option<&str> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    (1..=7).contains(&length).then(|| &text[..length])
}

/// Returns `true` if a path looks like that of a file.
fn is_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_extension = (1..=10).contains(&extension.len())
        && extension.starts_with(|c: char| c.is_ascii_alphabetic())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_host = !path.contains('/') && HOST_ENDS.contains(&extension);
    (is_extension && !is_host) || BARE_NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_ends_before_surrounding_punctuation() {
        for (text, address) in [
            ("https://a.example/b）。", "https://a.example/b"),
            ("https://a.example/b。", "https://a.example/b"),
            ("https://a.example/b**", "https://a.example/b"),
            ("https://a.example/b.", "https://a.example/b"),
            ("https://a.example/b).", "https://a.example/b"),
            ("https://a.example/b_(c))", "https://a.example/b_(c)"),
            ("https://a.example/b](x)", "https://a.example/b"),
            ("https://a.example?b=c&d=e#f, g", "https://a.example?b=c&d=e#f"),
            ("HTTP://a.example:80/维基", "HTTP://a.example:80/维基"),
            ("https://[::1]:8080/a", "https://[::1]:8080/a"),
            ("https://a.example/b_c_", "https://a.example/b_c"),
            ("https://a.example/b(", "https://a.example/b"),
        ] {
            assert_eq!(address_len(text), Some(address.len()), "{text}");
        }
        for text in ["https://", "https://)", "https:/a", "ftp://a.example", "htt"] {
            assert_eq!(address_len(text), None, "{text}");
        }
    }

    #[test]
    fn place_in_file_has_path_and_line() {
        let place = |text| FilePlace::at_start(text).map(|place| (place.path, place.line, place.length));
        assert_eq!(place("src/main.rs:42"), Some(("src/main.rs", "42", 14)));
        assert_eq!(place("a.rs:4:17: error"), Some(("a.rs", "4", 9)));
        assert_eq!(place("/x/Makefile:3,"), Some(("/x/Makefile", "3", 13)));
        for text in
            ["localhost:3000", "a.example.com:80", "127.0.0.1:80", "a.rs", "a.rs:", "a.rs:4b", "12:30"]
        {
            assert_eq!(place(text), None, "{text}");
        }
        let address = |text| FilePlace::of_address(text).map(|place| (place.path, place.line));
        assert_eq!(address("src/main.rs#L3-L9"), Some(("src/main.rs", "3")));
        assert_eq!(address("/a/b.rs:3"), Some(("/a/b.rs", "3")));
        assert_eq!([address("b.rs"), address("b.rs:3 x"), address("a b.rs#L3")], [None; 3]);
    }
}

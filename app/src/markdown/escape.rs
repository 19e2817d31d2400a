//! Escapes texts and addresses for HTML.

use std::fmt::Write as _;

use codex_gateway_wire::bidi::{IsolateScanner, is_isolate};

/// A buffer of HTML for texts of both directions.
#[derive(Debug, Default)]
pub(super) struct Prose {
    html: String,
    /// The isolates (U+2066–U+2069) of the current paragraph, with their positions in `html`.
    isolates: IsolateScanner,
    has_isolates: bool,
}

impl Prose {
    /// Appends HTML.
    pub(super) fn push_str(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// Appends a placeholder of the given kind.
    pub(super) fn push_placeholder(&mut self, kind: char) {
        self.html.extend([super::placeholder::MARK, kind]);
    }

    /// Appends a text in which every character must be visible: code, addresses.
    pub(super) fn push_text(&mut self, text: &str) {
        push_text(&mut self.html, text);
    }

    /// Appends prose, in which isolates may separate words of different directions.
    pub(super) fn push_prose(&mut self, text: &str) {
        if !self.has_isolates && !text.contains(is_isolate) {
            return push_text(&mut self.html, text);
        }
        self.has_isolates = true;
        for c in text.chars() {
            self.isolates.take(c, self.html.len());
            if is_isolate(c) {
                self.html.push(c);
            } else {
                push_text(&mut self.html, c.encode_utf8(&mut [0; 4]));
            }
        }
    }

    /// Ends the paragraph. Isolates that are not balanced are replaced by their codes.
    pub(super) fn finish_paragraph(&mut self) {
        if !std::mem::take(&mut self.has_isolates) {
            return;
        }
        let suspicious = self.isolates.finish();
        let Some(first) = suspicious.first() else { return };
        let rest = self.html.split_off(*first);
        let mut written = 0;
        for position in &suspicious {
            let start = position - first;
            self.html.push_str(&rest[written..start]);
            let end = start + rest[start..].chars().next().map_or(0, char::len_utf8);
            push_text(&mut self.html, &rest[start..end]);
            written = end;
        }
        self.html.push_str(&rest[written..]);
    }

    pub(super) fn len(&self) -> usize {
        self.html.len()
    }

    pub(super) fn written_since(&self, start: usize) -> &str {
        &self.html[start..]
    }

    /// Takes the HTML out of the buffer.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.html)
    }
}

/// Appends `text` as HTML text.
///
/// Characters that reorder text (U+202A–U+202E, U+2066–U+2069) are replaced by their codes. Otherwise code could read
/// differently from what runs.
pub(super) fn push_text(out: &mut String, text: &str) {
    push(out, text, |out, hidden| {
        let _ = write!(out, "<span class=\"bidi\">U+{:04X}</span>", u32::from(hidden));
    });
}

/// Appends an address as the value of an attribute in double quotes.
///
/// Characters that reorder text are percent-encoded, as the browser itself would send them.
pub(super) fn push_address(out: &mut String, address: &str) {
    push(out, address, |out, hidden| {
        for byte in hidden.encode_utf8(&mut [0; 4]).bytes() {
            let _ = write!(out, "%{byte:02X}");
        }
    });
}

/// Appends `text` escaped. `push_hidden` appends characters that reorder text.
fn push(out: &mut String, text: &str, push_hidden: impl Fn(&mut String, char)) {
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        let safe = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            // The HTML parser replaces it. The page would differ from what the server rendered.
            '\0' => "\u{FFFD}",
            // A carriage return is dropped for the same reason. The others are appended below.
            '\r' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        out.push_str(safe);
        if c > '\r' && safe.is_empty() {
            push_hidden(out, c);
        }
        plain = at + c.len_utf8();
    }
    out.push_str(&text[plain..]);
}

/// Returns `true` if an address may become a link: it must start with http, https or mailto.
///
/// Browsers strip white space and control characters from schemes. So an address with a control character is refused.
pub(super) fn is_allowed(address: &str) -> bool {
    !address.chars().any(char::is_control)
        && ["http://", "https://", "mailto:"]
            .iter()
            .any(|scheme| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str) -> String {
        let mut out = String::new();
        push_text(&mut out, source);
        out
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(text("a <b> & \"c\" 'd'"), "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
        assert_eq!(text("plain ünïcode 漢字"), "plain ünïcode 漢字");
    }

    #[test]
    fn reordering_characters_are_replaced_by_codes() {
        assert_eq!(text("a\u{202E}b"), "a<span class=\"bidi\">U+202E</span>b");
        assert_eq!(text("\u{2066}\u{2069}").matches("bidi").count(), 2);
        assert_eq!(text("\u{2029}\u{202F}\u{2065}\u{206A}").matches("bidi").count(), 0);
        let mut address = String::new();
        push_address(&mut address, "https://a/\u{202E}\"");
        assert_eq!(address, "https://a/%E2%80%AE&quot;");
    }

    #[test]
    fn unbalanced_isolates_are_replaced_by_codes() {
        let prose = |source: &str| {
            let mut prose = Prose::default();
            prose.push_str("<p>");
            prose.push_prose(source);
            prose.finish_paragraph();
            prose.take()
        };
        assert_eq!(prose("\u{2068}a\u{2069} &"), "<p>\u{2068}a\u{2069} &amp;");
        assert_eq!(
            prose("\u{2067}a\u{2069}b\u{2066}"),
            "<p><span class=\"bidi\">U+2067</span>a<span class=\"bidi\">U+2069</span>b\
             <span class=\"bidi\">U+2066</span>"
        );
    }

    #[test]
    fn characters_that_the_html_parser_changes_are_replaced() {
        assert_eq!(text("a\r\nb\0"), "a\nb\u{FFFD}");
    }

    #[test]
    fn only_http_https_and_mailto_are_allowed() {
        for good in ["http://a", "HTTPS://a.b/c?d#e", "MailTo:a@b.c"] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in [
            "",
            "http:",
            "http:/a",
            "https:a",
            "//a.b",
            "/a",
            "a.rs",
            "#a",
            "javascript:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}https://a",
            " https://a",
            "https://a\nb",
            "ht\ttp://a",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://a",
            "漢字漢字",
        ] {
            assert!(!is_allowed(bad), "{bad:?}");
        }
    }
}

//! A sanitizer as the oracle of the tests: it must change nothing in the HTML that the writer writes.

use std::collections::HashSet;

/// Returns a sanitizer that allows exactly the HTML that the writer may write.
pub(super) fn oracle() -> ammonia::Builder<'static> {
    let mut oracle = ammonia::Builder::empty();
    oracle
        .tags(HashSet::from([
            "p",
            "h3",
            "h4",
            "h5",
            "h6",
            "blockquote",
            "pre",
            "code",
            "div",
            "ul",
            "ol",
            "li",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "em",
            "strong",
            "del",
            "a",
            "span",
            "br",
            "hr",
            "label",
            "input",
            "sup",
        ]))
        .generic_attributes(HashSet::from(["data-path", "data-line", "data-alert"]))
        .tag_attributes(
            [
                ("a", HashSet::from(["href", "title", "target"])),
                ("ol", HashSet::from(["start"])),
                ("th", HashSet::from(["scope"])),
            ]
            .into_iter()
            .collect(),
        )
        .tag_attribute_values(
            [
                (
                    "input",
                    [
                        ("type", HashSet::from(["checkbox"])),
                        ("disabled", HashSet::from([""])),
                        ("checked", HashSet::from([""])),
                    ]
                    .into_iter()
                    .collect(),
                ),
                (
                    "pre",
                    [("tabindex", HashSet::from(["0"])), ("translate", HashSet::from(["no"]))]
                        .into_iter()
                        .collect(),
                ),
                ("code", [("translate", HashSet::from(["no"]))].into_iter().collect()),
                ("div", [("tabindex", HashSet::from(["0"]))].into_iter().collect()),
                (
                    "code",
                    [("dir", HashSet::from(["ltr"])), ("translate", HashSet::from(["no"]))]
                        .into_iter()
                        .collect(),
                ),
            ]
            .into_iter()
            .collect(),
        )
        .allowed_classes(
            [
                ("div", HashSet::from(["raw", "table", "footnote"])),
                ("blockquote", HashSet::from(["alert"])),
                ("p", HashSet::from(["alert-title"])),
                ("code", HashSet::from(["math"])),
                ("span", HashSet::from(["bidi", "address"])),
                ("th", HashSet::from(["align-left", "align-center", "align-right"])),
                ("td", HashSet::from(["align-left", "align-center", "align-right"])),
            ]
            .into_iter()
            .collect(),
        )
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);
    oracle
}

/// Splits HTML into its texts, with characters decoded, and its tags, with attributes sorted.
pub(super) fn parts(html: &str) -> Vec<String> {
    let decode = |text: &str| {
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", "\u{A0}"), ("&amp;", "&")]
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let mut parts = Vec::new();
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        parts.push(decode(text));
        let mut quoted = false;
        let end = after
            .find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            })
            .expect("a tag ends");
        quoted = false;
        let mut words: Vec<String> = after[..end]
            .split(|c| {
                quoted ^= c == '"';
                c == ' ' && !quoted
            })
            .map(|word| decode(word.trim_end_matches("=\"\"")))
            .collect();
        words[1..].sort();
        parts.push(format!("<{}>", words.join(" ")));
        rest = &after[end + 1..];
    }
    parts.push(decode(rest));
    parts.retain(|part| !part.is_empty());
    parts
}

#[test]
fn sanitizer_changes_unsafe_html() {
    for bad in [
        "<p onclick=\"x\">a</p>",
        "<script>a</script>",
        "<a href=\"javascript:x\">a</a>",
        "<a href=\"https://a\">a</a>",
        "<img src=\"https://a\">",
        "<p class=\"x\">a</p>",
        "<a><a>a</a></a>",
        "<p><p>a</p></p>",
        "<p style=\"x\">a</p>",
        "<!-- a -->",
    ] {
        assert_ne!(parts(bad), parts(&oracle().clean(bad).to_string()), "{bad}");
    }
}

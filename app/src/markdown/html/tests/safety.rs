//! The HTML of hostile messages is safe.

use proptest::prelude::*;

use super::safe;

#[test]
fn raw_html_is_text() {
    for source in [
        "<script>alert(1)</script>",
        "a <script>alert(1)</script> b",
        "<img src=x onerror=alert(1)>",
        "a <img src=x onerror=alert(1)> b",
        "<svg/onload=alert(1)>",
        "<div onclick=\"a()\">\n*b*\n</div>",
        "<!-- <script> -->",
        "a <!-- --> b",
        "<![CDATA[ <script> ]]>",
        "<?php echo '<script>' ?>",
        "<!DOCTYPE html>",
        "<style>*{}</style>",
        "<iframe srcdoc='<script>'></iframe>",
        "<textarea></textarea><script>",
        "</div></div></body>",
        "<p\n onclick=x>",
        "> <b>\n",
        "- <script>\n  a\n",
        "| <b> |\n|---|\n| <script> |\n",
        "# <script>",
        "**<b onmouseover=x>**",
        "[<b>](https://a.b)",
        "`<script>`",
        "$<script>$ $$<script>$$",
        "&lt;script&gt; &#60;script&#62;",
        "<script",
        "<a href=\"",
        "- ```\n  <script>\n",
        "> ~~~\"><script>\n> <script>",
    ] {
        let html = safe(source);
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<b>"), "{html}");
    }
    assert_eq!(safe("a <b>c</b>"), "<p>a &lt;b&gt;c&lt;/b&gt;</p>");
    assert_eq!(safe("<u>\na</u>\n"), "<div class=\"raw\">&lt;u&gt;\na&lt;/u&gt;\n</div>");
}

#[test]
fn other_addresses_are_shown_as_text() {
    assert_eq!(
        safe("[main](src/main.rs#L3)"),
        "<p>main <span class=\"address\" data-path=\"src/main.rs\" data-line=\"3\">(src/main.rs#L3)</span></p>"
    );
    assert_eq!(safe("<ftp://a.b>"), "<p>ftp://a.b</p>");
    assert_eq!(safe("[a]()"), "<p>a</p>");
    for source in [
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](<java\tscript:alert(1)>)",
        "[a](java&#10;script:alert&#40;1&#41;)",
        "[a](java&NewLine;script:alert)",
        "[a](java&Tab;script:alert)",
        "[a](&#1;javascript:alert)",
        "[a](&#x20;javascript:alert)",
        "[a](javascript&colon;alert)",
        "[a](&#106;avascript:alert)",
        "[a](\\javascript:alert)",
        "[a](data:text/html,<script>alert(1)</script>)",
        "[a](DATA:text/html;base64,PHNjcmlwdD4=)",
        "[a](vbscript:msgbox)",
        "[a](//evil.example)",
        "[a](/sign-out)",
        "[a](https:/sign-out)",
        "[a](#top)",
        "[a](file:///etc/passwd)",
        "[a](view-source:https://a.b)",
        "[a](https&#10;://a.b)",
        "<javascript:alert(1)>",
        "<data:text/html,a>",
        "![a](javascript:alert(1))",
        "![a](data:image/svg+xml,<svg/onload=x>)",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "[b]\n\n[b]: <java&#9;script:alert(1)>",
    ] {
        let html = safe(source);
        assert!(!html.contains("<a") && !html.contains("href"), "{source}: {html}");
    }
}

#[test]
fn nothing_breaks_out_of_an_attribute() {
    for source in [
        "[a](https://a.b/\"onclick=alert(1))",
        "[a](<https://a.b/\"><script>>)",
        "[a](<https://a.b/' onclick='x>)",
        "[a](https://a.b/&quot;onclick=x)",
        "[a](https://a.b '\"><script>')",
        "[a](https://a.b \"' onclick=x\")",
        "<https://a.b/\"onclick=x>",
        "![\"><script>](https://a.b/\"><img)",
        "``` \"onclick=x\na\n```",
        "- ``` \"><script>\n  a",
    ] {
        let html = safe(source);
        assert!(!html.contains("<script") && !html.contains("\" onclick"), "{html}");
        assert!(!html.contains(" onclick=\""), "{html}");
    }
}

#[test]
fn reordering_characters_are_marked() {
    assert_eq!(
        safe("a \u{2068}b *c*\u{2069}"),
        "<p>a \u{2068}b <em>c</em>\u{2069}</p>",
        "a balanced isolate"
    );
    assert_eq!(safe("\u{2067}a\n\nb\u{2069}").matches("class=\"bidi\"").count(), 2);
    let html = safe("a\u{202E}b `c\u{2066}d` [e](https://f/\u{202E}g) <b\u{2069}>\n");
    assert_eq!(html.matches("class=\"bidi\"").count(), 3);
    assert!(html.contains("https://f/%E2%80%AEg"));
    assert!(!html.contains(['\u{202E}', '\u{2066}', '\u{2069}']));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    // The address ends with a slash, because the sanitizer drops links without a valid host. The writer keeps them.
    #[test]
    fn html_of_any_message_is_safe(fragments in prop::collection::vec(prop::sample::select(vec![
        "<script>", "</script>", "<img src=x onerror=y>", "<a href='javascript:x'>", "<!--", "-->", "<", ">", "\"", "'",
        "&", "&lt;", "&quot;", "&#10;", "[", "]", "](", ")", "![", "javascript:", "data:", "https://a.b/", "mailto:a",
        "\n", "\n\n", "\t", " ", "    ", "\\", "*", "**", "~~", "`", "```\n", "$", "$$", "|", "| a |\n|---|\n", "- ",
        "- [x] ", "1. ", "> ", "# ", "a", "é", "\u{202E}", "\u{2067}", "\u{2069}", "（", "。", "漢", "https://a.b/_c_", "\\(", "\\)",
        "\\[", "\\]", "> [!NOTE]\n", "[^1]", "[^1]: ", "<br>", "a/b.rs:3", "```a\"b\n", "[x]: ", "[x]", " onclick=x ", "<p>", "</p>", "<li>", "<td>",
    ]), 0..20)) {
        safe(&fragments.concat());
    }
}

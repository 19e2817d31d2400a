use std::collections::HashSet;

use proptest::prelude::*;

use super::super::blocks::{BlockKind, Document, NestedCode};
use super::*;

/// The HTML of a message; code blocks as their text.
fn html(source: &str) -> String {
    Document::parse(source)
        .blocks()
        .iter()
        .map(|block| match &block.kind {
            BlockKind::Html { html, codes } => with_codes(html, codes),
            BlockKind::Code { .. } | BlockKind::Plain(_) => String::new(),
        })
        .collect()
}

/// HTML with its code blocks and the titles of its alerts.
fn with_codes(html: &str, codes: &[NestedCode]) -> String {
    let mut codes = codes.iter();
    let mut parts = html.split(MARK);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if part.starts_with(CODE) {
            let code = codes.next().expect("each mark has its code");
            written.push_str("<pre tabindex=\"0\"><code>");
            push_text(&mut written, &code.lang);
            push_text(&mut written, &code.text);
            written.push_str("</code></pre>");
        }
        written.push_str(&part[1..]);
    }
    assert_eq!(codes.next(), None);
    written
}

/// A sanitizer that knows exactly what the writer may write.
fn oracle() -> ammonia::Builder<'static> {
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

/// HTML as its tags (attributes sorted) and texts, without the many ways to spell a character.
fn parts(html: &str) -> Vec<String> {
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

/// The HTML of `source`, after checking that the sanitizer would take nothing away and add nothing.
#[track_caller]
fn safe(source: &str) -> String {
    let html = html(source);
    assert_eq!(parts(&html), parts(&oracle().clean(&html).to_string()), "{source:?}\n{html}");
    html
}

#[test]
fn the_oracle_can_tell() {
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
fn links_say_where_they_go() {
    assert_eq!(
        safe("[a *b*](https://c.d/?e=1&f=2 \"t\")"),
        "<p><a href=\"https://c.d/?e=1&amp;f=2\" title=\"https://c.d/?e=1&amp;f=2\" target=\"_blank\" \
         rel=\"noopener noreferrer nofollow\">a <em>b</em></a></p>"
    );
    assert!(safe("<HTTPS://a.b>").contains("<a href=\"HTTPS://a.b\""));
    assert!(safe("<a@b.c>").contains("<a href=\"mailto:a@b.c\""));
    assert!(safe("[](https://a.b)").contains(">https://a.b</a>"));
    assert!(safe("[x]\n\n[x]: https://a.b").contains("<a href=\"https://a.b\""));
}

#[test]
fn other_addresses_are_shown() {
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
fn images_are_links() {
    assert_eq!(
        safe("![a *b*](https://c.d/e.png)"),
        "<p><a href=\"https://c.d/e.png\" title=\"https://c.d/e.png\" target=\"_blank\" \
         rel=\"noopener noreferrer nofollow\">a <em>b</em></a></p>"
    );
    assert!(safe("![](https://a.b/c.png)").contains(">https://a.b/c.png</a>"));
    assert_eq!(safe("[![alt](https://a/b.png)](https://c.d)").matches("<a ").count(), 1);
    assert_eq!(safe("![a [b](https://b.c) ![d](https://d)](https://e.f)").matches("<a ").count(), 1);
    assert_eq!(safe("[![alt](https://a/b.png)](c.d)").matches("<a ").count(), 1);
    assert_eq!(safe("![alt](a.png)"), "<p>alt <span class=\"address\">(a.png)</span></p>");
}

#[test]
fn headings_stay_below_those_of_the_page() {
    assert_eq!(
        safe("# a\n## b\n### c\n#### d\n##### e\n###### f\n"),
        "<h3>a</h3><h4>b</h4><h5>c</h5><h6>d</h6><h6>e</h6><h6>f</h6>"
    );
}

#[test]
fn inline_marks() {
    assert_eq!(
        safe("*a* **b** ~~c~~ `d < e`"),
        "<p><em>a</em> <strong>b</strong> <del>c</del> <code dir=\"ltr\" translate=\"no\">d &lt; e</code></p>"
    );
    assert_eq!(safe("a  \nb\\\nc\nd"), "<p>a<br>b<br>c\nd</p>");
    assert_eq!(safe("a[^1] H~2~O"), "<p>a<sup>1</sup> H~2~O</p>");
    assert_eq!(safe("---\n"), "<hr>");
}

/// The HTML of a formula.
fn formula(source: &str) -> String {
    format!("<code class=\"math\" dir=\"ltr\" translate=\"no\">{source}</code>")
}

/// The HTML of a link whose text is its address.
fn link(address: &str) -> String {
    let attributes = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
    format!("<a href=\"{address}\" {attributes}>{address}</a>")
}

#[test]
fn math_is_kept_whole() {
    for math in [
        "$a_b$",
        "$$c$$",
        "\\(a_b + c_d\\)",
        "\\[a_b *c* [d](e)\\]",
        "\\[\na_b\n- c\n= d\n# e\n\\]",
        "$$\nx\n+ y\n$$",
        "\\[ a \\\\[4pt] `b` \\]",
    ] {
        assert_eq!(safe(math), format!("<p>{}</p>", formula(math)), "{math:?}");
        assert_eq!(safe(&format!("**{math}**")).matches("class=\"math\"").count(), 1, "{math:?}");
    }
    assert_eq!(
        safe("1. a\n   \\[\n   b_c\n     - d\n   \\]\n2. e\n"),
        format!("<ol start=\"1\"><li>a\n{}</li><li>e</li></ol>", formula("\\[\nb_c\n  - d\n\\]"))
    );
    assert_eq!(
        safe("> $$\n> a\n> + b\n> $$\n"),
        format!("<blockquote><p>{}</p></blockquote>", formula("$$\na\n+ b\n$$"))
    );
}

#[test]
fn prices_and_shell_variables_are_no_math() {
    assert_eq!(safe("**$5** or **$10**"), "<p><strong>$5</strong> or <strong>$10</strong></p>");
    let prices = safe("[$5](https://a.example) and [$10](https://b.example)");
    for (price, address) in [("$5", "https://a.example"), ("$10", "https://b.example")] {
        assert!(
            prices.contains(&format!("href=\"{address}\"")) && prices.contains(&format!(">{price}</a>")),
            "{prices}"
        );
    }
    for text in [
        "$5 off, then 100$",
        "$HOME/bin:$PATH costs $5-$10",
        "US$5 and A$6",
        "a $ b $ c",
        "\\$5 and 6$",
        "$5 到 100$",
    ] {
        assert_eq!(safe(text), format!("<p>{}</p>", text.replace('\\', "")));
    }
    assert!(safe("\\[\na\n\nb\n\\]").starts_with("<p>[\na</p>"), "a paragraph ends math");
}

#[test]
fn math_in_code_is_code() {
    assert_eq!(blocks("```tex\n\\[\n  a\n\\]\n$b$\n```\n"), ["code \\[\n  a\n\\]\n$b$\n"]);
    assert_eq!(blocks("    \\[\n    a\n    \\]\n"), ["code \\[\na\n\\]\n"]);
    assert_eq!(blocks("~~~\\[\n- \\]"), ["code - \\]"]);
    assert!(safe("`$a$ and \\(b\\)`").contains(">$a$ and \\(b\\)</code>"));
    assert!(safe("- ```\n  \\[\n    a\n  \\]\n  ```\n").contains(">\\[\n  a\n\\]\n</code>"));
}

#[test]
fn emphasis_beside_cjk_punctuation() {
    for (source, html) in [
        ("**注意：**正文", "<strong>注意：</strong>正文"),
        ("含**「重点」**内容", "含<strong>「重点」</strong>内容"),
        ("**Rust (语言)**是", "<strong>Rust (语言)</strong>是"),
        ("是**\"重点\"**的", "是<strong>&quot;重点&quot;</strong>的"),
        ("**注意：**text", "<strong>注意：</strong>text"),
        ("*“引用”*之后", "<em>“引用”</em>之后"),
        ("~~删除。~~正文", "<del>删除。</del>正文"),
        ("**중요(important)**는", "<strong>중요(important)</strong>는"),
        (
            "**`a`**是**b**",
            "<strong><code dir=\"ltr\" translate=\"no\">a</code></strong>是<strong>b</strong>",
        ),
        ("\\*\\*注意：**正文", "**注意：**正文"),
        ("a ** b", "a ** b"),
    ] {
        assert_eq!(safe(source), format!("<p>{html}</p>"), "{source}");
    }
    assert!(safe("|a|\n|-|\n|**「重点」**|\n").contains("<td><strong>「重点」</strong></td>"));
}

#[test]
fn bare_addresses_are_links() {
    let a = link("https://a.example/b");
    for (source, html) in [
        ("见（https://a.example/b）。", format!("见（{a}）。")),
        ("**https://a.example/b**", format!("<strong>{a}</strong>")),
        ("(https://a.example/b).", format!("({a}).")),
        ("https://a.example/b, c", format!("{a}, c")),
        ("https://a.example/__init__.py", link("https://a.example/__init__.py")),
        ("https://a.example/?b=1&c=*d*", link("https://a.example/?b=1&amp;c=*d*").replace("*d*", "*d")),
        ("xhttps://a.example", "xhttps://a.example".to_owned()),
        ("[a](https://a.exam", "[a](https://a.exam".to_owned()),
    ] {
        let html = if source.contains("*d*") { format!("{html}*") } else { html };
        assert_eq!(safe(source), format!("<p>{html}</p>"), "{source}");
    }
    assert!(safe("`https://a.example/_b_`").contains(">https://a.example/_b_</code>"));
    let own = safe("[https://a.example/_b_](https://a.example/_b_)");
    assert_eq!((own.matches("<a ").count(), own.matches("https://a.example/_b_").count()), (1, 3), "{own}");
    assert!(safe("<https://a.example/_b_>").contains("href=\"https://a.example/_b_\""));
}

#[test]
fn places_in_files_are_named_and_are_no_links() {
    let place = "<span data-path=\"src/main.rs\" data-line=\"42\">src/main.rs:42:7</span>";
    assert_eq!(safe("see src/main.rs:42:7."), format!("<p>see {place}.</p>"));
    assert_eq!(
        safe("`a/b.py:3`"),
        "<p><code dir=\"ltr\" translate=\"no\" data-path=\"a/b.py\" data-line=\"3\">a/b.py:3</code></p>"
    );
    assert_eq!(safe("at 12:30 on localhost:3000"), "<p>at 12:30 on localhost:3000</p>");
}

#[test]
fn line_break_of_html_is_one() {
    let table = safe("|a|\n|-|\n|b<br>c<BR/>d<br />e|\n");
    assert!(table.contains("<td>b<br>c<br>d<br>e</td>"), "{table}");
    assert_eq!(safe("a<br>b"), "<p>a<br>b</p>");
    assert!(safe("a<br class=x>b").contains("&lt;br"));
}

#[test]
fn alerts_have_a_title() {
    for kind in ["NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"] {
        let name = kind.to_ascii_lowercase();
        assert_eq!(
            safe(&format!("> [!{kind}]\n> a *b*\n")),
            format!(
                "<blockquote class=\"alert\" data-alert=\"{name}\"><p class=\"alert-title\"></p><p>a <em>b</em></p></blockquote>"
            )
        );
    }
    assert_eq!(safe("> [!OTHER]\n> a\n"), "<blockquote><p>[!OTHER]\na</p></blockquote>");
}

#[test]
fn footnotes_look_the_same_wherever_they_are() {
    let source = "a[^1] b[^note]\n\n[^1]: First.\n[^note]: Second *one*.\n\n    More.\n\nc";
    let html = "<p>a<sup>1</sup> b<sup>note</sup></p><div class=\"footnote\"><sup>1</sup><p>First.</p></div>\
        <div class=\"footnote\"><sup>note</sup><p>Second <em>one</em>.</p><p>More.</p></div><p>c</p>";
    assert_eq!(safe(source), html);
    assert_eq!(safe("a[^1] b[^note]"), html[..html.find("<div").unwrap()]);
}

#[test]
fn code_in_other_blocks_has_its_language() {
    let codes = |source: &str| match &Document::parse(source).blocks()[0].kind {
        BlockKind::Html { codes, .. } => codes.clone(),
        other => panic!("{other:?}"),
    };
    let code = |lang: &str, text: &str| NestedCode { lang: lang.into(), text: text.into() };
    assert_eq!(
        codes("- a\n  ```rust,ignore\n  fn a() {}\n\n    b\n  ```\n- c\n\n      d\n"),
        [code("rust", "fn a() {}\n\n  b\n"), code("", "d\n")]
    );
    assert_eq!(codes("> ```c\n> int a;\n> ```\n"), [code("c", "int a;\n")]);
}

#[test]
fn reordering_is_shown() {
    assert_eq!(safe("a \u{2068}b *c*\u{2069}"), "<p>a \u{2068}b <em>c</em>\u{2069}</p>", "an honest isolate");
    assert_eq!(safe("\u{2067}a\n\nb\u{2069}").matches("class=\"bidi\"").count(), 2);
    let html = safe("a\u{202E}b `c\u{2066}d` [e](https://f/\u{202E}g) <b\u{2069}>\n");
    assert_eq!(html.matches("class=\"bidi\"").count(), 3);
    assert!(html.contains("https://f/%E2%80%AEg"));
    assert!(!html.contains(['\u{202E}', '\u{2066}', '\u{2069}']));
}

/// What the blocks of a message are: their HTML, or the text of those that are plain.
fn blocks(source: &str) -> Vec<String> {
    let written = |kind: &BlockKind| match kind {
        BlockKind::Html { html, codes } => with_codes(html, codes),
        BlockKind::Code { text, .. } => format!("code {text}"),
        BlockKind::Plain(text) => format!("plain {text}"),
    };
    Document::parse(source).blocks().iter().map(|block| written(&block.kind)).collect()
}

#[test]
fn block_with_too_many_inline_elements_in_each_other_is_plain() {
    let nested = |depth: usize| "![".repeat(depth) + "a" + &"](x)".repeat(depth);
    assert!(blocks(&nested(32))[0].starts_with("<p>a <span class"));
    let deep = nested(33);
    assert_eq!(
        blocks(&format!("*a*\n\n{deep}\n\n*b*")),
        ["<p><em>a</em></p>", &format!("plain {deep}\n\n"), "<p><em>b</em></p>"]
    );
    let emphasis = "*a **b ".repeat(17) + "c" + &" d** e*".repeat(17);
    assert_eq!(blocks(&emphasis), [format!("plain {emphasis}")]);
}

#[test]
fn lines_that_open_too_many_containers_are_plain_up_to_a_blank_line() {
    let deep = "> ".repeat(33) + "a\nb\n";
    assert_eq!(
        blocks(&format!("- *c*\n{deep}\n*d*")),
        ["<ul><li><em>c</em></li></ul>", &format!("plain {deep}\n"), "<p><em>d</em></p>"]
    );
    assert!(blocks(&("> ".repeat(32) + "a"))[0].starts_with("<blockquote>"));
}

#[test]
fn link_title_of_too_many_lines_is_plain_from_there_on() {
    let title = |lines: usize| format!("[a](https://b 'c{}')", "\n*d*".repeat(lines));
    assert!(blocks(&title(31))[0].starts_with("<p><a href="));
    let cut = blocks(&title(40));
    assert_eq!((cut.len(), cut[1].as_str()), (2, &*format!("plain {}')", ["*d*"; 9].join("\n"))));
}

#[test]
fn code_is_code_whatever_its_lines_begin_with() {
    let deep = ">".repeat(40);
    let source = format!("a\n\n```\n{deep}\n\n{deep}\n```\n\n*b*\n\n```\n{deep}");
    let code = format!("code {deep}\n\n{deep}\n");
    assert_eq!(blocks(&source), ["<p>a</p>", &code, "<p><em>b</em></p>", &format!("code {deep}")]);
}

#[test]
fn text_that_is_cut_too_often_is_plain_to_its_end() {
    let cut = ">".repeat(40) + "\n\n*a*\n\n";
    let all = blocks(&cut.repeat(100));
    assert_eq!(all.len(), 2 * 31 + 1);
    assert_eq!(all[62], format!("plain {}", cut.repeat(69)));
}

#[test]
fn deep_nesting_is_survived() {
    for source in
        [">".repeat(5000), "- ".repeat(2000), "[".repeat(5000), "*a ".repeat(5000), "![".repeat(5000)]
    {
        assert!(!html(&source).contains("<script"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    // The address has its slash: the sanitizer drops a link whose host is none, where we leave that to the browser.
    #[test]
    fn nothing_unsafe_is_ever_written(fragments in prop::collection::vec(prop::sample::select(vec![
        "<script>", "</script>", "<img src=x onerror=y>", "<a href='javascript:x'>", "<!--", "-->", "<", ">", "\"", "'",
        "&", "&lt;", "&quot;", "&#10;", "[", "]", "](", ")", "![", "javascript:", "data:", "https://a.b/", "mailto:a",
        "\n", "\n\n", "\t", " ", "    ", "\\", "*", "**", "~~", "`", "```\n", "$", "$$", "|", "| a |\n|---|\n", "- ",
        "- [x] ", "1. ", "> ", "# ", "a", "é", "\u{202E}", "\u{2067}", "\u{2069}", "（", "。", "漢", "https://a.b/_c_", "\\(", "\\)",
        "\\[", "\\]", "> [!NOTE]\n", "[^1]", "[^1]: ", "<br>", "a/b.rs:3", "```a\"b\n", "[x]: ", "[x]", " onclick=x ", "<p>", "</p>", "<li>", "<td>",
    ]), 0..20)) {
        safe(&fragments.concat());
    }
}

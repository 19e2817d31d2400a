//! Each kind of markup has its HTML.

use super::{BlockKind, Document, NestedCode, blocks, safe};

#[test]
fn link_has_its_address_as_title() {
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
fn image_is_a_link() {
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
fn headings_start_at_level_three() {
    assert_eq!(
        safe("# a\n## b\n### c\n#### d\n##### e\n###### f\n"),
        "<h3>a</h3><h4>b</h4><h5>c</h5><h6>d</h6><h6>e</h6><h6>f</h6>"
    );
}

#[test]
fn inline_elements() {
    assert_eq!(
        safe("*a* **b** ~~c~~ `d < e`"),
        "<p><em>a</em> <strong>b</strong> <del>c</del> <code dir=\"ltr\" translate=\"no\">d &lt; e</code></p>"
    );
    assert_eq!(safe("a  \nb\\\nc\nd"), "<p>a<br>b<br>c\nd</p>");
    assert_eq!(safe("a[^1] H~2~O"), "<p>a<sup>1</sup> H~2~O</p>");
    assert_eq!(safe("---\n"), "<hr>");
}

/// Returns the HTML of a formula.
fn formula(source: &str) -> String {
    format!("<code class=\"math\" dir=\"ltr\" translate=\"no\">{source}</code>")
}

/// Returns the HTML of a link whose text is its address.
fn link(address: &str) -> String {
    let attributes = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
    format!("<a href=\"{address}\" {attributes}>{address}</a>")
}

#[test]
fn math_is_not_parsed_as_markdown() {
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
fn prices_and_shell_variables_are_not_math() {
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
fn emphasis_works_beside_cjk_punctuation() {
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
fn file_place_has_path_and_line_and_is_not_a_link() {
    let place = "<span data-path=\"src/main.rs\" data-line=\"42\">src/main.rs:42:7</span>";
    assert_eq!(safe("see src/main.rs:42:7."), format!("<p>see {place}.</p>"));
    assert_eq!(
        safe("`a/b.py:3`"),
        "<p><code dir=\"ltr\" translate=\"no\" data-path=\"a/b.py\" data-line=\"3\">a/b.py:3</code></p>"
    );
    assert_eq!(safe("at 12:30 on localhost:3000"), "<p>at 12:30 on localhost:3000</p>");
}

#[test]
fn br_tag_is_a_line_break() {
    let table = safe("|a|\n|-|\n|b<br>c<BR/>d<br />e|\n");
    assert!(table.contains("<td>b<br>c<br>d<br>e</td>"), "{table}");
    assert_eq!(safe("a<br>b"), "<p>a<br>b</p>");
    assert!(safe("a<br class=x>b").contains("&lt;br"));
}

#[test]
fn alert_has_a_title() {
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
fn footnote_label_does_not_depend_on_its_definition() {
    let source = "a[^1] b[^note]\n\n[^1]: First.\n[^note]: Second *one*.\n\n    More.\n\nc";
    let html = "<p>a<sup>1</sup> b<sup>note</sup></p><div class=\"footnote\"><sup>1</sup><p>First.</p></div>\
        <div class=\"footnote\"><sup>note</sup><p>Second <em>one</em>.</p><p>More.</p></div><p>c</p>";
    assert_eq!(safe(source), html);
    assert_eq!(safe("a[^1] b[^note]"), html[..html.find("<div").unwrap()]);
}

#[test]
fn nested_code_has_its_language() {
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

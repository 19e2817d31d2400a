use super::*;
use crate::markdown::{
    AlertLabels,
    highlight::{HighlightCache, KnownRuns, block_key},
};

const LABELS: MarkdownLabels = MarkdownLabels {
    copy: "Copy it",
    copied: "Copied",
    plain: "Plain",
    alerts: AlertLabels {
        note: "Note",
        tip: "Tip",
        important: "Important",
        warning: "Warning",
        caution: "Caution",
    },
};

/// Renders a message on the server. The comments that hydration needs are left out.
pub(in crate::markdown) fn render(text: &str, finished: bool) -> String {
    let text = text.to_owned();
    let html = Owner::new().with(|| {
        let text = MarkdownText::new(move |lend| lend(&text, finished));
        view! { <MarkdownView text labels=LABELS/> }.to_html()
    });
    html.replace("<!>", "").replace("<!---->", "")
}

/// Renders a finished message with runs that are known to the server.
pub(in crate::markdown) fn render_with(known: KnownRuns, text: &str) -> String {
    let text = MarkdownText::from(text.to_owned());
    Owner::new().with(|| {
        HighlightCache::provide(known);
        view! { <MarkdownView text labels=LABELS/> }.to_html()
    })
}

#[test]
fn each_kind_of_block_is_rendered_on_the_server() {
    assert_eq!(
        render("# a\n\n*b*\n\n```rust\nfn c<T>() {}\n```\n", true),
        "<div class=\"prose\"><div class=\"block\" dir=\"auto\"><h3>a</h3></div><div class=\"block\" dir=\"auto\"><p><em>b</em></p></div>\
         <figure class=\"code\"><figcaption><span class=\"lang\">rust</span>\
         <button type=\"button\" class=\"copy\" aria-label=\"Copy it\">Copy it</button></figcaption>\
         <pre translate=\"no\" tabindex=\"0\"><code translate=\"no\"><span>fn c&lt;T&gt;() {}\n</span></code></pre></figure></div>"
    );
    assert_eq!(render("", false), "<div class=\"prose\"></div>");
}

#[test]
fn open_blocks_are_rendered_on_the_server() {
    let html = render("a\n\n- b\n- c", false);
    assert!(
        html.ends_with("<div class=\"block\" dir=\"auto\"><ul><li>b</li><li>c</li></ul></div></div>"),
        "{html}"
    );
    let html = render("```c\nint a;\n``", false);
    assert!(html.contains("<span>int a;\n</span>"), "the start of a closing line is held back: {html}");
    let html = render("```c\nint a;\n``", true);
    assert!(html.contains("<span>int a;\n``</span>"), "{html}");
}

#[test]
fn hidden_characters_of_code_are_marked() {
    let html = render("```a\u{202E}<b>\nif \u{2066}c\n```\n", true);
    assert!(
        html.contains("<span class=\"lang\">a<span class=\"bidi\">U+202E</span>&lt;b&gt;</span>"),
        "{html}"
    );
    assert!(html.contains("if <span class=\"bidi\">U+2066</span>c"), "{html}");
}

#[test]
fn code_with_known_runs_is_highlighted_on_the_server() {
    let known = |code: &str, runs: &str| (block_key("rust", code), runs.to_owned());
    let html = |text: &str| render_with(vec![known("fn a\n", "k2_1f1"), known("\u{202E}<\n", "")], text);
    let highlighted = html("```rust\nfn a\n```\n");
    assert!(
        highlighted.contains(
            "<code translate=\"no\" data-coloured><span><span class=\"hl-k\">fn</span> <span class=\"hl-f\">a</span>\n</span>"
        ),
        "{highlighted}"
    );
    let without_runs = html("```rust\n\u{202E}<\n```\n");
    assert!(
        without_runs
            .contains("<code translate=\"no\" data-coloured><span><span class=\"bidi\">U+202E</span>&lt;\n"),
        "{without_runs}"
    );
    let unknown = html("```rust\nfn b\n```\n");
    assert!(unknown.contains("<code translate=\"no\"><span>fn b\n</span>"), "{unknown}");
}

#[test]
fn code_in_list_is_drawn_as_any_other_code() {
    let html = render_with(
        vec![(block_key("rust", "fn a\n"), "k2_1f1".to_owned())],
        "- b\n  ```rust\n  fn a\n  ```\n",
    );
    let figure = "<figure class=\"code\" dir=\"ltr\"><figcaption><span class=\"lang\">rust</span>\
        <button type=\"button\" class=\"copy\" aria-label=\"Copy it\">Copy it</button></figcaption>\
        <pre tabindex=\"0\"><code translate=\"no\"><span class=\"hl-k\">fn</span> <span class=\"hl-f\">a</span>\n\
        </code></pre></figure>";
    assert!(html.contains(&format!("<ul><li>b{figure}</li></ul>")), "{html}");
    assert!(html.contains("<div class=\"block\" dir=\"auto\" data-coloured>"), "{html}");
}

#[test]
fn alert_has_title_in_language_of_page() {
    let html = render("> [!CAUTION]\n> a\n", true);
    assert!(html.contains("<p class=\"alert-title\">Caution</p><p>a</p>"), "{html}");
}

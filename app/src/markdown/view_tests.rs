use super::*;

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

/// The server's HTML, without the comments that hydration counts on.
fn rendered(text: &str, finished: bool) -> String {
    let text = text.to_owned();
    let html = Owner::new().with(|| {
        let text = MarkdownText::new(move |lend| lend(&text, finished));
        markdown_view(text, LABELS).to_html()
    });
    html.replace("<!>", "").replace("<!---->", "")
}

#[test]
fn the_server_draws_every_block() {
    assert_eq!(
        rendered("# a\n\n*b*\n\n```rust\nfn c<T>() {}\n```\n", true),
        "<div class=\"prose\"><div class=\"block\" dir=\"auto\"><h3>a</h3></div><div class=\"block\" dir=\"auto\"><p><em>b</em></p></div>\
         <figure class=\"code\"><figcaption><span class=\"lang\">rust</span>\
         <button type=\"button\" class=\"copy\" aria-label=\"Copy it\">Copy it</button></figcaption>\
         <pre translate=\"no\" tabindex=\"0\"><code translate=\"no\"><span>fn c&lt;T&gt;() {}\n</span></code></pre></figure></div>"
    );
    assert_eq!(rendered("", false), "<div class=\"prose\"></div>");
}

#[test]
fn the_server_draws_what_is_still_open() {
    let html = rendered("a\n\n- b\n- c", false);
    assert!(
        html.ends_with("<div class=\"block\" dir=\"auto\"><ul><li>b</li><li>c</li></ul></div></div>"),
        "{html}"
    );
    let html = rendered("```c\nint a;\n``", false);
    assert!(html.contains("<span>int a;\n</span>"), "the start of a closing line is held back: {html}");
    let html = rendered("```c\nint a;\n``", true);
    assert!(html.contains("<span>int a;\n``</span>"), "{html}");
}

#[test]
fn what_code_hides_is_shown() {
    let html = rendered("```a\u{202E}<b>\nif \u{2066}c\n```\n", true);
    assert!(
        html.contains("<span class=\"lang\">a<span class=\"bidi\">U+202E</span>&lt;b&gt;</span>"),
        "{html}"
    );
    assert!(html.contains("if <span class=\"bidi\">U+2066</span>c"), "{html}");
}

#[test]
fn the_server_draws_the_colours_that_are_known() {
    let owner = Owner::new();
    owner.set();
    let known = |code: &str, runs: &str| (key("rust", code), runs.to_owned());
    HighlightCache::provide(vec![known("fn a\n", "k2_1f1"), known("\u{202E}<\n", "")]);
    let html = |text: &str| markdown_view(text.to_owned().into(), LABELS).to_html();
    let coloured = html("```rust\nfn a\n```\n");
    assert!(
        coloured.contains(
            "<code translate=\"no\" data-coloured><span><span class=\"hl-k\">fn</span> <span class=\"hl-f\">a</span>\n</span>"
        ),
        "{coloured}"
    );
    let none = html("```rust\n\u{202E}<\n```\n");
    assert!(
        none.contains("<code translate=\"no\" data-coloured><span><span class=\"bidi\">U+202E</span>&lt;\n"),
        "{none}"
    );
    let open = html("```rust\nfn b\n```\n");
    assert!(open.contains("<code translate=\"no\"><span>fn b\n</span>"), "{open}");
}

#[test]
fn code_in_a_list_is_drawn_like_any_other() {
    let owner = Owner::new();
    owner.set();
    HighlightCache::provide(vec![(key("rust", "fn a\n"), "k2_1f1".to_owned())]);
    let html = markdown_view("- b\n  ```rust\n  fn a\n  ```\n".to_owned().into(), LABELS).to_html();
    let figure = "<figure class=\"code\" dir=\"ltr\"><figcaption><span class=\"lang\">rust</span>\
        <button type=\"button\" class=\"copy\" aria-label=\"Copy it\">Copy it</button></figcaption>\
        <pre tabindex=\"0\"><code translate=\"no\"><span class=\"hl-k\">fn</span> <span class=\"hl-f\">a</span>\n\
        </code></pre></figure>";
    assert!(html.contains(&format!("<ul><li>b{figure}</li></ul>")), "{html}");
    assert!(html.contains("<div class=\"block\" dir=\"auto\" data-coloured>"), "{html}");
}

#[test]
fn alert_has_its_title_in_the_language_of_the_page() {
    let html = rendered("> [!CAUTION]\n> a\n", true);
    assert!(html.contains("<p class=\"alert-title\">Caution</p><p>a</p>"), "{html}");
}

#[test]
fn colours_go_on_from_chunk_to_chunk() {
    let owner = Owner::new();
    owner.set();
    let code = "x\n".repeat(CHUNK_LINES + 1);
    HighlightCache::provide(vec![(key("rust", &code), format!("c{}", code.len()))]);
    let html = markdown_view(format!("```rust\n{code}```\n").into(), LABELS).to_html();
    assert!(html.contains("x\n</span></span><span><span class=\"hl-c\">x\n</span></span>"), "{html}");
}

#[test]
fn long_code_is_drawn_in_chunks() {
    let code: String = (0..450).flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
    let html = rendered(&format!("```\n{code}```\n"), true);
    assert_eq!(html.matches("<span>").count(), 3);
    assert!(html.contains("199\n</span><span>200\n"), "{html}");
    assert_eq!(html.matches("399\n</span><span>400\n").count(), 1);
}

#[test]
fn chunks_are_full_after_lines_or_bytes() {
    assert_eq!(full_chunk(&"a\n".repeat(CHUNK_LINES - 1)), None);
    assert_eq!(full_chunk(&"a\n".repeat(CHUNK_LINES)), Some(2 * CHUNK_LINES));
    assert_eq!(full_chunk(&"é".repeat(CHUNK_BYTES / 2)), None);
    assert_eq!(full_chunk(&format!("a{}", "é".repeat(CHUNK_BYTES))), Some(CHUNK_BYTES - 1));
    let code = format!("{}\n", "x".repeat(70)).repeat(1000);
    let mut at_once = vec![0];
    extend_chunks(&mut at_once, &code);
    let mut grown = vec![0];
    for end in (0..=code.len()).step_by(97).chain([code.len()]) {
        extend_chunks(&mut grown, &code[..end]);
    }
    assert_eq!(grown, at_once);
    assert_eq!(at_once.len(), 6);
}

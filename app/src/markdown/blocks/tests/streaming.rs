//! Documents of messages that stream.

use super::{BlockKind, Document, content, stream, streamed, whole};

#[test]
fn paragraph_is_open_until_blank_line_or_next_block() {
    let mut document = Document::default();
    for (text, frozen) in [("a", 0), ("a\n", 0), ("a\n#", 0), ("a\n#b\n", 0), ("a\n#b\n\n", 1)] {
        document.update(text, false);
        assert_eq!(document.frozen(), frozen, "{text:?}");
    }
    let mut document = Document::default();
    for (text, frozen) in [("a\n- ", 0), ("a\n- b", 0), ("a\n- b\n", 1)] {
        document.update(text, false);
        assert_eq!(document.frozen(), frozen, "{text:?}");
    }
}

#[test]
fn open_fence_only_grows_and_keeps_its_key() {
    let text = "a\n\n```c\nint\n``\n `\n```` \nb";
    let mut document = Document::default();
    let mut before: Option<(u32, String)> = None;
    for cut in "a\n\n```c\n".len()..text.find("\nb").map_or(0, |at| at + 1) {
        document.update(&text[..cut], false);
        let block = &document.blocks()[1];
        let BlockKind::Code { text, closed: false, .. } = &block.kind else { panic!("{block:?}") };
        if let Some((key, code)) = &before {
            assert_eq!(*key, block.key);
            assert!(text.starts_with(code.as_str()));
        }
        before = Some((block.key, text.clone()));
    }
    document.update(&text[..text.len() - 1], false);
    assert_eq!(document.frozen(), 2);
    assert_eq!(
        document.blocks()[1].kind,
        BlockKind::Code { lang: "c".into(), text: "int\n``\n `\n".into(), closed: true }
    );
}

#[test]
fn long_lines_are_streamed() {
    let line = "word ".repeat(50_000);
    let text = format!("{line}\n\n```\n{line}\n```\n");
    let document = stream(&text, (0..text.len()).step_by(1000));
    assert_eq!(content(&document), whole(&text));
    assert_eq!(document.blocks().len(), 2);
}

#[test]
fn finished_text_that_differs_keeps_keys_of_equal_blocks() {
    let mut document = Document::default();
    document.update("a\n\nb\n\nc\n\nd", false);
    let keys: Vec<_> = document.blocks().iter().map(|block| block.key).collect();
    assert_eq!(document.update("a\n\nb\n\nC\n\nd", true), 2);
    assert_eq!(content(&document), ["<p>a</p>", "<p>b</p>", "<p>C</p>", "<p>d</p>"]);
    let now: Vec<_> = document.blocks().iter().map(|block| block.key).collect();
    assert_eq!(now[..2], keys[..2]);
    assert!(!keys.contains(&now[2]));
    assert_eq!(now[3], keys[3], "an equal block is not drawn again");
    // An equal text changes nothing. A shorter text is parsed again.
    assert_eq!(document.update("a\n\nb\n\nC\n\nd", true), 4);
    assert_eq!(document.update("a", false), 1);
    assert_eq!(content(&document), ["<p>a</p>"]);
    assert_eq!(document.frozen(), 0);
}

#[test]
fn references_become_links_when_message_is_finished() {
    for text in ["[x]: https://a.b\n\n[x] a\n\n[x]", "[x] a\n\n[y][x] and ![x][]\n\n[x]: https://a.b\n"] {
        let live = stream(text, 0..text.len());
        assert_eq!(content(&live), whole(text));
        assert!(content(&live)[0].contains("href=\"https://a.b\""), "{:?}", content(&live));
    }
    let mut document = Document::default();
    for end in ["See [1].\n\n[1]: ht", "See [1] and [a][1].\n\n[1]: https://a.b\n"] {
        document = Document::default();
        document.update(end, false);
        assert!(
            !content(&document)[0].contains("<a") && !content(&document)[0].contains("(ht)"),
            "{document:?}"
        );
    }
    assert_eq!(content(&document), ["<p>See [1] and [a][1].</p>"]);
}

#[test]
fn first_marks_of_a_line_do_not_change_the_block_before() {
    for text in [
        "Text\n-",
        "Text\n=",
        "a | b\n-",
        "- a\n  =",
        "> a\n> -",
        "Text\n- ",
        "a | b\n-|",
        "Text\n#",
        "Text\n1.",
    ] {
        let mut document = Document::default();
        document.update(text, false);
        let drawn = content(&document).concat();
        assert!(!["<h", "<table", "</li><li>"].iter().any(|tag| drawn.contains(tag)), "{text:?}: {drawn}");
    }
    assert_eq!(streamed("Text\n-"), ["<h4>Text</h4>"]);
    assert_eq!(streamed("Text\n- a").len(), 2);
}

#[test]
fn open_math_does_not_flicker() {
    for (text, start) in [
        ("a \\(b_c + d_e\\) f", 4),
        ("\\[\na_b\n- c\n= d\n\\]\n", 2),
        ("$$\na_b\n\\]\n$$\n", 2),
        ("$a_b + c_d$", 2),
    ] {
        let mut document = Document::default();
        for end in start..=text.len() {
            document.update(&text[..end], false);
            let drawn = content(&document).concat();
            assert!(drawn.contains("class=\"math\""), "{:?}: {drawn}", &text[..end]);
            assert!(
                !["<em", "<ul", "<h4"].iter().any(|tag| drawn.contains(tag)),
                "{:?}: {drawn}",
                &text[..end]
            );
        }
        streamed(text);
    }
}

/// Examples that the parser alone misreads.
#[test]
fn streamed_examples_equal_finished_ones() {
    for text in [
        "**注意：**正文",
        "含**「重点」**内容",
        "**$5** or **$10**",
        "[$5](https://a.example) and [$10](https://b.example)",
        "$5 off, then 100$",
        "\\(a_b + c_d\\) and \\[\ne_f\n- g\n\\]\n\nh",
        "见（https://a.example/b）。**https://c.example/d** (https://e.example/f).",
        "| a |\n|---|\n| b<br>c |\n\nd",
        "> [!NOTE]\n> a\n\nb",
        "a[^1]\n\n[^1]: b\n    c\n\nd[^1]",
        "- a\n  ```rust\n  fn b() {}\n  ```\n- c\n\nd",
        "src/main.rs:42 and `a.rs:3`",
        "See [1].\n\nText\n\n[1]: https://a.example\n\n[1] again\n",
    ] {
        streamed(text);
    }
}

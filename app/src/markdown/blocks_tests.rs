use proptest::prelude::*;

use super::*;

/// What is drawn, one string per block: `lang|code` for code.
fn drawn(document: &Document) -> Vec<String> {
    document
        .blocks()
        .iter()
        .map(|block| match &block.kind {
            BlockKind::Html { html, codes } => {
                let codes = codes.iter().map(|code| format!("{}|{}", code.lang, code.text));
                [html.clone()].into_iter().chain(codes).collect()
            }
            BlockKind::Code { lang, text, .. } => format!("{lang}|{text}"),
            BlockKind::Plain(text) => format!("plain|{text}"),
        })
        .collect()
}

fn whole(text: &str) -> Vec<String> {
    drawn(&Document::parse(text))
}

/// Feeds every prefix of `text` that ends at one of `cuts`, then the finished text, and checks on the way what must
/// hold for every text.
fn stream(text: &str, cuts: impl IntoIterator<Item = usize>) -> Document {
    let mut document = Document::default();
    let cuts = cuts.into_iter().map(|cut| (cut, false)).chain([(text.len(), true)]);
    for (cut, finished) in cuts {
        let mut frozen = document.blocks()[..document.frozen()].to_vec();
        let open = document.blocks()[document.frozen()..].to_vec();
        let first_changed = document.update(&text[..cut], finished);
        // Definitions make references of what was text, once the message is whole.
        if finished && document.has_definitions {
            frozen.truncate(first_changed);
        }
        assert!(first_changed >= frozen.len());
        assert!(document.frozen() >= frozen.len());
        let shown = |blocks: &[Block]| -> Vec<_> {
            blocks.iter().map(|block| (block.key, block.kind.clone())).collect()
        };
        assert_eq!(shown(&frozen), shown(&document.blocks()[..frozen.len()]), "{text:?} cut at {cut}");
        let is_whole_again = finished && document.has_definitions;
        for (old, new) in open.iter().zip(&document.blocks()[frozen.len()..]).filter(|_| !is_whole_again) {
            assert!(old.key != new.key || old.kind.continues_as(&new.kind), "{text:?} cut at {cut}");
        }
        let mut end = 0;
        for block in document.blocks() {
            assert_eq!(block.source.start, end, "{text:?} cut at {cut}");
            end = block.source.end;
        }
        assert!(
            end <= cut
                && (end == cut
                    || text[end..cut].trim().is_empty()
                    || text.contains("]:")
                    || text[end..cut][..telling_len(&text[end..cut])].trim().is_empty()
                    || cut - document.tail > MAX_EAGER_TAIL)
        );
    }
    assert_eq!(document.frozen(), document.blocks().len());
    let mut keys: Vec<_> = document.blocks().iter().map(|block| block.key).collect();
    keys.dedup();
    assert_eq!(keys.len(), document.blocks().len());
    document
}

/// Streams `text` byte by byte and expects what the whole parse gives.
#[track_caller]
fn same_live(text: &str) -> Vec<String> {
    let cuts = (0..text.len()).filter(|&cut| text.is_char_boundary(cut));
    let live = drawn(&stream(text, cuts));
    assert_eq!(live, whole(text), "{text:?}");
    live
}

/// Texts that mean something to the parser more often than not.
fn markdown() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "\n",
        "\n",
        "\n",
        "\n\n",
        "\r\n",
        " ",
        "  ",
        "    ",
        "\t",
        "a",
        "b c",
        "é",
        "漢",
        "\\",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "``",
        "```",
        "```\n",
        "```rust\n",
        "~~~",
        "~~~\n",
        "````",
        "- ",
        "-",
        "* ",
        "+ ",
        "1. ",
        "2) ",
        "10. ",
        "- [ ] ",
        "- [x] ",
        "> ",
        ">",
        "# ",
        "#",
        "## ",
        "###### ",
        "---",
        "---\n",
        "===",
        "=",
        "***\n",
        "| a | b |\n",
        "|---|:-:|\n",
        "|-|\n",
        "|a|\n",
        "|",
        "<div>",
        "</div>",
        "<!--",
        "-->",
        "<b>",
        "<script>",
        "</script>",
        "<a\n",
        "<?",
        "?>",
        "[x](https://a.b)",
        "[x](rel)",
        "![i](http://c)",
        "<http://d>",
        "[",
        "]",
        "(",
        ")",
        "[x]",
        "[x]: /u\n",
        "$",
        "$$",
        "$x$",
        "&amp;",
        "&#10;",
        "\u{202E}",
        "\0",
        "!",
        "（",
        "。",
        "「重点」",
        "https://a.b/_c",
        "$5",
        "a_b",
        "\\(",
        "\\)",
        "\\[",
        "\\[\n",
        "\\]",
        "$$\n",
        "> [!NOTE]\n",
        "[^1]",
        "[^1]: ",
        "[x]: https://u.v\n",
        "<br>",
        "src/a.rs:3",
    ]);
    prop::collection::vec(fragment, 0..24).prop_map(|fragments| fragments.concat())
}

fn markdown_and_cuts() -> impl Strategy<Value = (String, Vec<usize>)> {
    markdown().prop_flat_map(|text| {
        let cuts = prop::collection::vec(0..=text.len(), 0..12);
        (Just(text), cuts).prop_map(|(text, mut cuts)| {
            cuts.retain(|&cut| text.is_char_boundary(cut));
            cuts.sort_unstable();
            (text, cuts)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn live_is_whole_for_any_cuts((text, cuts) in markdown_and_cuts()) {
        let live = stream(&text, cuts);
        prop_assert_eq!(drawn(&live), whole(&text));
    }

    #[test]
    fn live_is_whole_byte_by_byte(text in markdown()) {
        let live = stream(&text, (0..text.len()).filter(|&cut| text.is_char_boundary(cut)));
        prop_assert_eq!(drawn(&live), whole(&text));
    }

    #[test]
    fn an_authoritative_text_wins((text, cuts) in markdown_and_cuts(), other in markdown()) {
        let mut document = Document::default();
        for cut in cuts {
            document.update(&text[..cut], false);
        }
        document.update(&other, true);
        prop_assert_eq!(drawn(&document), whole(&other));
    }

    /// A page that is loaded while a message streams shows what one that was there before does.
    #[test]
    fn live_is_what_a_page_loaded_now_shows((text, cuts) in markdown_and_cuts()) {
        let mut live = Document::default();
        for cut in cuts {
            live.update(&text[..cut], false);
            let mut loaded = Document::default();
            loaded.update(&text[..cut], false);
            if !text.contains("]:") {
                prop_assert_eq!(drawn(&live), drawn(&loaded), "cut at {}", cut);
            }
        }
    }
}

#[test]
fn paragraphs_and_setext_headings() {
    assert_eq!(same_live("a\nb\n\nc"), ["<p>a\nb</p>", "<p>c</p>"]);
    assert_eq!(same_live("a\nb\n===\nc\n---\n"), ["<h3>a\nb</h3>", "<h4>c</h4>"]);
    assert_eq!(same_live("# a\nb\n## c ##\n#d\n"), ["<h3>a</h3>", "<p>b</p>", "<h4>c</h4>", "<p>#d</p>"]);
}

#[test]
fn a_paragraph_is_open_until_a_blank_line_or_another_block() {
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
fn tables() {
    let table = same_live("| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 |\n\nafter");
    assert_eq!(table.len(), 2);
    assert_eq!(
        table[0],
        "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">a</th>\
         <th scope=\"col\" class=\"align-right\">b</th></tr></thead><tbody>\
         <tr><td>1</td><td class=\"align-right\">2</td></tr>\
         <tr><td>3</td><td class=\"align-right\"></td></tr></tbody></table></div>"
    );
    // A table may interrupt a paragraph, but only its second line tells.
    assert_eq!(same_live("a\n| b |\n|---|\n| c |\n").len(), 2);
    assert_eq!(same_live("a\n| b |\n|---|x\n| c |\n").len(), 1);
}

#[test]
fn lists() {
    assert_eq!(
        same_live("- a\n  - b\n\n    c\n- d\n\ne"),
        ["<ul><li>a<ul><li><p>b</p><p>c</p></li></ul></li><li>d</li></ul>", "<p>e</p>"]
    );
    assert_eq!(same_live("- a\n\n- b\n"), ["<ul><li><p>a</p></li><li><p>b</p></li></ul>"]);
    assert_eq!(same_live("- a\n* b\n").len(), 2);
    assert_eq!(same_live("3. a\n4. b\n"), ["<ol start=\"3\"><li>a</li><li>b</li></ol>"]);
    let mut document = Document::default();
    document.update("- a\n\n\n", false);
    assert_eq!(document.frozen(), 0, "a blank line does not end a list");
}

#[test]
fn tasks() {
    assert_eq!(
        same_live("- [ ] a *b*\n  - [x] c\n"),
        ["<ul><li><label><input type=\"checkbox\" disabled> a <em>b</em></label>\
          <ul><li><label><input type=\"checkbox\" disabled checked> c</label></li></ul></li></ul>"]
    );
    assert_eq!(
        same_live("- [x] a\n\n  b\n"),
        ["<ul><li><p><label><input type=\"checkbox\" disabled checked> a</label></p><p>b</p></li></ul>"]
    );
}

#[test]
fn fences() {
    assert_eq!(
        same_live("```rust,ignore x\nfn a() {}\n\n  b\n```\nc\n"),
        ["rust|fn a() {}\n\n  b\n", "<p>c</p>"]
    );
    assert_eq!(same_live("~~~\n```\n~~\n~~~~\n"), ["|```\n~~\n"]);
    assert_eq!(same_live("```\na\n``\nb"), ["|a\n``\nb"]);
    assert_eq!(same_live("```\na\n``"), ["|a\n``"]);
    assert_eq!(same_live("```\na\n  "), ["|a\n"]);
    assert_eq!(same_live("```\r\na\r\n\r\nb\r\n```\r\nc"), ["|a\n\nb\n", "<p>c</p>"]);
    assert_eq!(same_live("  ```\n   a\n b\n\tc\n   ```\nd"), ["| a\nb\n  c\n", "<p>d</p>"]);
    assert_eq!(same_live("```\na\n    ```\n``` b\n```\t\n"), ["|a\n    ```\n``` b\n```\t\n"]);
    assert_eq!(same_live("````\n```\n````\n```\n"), ["|```\n", "|"]);
    assert_eq!(same_live("a\n```b`\nc").len(), 1, "backticks in the info string: no fence");
    assert_eq!(same_live("- ```\n  a\n  ```\n> ~~~\n> b\n").len(), 2);
    assert_eq!(same_live("    a\n\n      b\n\nc"), ["|a\n\n  b\n", "<p>c</p>"]);
}

#[test]
fn an_open_fence_only_grows_and_keeps_its_key() {
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
fn html_blocks_and_quotes() {
    assert_eq!(same_live("<div>\n*a*\n\nb"), ["<div class=\"raw\">&lt;div&gt;\n*a*\n</div>", "<p>b</p>"]);
    assert_eq!(same_live("<!-- a\n\nb -->\nc").len(), 2);
    assert_eq!(same_live("> a\nb\n> c\n\nd"), ["<blockquote><p>a\nb\nc</p></blockquote>", "<p>d</p>"]);
    assert_eq!(same_live("> a\n\n> b\n").len(), 2);
}

#[test]
fn long_lines() {
    let line = "word ".repeat(50_000);
    let text = format!("{line}\n\n```\n{line}\n```\n");
    let document = stream(&text, (0..text.len()).step_by(1000));
    assert_eq!(drawn(&document), whole(&text));
    assert_eq!(document.blocks().len(), 2);
}

#[test]
fn the_finished_text_may_differ() {
    let mut document = Document::default();
    document.update("a\n\nb\n\nc\n\nd", false);
    let keys: Vec<_> = document.blocks().iter().map(|block| block.key).collect();
    assert_eq!(document.update("a\n\nb\n\nC\n\nd", true), 2);
    assert_eq!(drawn(&document), ["<p>a</p>", "<p>b</p>", "<p>C</p>", "<p>d</p>"]);
    let now: Vec<_> = document.blocks().iter().map(|block| block.key).collect();
    assert_eq!(now[..2], keys[..2]);
    assert!(!keys.contains(&now[2]));
    assert_eq!(now[3], keys[3], "what is the same is not drawn again");
    // The same once more changes nothing; a shorter one is parsed anew.
    assert_eq!(document.update("a\n\nb\n\nC\n\nd", true), 4);
    assert_eq!(document.update("a", false), 1);
    assert_eq!(drawn(&document), ["<p>a</p>"]);
    assert_eq!(document.frozen(), 0);
}

#[test]
fn references_are_links_once_the_message_is_whole() {
    for text in ["[x]: https://a.b\n\n[x] a\n\n[x]", "[x] a\n\n[y][x] and ![x][]\n\n[x]: https://a.b\n"] {
        let live = stream(text, 0..text.len());
        assert_eq!(drawn(&live), whole(text));
        assert!(drawn(&live)[0].contains("href=\"https://a.b\""), "{:?}", drawn(&live));
    }
    let mut document = Document::default();
    for end in ["See [1].\n\n[1]: ht", "See [1] and [a][1].\n\n[1]: https://a.b\n"] {
        document = Document::default();
        document.update(end, false);
        assert!(!drawn(&document)[0].contains("<a") && !drawn(&document)[0].contains("(ht)"), "{document:?}");
    }
    assert_eq!(drawn(&document), ["<p>See [1] and [a][1].</p>"]);
}

#[test]
fn first_marks_of_a_line_draw_no_other_block() {
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
        let drawn = drawn(&document).concat();
        assert!(!["<h", "<table", "</li><li>"].iter().any(|tag| drawn.contains(tag)), "{text:?}: {drawn}");
    }
    assert_eq!(same_live("Text\n-"), ["<h4>Text</h4>"]);
    assert_eq!(same_live("Text\n- a").len(), 2);
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
            let drawn = drawn(&document).concat();
            assert!(drawn.contains("class=\"math\""), "{:?}: {drawn}", &text[..end]);
            assert!(
                !["<em", "<ul", "<h4"].iter().any(|tag| drawn.contains(tag)),
                "{:?}: {drawn}",
                &text[..end]
            );
        }
        same_live(text);
    }
}

/// The examples of what was misread, streamed.
#[test]
fn examples_are_live_what_they_are_after_a_reload() {
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
        same_live(text);
    }
}

/// The work per delta is bounded by what is open, not by what came before: counted in bytes that are parsed.
#[test]
fn frozen_blocks_leave_the_tail() {
    let text = "A paragraph of a few words.\n\n```\nlet a = 1;\n```\n\n".repeat(200);
    let mut document = Document::default();
    for cut in 0..=text.len() {
        document.update(&text[..cut], false);
        assert!(cut - document.tail <= 64, "{} bytes open at {cut}", cut - document.tail);
    }
    let code = "let a = 1;\n".repeat(1000);
    let mut document = Document::default();
    document.update("```\n", false);
    for end in (0..code.len()).step_by(7) {
        document.update(&format!("```\n{}", &code[..end]), false);
        let unread = 4 + end - document.fence.as_ref().map_or(0, Fence::at);
        assert!(unread <= 4, "{unread} bytes are read again");
    }
}

#[test]
fn what_is_far_too_much_is_shown_as_text_also_while_it_grows() {
    let list = "- item\n".repeat(30_000);
    let whole = Document::parse(&format!("Before\n\n{list}"));
    assert_eq!(whole.blocks().len(), 2);
    assert!(matches!(&whole.blocks()[1].kind, BlockKind::Plain(text) if *text == list));

    let mut growing = Document::default();
    growing.update(&list[..700], false);
    assert!(matches!(growing.blocks()[0].kind, BlockKind::Html { .. }));
    for end in [150_000, 180_000, list.len()] {
        growing.update(&list[..end], false);
        let [Block { kind: BlockKind::Plain(text), .. }] = growing.blocks() else {
            panic!("{:?}", growing.blocks().len());
        };
        assert_eq!(text.len(), end);
    }
    let key = growing.blocks()[0].key;
    growing.update(&list, true);
    assert_eq!((growing.blocks()[0].key, growing.blocks().len()), (key, 1));
}

#[test]
fn message_of_too_many_blocks_ends_in_plain_text_also_while_it_grows() {
    let text = "*a*\n\n".repeat(10_000);
    let whole = Document::parse(&text);
    let formatted = MAX_TAGS / (TAGS_AROUND_BLOCK + 4);
    assert_eq!(whole.blocks().len(), formatted + 1);
    assert_eq!(whole.blocks()[formatted].kind, BlockKind::Plain(text[5 * formatted..].to_owned()));
    let growing = stream(&text, (0..text.len()).step_by(5_003));
    assert_eq!(drawn(&growing), drawn(&whole));
}

#[test]
fn long_open_block_is_parsed_in_proportion_to_its_length() {
    const STEP: usize = 4096;
    let text = "word ".repeat(50_000);
    let mut document = Document::default();
    let mut parsed = 0;
    for end in (0..text.len()).step_by(STEP) {
        let before = document.parsed;
        document.update(&text[..end], false);
        if document.parsed != before {
            parsed += end - document.tail;
        }
    }
    let eager = MAX_EAGER_TAIL / STEP * MAX_EAGER_TAIL;
    assert!(parsed <= eager + (LAZY_PARTS + 1) * text.len(), "{parsed} bytes of {}", text.len());
    document.update(&text, true);
    assert_eq!(document.blocks(), Document::parse(&text).blocks());
}

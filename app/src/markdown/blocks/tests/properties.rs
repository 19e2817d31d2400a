//! Properties of all texts, however they are streamed.

use proptest::prelude::*;

use super::{Document, content, stream, whole};

/// Generates texts that are mostly markup.
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
    fn text_streamed_in_any_pieces_is_finished_text((text, cuts) in markdown_and_cuts()) {
        let live = stream(&text, cuts);
        prop_assert_eq!(content(&live), whole(&text));
    }

    #[test]
    fn text_streamed_by_character_is_finished_text(text in markdown()) {
        let live = stream(&text, (0..text.len()).filter(|&cut| text.is_char_boundary(cut)));
        prop_assert_eq!(content(&live), whole(&text));
    }

    #[test]
    fn finished_text_replaces_streamed_text((text, cuts) in markdown_and_cuts(), other in markdown()) {
        let mut document = Document::default();
        for cut in cuts {
            document.update(&text[..cut], false);
        }
        document.update(&other, true);
        prop_assert_eq!(content(&document), whole(&other));
    }

    /// A page that is loaded while a message streams shows the same as one that was loaded before.
    #[test]
    fn growing_document_equals_new_document((text, cuts) in markdown_and_cuts()) {
        let mut live = Document::default();
        for cut in cuts {
            live.update(&text[..cut], false);
            let mut loaded = Document::default();
            loaded.update(&text[..cut], false);
            if !text.contains("]:") {
                prop_assert_eq!(content(&live), content(&loaded), "cut at {}", cut);
            }
        }
    }
}

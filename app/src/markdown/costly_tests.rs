use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::*;

/// Returns the maximum nesting of containers, according to the parser.
fn depth(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for event in
        Parser::new_ext(source, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_GFM)
    {
        match event {
            Event::Start(Tag::Item | Tag::BlockQuote(_) | Tag::FootnoteDefinition(_)) => depth += 1,
            Event::End(TagEnd::Item | TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition) => depth -= 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Returns the start of the first costly line, with the given limit of containers.
fn first_deep_line(source: &str, containers: usize) -> Option<usize> {
    Scan::new(source, Limits { containers, ..Limits::default() }).next_costly_line()
}

#[test]
fn markers_and_indentation_of_a_line_are_counted() {
    let prefix = |line: &str| {
        let Prefix { markers, columns, .. } = Prefix::of(line.as_bytes());
        (markers, columns)
    };
    assert_eq!(prefix("> > - 1. a - b > c"), (4, 4));
    assert_eq!(prefix(">>>a"), (3, 0));
    assert_eq!(prefix("\t  -\t+"), (2, 10));
    assert_eq!(prefix("> [^a]: - [^b]:c"), (4, 3));
    for text in ["-a", "1.a", "1234567890. a", "a. b", "-- a", "#", "2. > - - - -", "* * *"] {
        let markers = if text.starts_with('2') { 2 } else { 0 };
        assert_eq!(prefix(text).0, markers, "{text}");
    }
}

#[test]
fn deep_line_is_found_for_each_way_of_nesting() {
    let indented: String = (0..5).flat_map(|depth| ["  ".repeat(depth), "- a\n".to_owned()]).collect();
    let lazy = format!("{}lazy\n{}- b\n", &indented[..28], "        ");
    for (source, line) in [
        (">>>>>", 0),
        ("- - - - - a", 0),
        ("a\n\n> 1) > - * b", 3),
        (indented.as_str(), 28),
        (lazy.as_str(), 33),
        ("- - a\n\n    - - b\n\n        - c", 18),
    ] {
        assert_eq!(first_deep_line(source, 4), Some(line), "{source:?}");
        assert!(depth(source) > 4, "{source:?}");
        assert_eq!(first_deep_line(source, 5), None, "{source:?}");
    }
}

#[test]
fn ordinary_text_is_not_costly() {
    let code =
        "a\n".to_owned() + &" ".repeat(200) + "deeply indented\n\n" + &" ".repeat(200) + "- so is this";
    for source in [
        "- a\n  - b\n    - c\n- d\n\n  e\n\n> f\n> > g\nh\n",
        "* * * * * * * * * * *\n- - - - - - - - - -\n",
        &code,
    ] {
        assert_eq!(first_deep_line(source, 3), None, "{source:?}");
    }
}

#[test]
fn cells_of_a_row_are_counted() {
    for (row, count) in
        [("|a|b|", 2), ("a|b", 2), ("> | a |", 1), ("a", 1), ("|a\\|b|", 1), ("|||", 2), ("", 1)]
    {
        assert_eq!(min_cells(row), count, "{row}");
    }
}

#[test]
fn missing_cells_of_all_tables_are_counted_together() {
    let table = format!("{}|\n{}|\n{}\n", "|a".repeat(100), "|-".repeat(100), "a\n".repeat(10));
    let first = |count: usize| {
        let source = table.repeat(count);
        Scan::new(&source, Limits { missing_cells: 5000, ..Limits::default() }).next_costly_line()
    };
    assert_eq!(first(5), None);
    assert_eq!(first(6), Some(5 * table.len() + 404));
    let whole = "|a|b|c|\n|-|-|-|\n|1|2|3|\n".repeat(1000);
    assert_eq!(Scan::new(&whole, Limits { missing_cells: 0, ..Limits::default() }).next_costly_line(), None);
}

#[test]
fn plain_text_ends_at_a_blank_line() {
    assert_eq!(end_of_text("a\nb\n \nc", 0), (4, 6));
    assert_eq!(end_of_text("a\r\n\r\nb", 0), (3, 5));
    assert_eq!(end_of_text("a\nb", 2), (3, 3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    /// The limits are low, so that many texts reach them.
    #[test]
    fn parser_never_nests_deeper_than_the_limit(fragments in prop::collection::vec(prop::sample::select(vec![
        "> ", ">", "- ", "* ", "+\t", "-\n", "*\n", "1. ", "2) ", "10. ", "\n", "\n\n", "\r\n", "\r", " ", "  ", "    ",
        "\t", "        ", "a", "a\n", "b\n\n", "```\n", "- - -\n", "***\n", "# ", "---\n", "===\n", "<div>\n", "<!--\n",
        "-->\n", "|a|b|\n|-|-|\n", "[a]: b\n", "\u{b}", "\u{c}", "\\", "- [ ] ", "é", "[^a]: ", "[^b]:", "> [!NOTE]\n",
    ]), 0..24)) {
        let source = fragments.concat();
        for max in [1, 2, 4] {
            let end = first_deep_line(&source, max).unwrap_or(source.len());
            prop_assert!(depth(&source[..end]) <= max, "{:?} at {max}: {end}", source);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    /// The number of cells is bounded by the separators, the lines and the missing cells.
    #[test]
    fn parser_never_adds_more_cells_than_the_limit(fragments in prop::collection::vec(prop::sample::select(vec![
        "|a|b|c|d|e|\n|-|-|-|-|-|\n", "a|b|c\n-|-|-\n", "> |a|b|c|\n> |-|-|-|\n> ", "|a|\n", "a\n", "b|c\n", "|", "\\|",
        "`|`\n", "\n", "- ", "> ", "  ", "# a\n", "|-|-|\n", ":-:|", "\t", "\r\n",
    ]), 0..40)) {
        let source = fragments.concat();
        for missing_cells in [0, 4, 16] {
            let limits = Limits { missing_cells, ..Limits::default() };
            let end = Scan::new(&source, limits).next_costly_line().unwrap_or(source.len());
            let is_cell = |event: &Event<'_>| matches!(event, Event::Start(Tag::TableCell));
            let cells = Parser::new_ext(&source[..end], Options::ENABLE_TABLES).filter(is_cell).count();
            let written = source[..end].bytes().filter(|byte| matches!(byte, b'|' | b'\n')).count() + 1;
            prop_assert!(cells <= written + missing_cells, "{:?}: {} cells, {} at most", &source[..end], cells, written);
        }
    }
}

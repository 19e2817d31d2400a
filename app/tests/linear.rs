//! The cost of rendering a message is linear in its length.
//!
//! Asserted are counts, not times: how many bytes are allocated while a message is parsed and written, how much HTML comes
//! of it, and how deeply its elements nest. Work that allocates nothing is not counted. The parser has such work that
//! grows faster than the text: open containers at every line, and titles of many lines. `markdown/costly_tests.rs` and
//! `markdown/titles.rs` assert that it never meets more of it than is bounded; the former compares the bound on
//! containers with the parser's own events. That nothing else is left was measured by hand with version 0.13.6 of the
//! parser, for these patterns and for random ones.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use codex_gateway_app::markdown::blocks::{BlockKind, Document};
use proptest::prelude::*;

/// Counts what the current thread allocates.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    // A thread that ends allocates as well.
    let _ = ALLOCATED.try_with(|allocated| allocated.set(allocated.get() + bytes));
}

// Safety: all is left to the system's allocator.
#[allow(unsafe_code, reason = "an allocator is told what is allocated in no other way")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// What a message costs.
#[derive(Clone, Copy, Debug)]
struct Cost {
    allocated: usize,
    html: usize,
    depth: usize,
}

/// The bytes that may be allocated independently of the length: missing table cells, repeated definitions.
const CONSTANT_ALLOCATED: usize = 8 << 20;
/// How much HTML that may be.
const CONSTANT_HTML: usize = 1 << 20;
/// What may be allocated for each byte beside that.
const ALLOCATED_PER_BYTE: usize = 600;
/// How many elements may be open in each other: lists and their items, quotes, what stands in them, and inline elements.
const MAX_DEPTH: usize = 3 * 32 + 32 + 8;

/// Parses a message, and checks that nothing of it is lost where it is plain text.
fn cost(text: &str) -> Cost {
    let before = ALLOCATED.get();
    let document = Document::parse(text);
    let allocated = ALLOCATED.get() - before;
    let (mut html, mut depth) = (0, 0);
    for block in document.blocks() {
        match &block.kind {
            BlockKind::Html { html: written, codes } => {
                html += written.len() + codes.iter().map(|code| code.text.len()).sum::<usize>();
                depth = depth.max(nesting(written));
            }
            BlockKind::Plain(plain) => assert_eq!(*plain, text[block.source.clone()]),
            BlockKind::Code { .. } => {}
        }
    }
    let bound = CONSTANT_ALLOCATED + ALLOCATED_PER_BYTE * text.len();
    assert!(allocated <= bound, "{allocated} bytes allocated for {} bytes", text.len());
    Cost { allocated, html, depth }
}

/// How many elements are open in each other at most.
fn nesting(html: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        match tag.as_bytes()[0] {
            b'/' => depth -= 1,
            _ if ["br>", "hr>", "input "].iter().any(|void| tag.starts_with(void)) => {}
            _ => depth += 1,
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Checks that what is `times` as long costs about `times` as much at most.
fn assert_linear(what: &str, small: Cost, large: Cost, times: usize) {
    let bound = |small: usize, constant: usize| small * times * 5 / 4 + constant;
    let Cost { allocated, html, depth } = large;
    assert!(
        allocated <= bound(small.allocated, CONSTANT_ALLOCATED),
        "{what}: {small:?}, {times} times: {large:?}"
    );
    assert!(html <= bound(small.html, CONSTANT_HTML), "{what}: {small:?}, {times} times: {large:?}");
    assert!(depth <= MAX_DEPTH, "{what}: {large:?}");
}

/// Checks a text of about `length` bytes at growing lengths.
fn check(what: &str, text: impl Fn(usize) -> String) {
    const SMALL: usize = 8 * 1024;
    let small = cost(&text(SMALL));
    for times in [2, 4, 8] {
        assert_linear(what, small, cost(&text(times * SMALL)), times);
    }
}

/// What costs much, or could, when it is repeated.
const PATTERNS: &[&str] = &[
    "![",
    "[",
    "[a](",
    "[a](<b",
    "[ (](",
    "![](",
    "a***",
    "*a ",
    "*a_ ",
    "**a *b ",
    "`",
    "``\\",
    "`a``b```",
    "$",
    "$$",
    "$$\n",
    "\\[",
    "\\[\n",
    "\\( ",
    "1 \\[",
    "$a$",
    "\\(a\\)",
    "> \\[\n> a\\]\n",
    "**（a）**b",
    "https://a.b/_c_ ",
    "https://a.b/((",
    "a/b.rs:1:",
    "[^1]",
    "[^1]: a\n",
    "[^1]: - ",
    "> [!NOTE]\n",
    "- ```\n  a\n  ```\n",
    "<br>",
    "\u{2067}a",
    "\u{2067}a\u{2069}",
    "\u{fdd0}",
    "[x] [x]: a\n",
    "$a$$b",
    "${",
    "{$a}",
    "> ",
    "- ",
    "* a\n",
    "1. ",
    "+\t",
    "> - ",
    "- [ ] ",
    "<",
    "<a",
    "<!--",
    "a <![CDATA[",
    "a <?",
    "a <!A",
    "<a b=\"",
    "</",
    "&",
    "&a",
    "&#",
    "\\",
    "\\\n",
    "\\*",
    "[x]: y\n",
    "[a]: b 'c\n",
    "[a]: b \"c\n",
    "[^a]",
    "[^a]: b\n",
    "[a][b]",
    "](",
    "]([\n",
    "|",
    "|-|\n",
    "|a|\n|-|\n",
    "| a ",
    "~",
    "~~a",
    "~~~\n",
    "```\n",
    "#",
    "# a\n",
    "a\n=\n",
    "- a\n\n",
    "a\n\n",
    "https://a.b ",
    "<https://a.b> ",
    "*_a[",
    "(((",
    "\t",
    "  \n",
    "\r",
    "\n",
    "_",
    "a__b",
    "<div>\n",
    "<!-- a\n\n",
    "[![",
    "x^2$ ",
    "    a\n\n",
    "> a\n\n",
    "- - a\n",
    "a\0",
    "\u{202e}",
    "漢字*",
    "[a](https://b.c \"d\") ",
    "![a](https://b.c) ",
    "***a*** ",
    "```rs\nfn a() {}\n```\n",
    "---\n",
];

#[test]
fn repeated_pattern_costs_in_proportion_to_its_length() {
    for pattern in PATTERNS {
        check(pattern, |length| pattern.repeat(length / pattern.len()));
    }
}

#[test]
fn opened_and_closed_patterns_cost_in_proportion_to_their_length() {
    let patterns = [
        ("![", "a", "](x)"),
        ("![", "a", "](https://x)"),
        ("[", "a", "](x)"),
        ("[", "a", "]"),
        ("*a ", "b", " c*"),
        ("**a ", "b", " c**"),
        ("*a **b ", "c", " d** e*"),
        ("~~a ", "b", " c~~"),
        ("![", "a", "][x]"),
        ("[![", "a", "](u)"),
        ("`", "a", "`"),
        ("(", "a", ")"),
        ("<", "a", ">"),
        ("${", "a", "}$"),
        ("> ", "a\n", "\n"),
        ("> ", "a\n", "b\n"),
        ("> ", "a\n", ">\n"),
        ("- ", "a\n", "\n"),
        ("- ", "a\n", "b\n"),
        ("- ", "```\n", "\n"),
        ("> - ", "a\n", "> b\n"),
        ("1. ", "a\n", "\n"),
        ("- ", "<div>\n", "\n"),
        ("|", "\n|-|\n", "|"),
        ("[a]: b\n", "\n", "[a] "),
    ];
    for (open, middle, close) in patterns {
        check(&format!("{open}…{close}"), |length| {
            let count = length / (open.len() + close.len());
            open.repeat(count) + middle + &close.repeat(count)
        });
    }
}

#[test]
fn text_that_takes_a_rule_to_write_costs_in_proportion_to_its_length() {
    let indented = |length: usize, tail: &str| {
        let mut text = String::new();
        for depth in 0.. {
            if text.len() > length / 2 {
                break;
            }
            text += &"  ".repeat(depth);
            text += "- a\n";
        }
        text + &tail.repeat(length / 2 / tail.len())
    };
    check("lists by indentation, then blank lines", |length| indented(length, "\n"));
    check("lists by indentation, then a paragraph", |length| indented(length, "a\n"));
    check("one definition, used often", |length| {
        format!("[x]: {}\n\n{}", "x".repeat(length / 2), "[x] ".repeat(length / 8))
    });
    check("a table with many columns and short rows", |length| {
        format!(
            "{}|\n{}|\n{}\n",
            "|a".repeat(length / 16),
            "|-".repeat(length / 16),
            "a\n".repeat(length / 4)
        )
    });
    check("many such tables", |length| {
        let table = format!("{}|\n{}|\n{}\n", "|a".repeat(250), "|-".repeat(250), "a\n".repeat(500));
        table.repeat(length / table.len())
    });
    check("runs of growing length", |length| {
        let mut text = String::new();
        for run in 1.. {
            if text.len() > length {
                break;
            }
            text += "a";
            text += &"`".repeat(run);
            text += "b";
            text += &"*".repeat(run);
        }
        text
    });
    check("many quotes that are too deep", |length| format!("{} a\n\n", ">".repeat(60)).repeat(length / 64));
    check("a long line", |length| "x".repeat(length));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Fragments that are repeated together, and closed again or not.
    #[test]
    fn any_pattern_costs_in_proportion_to_its_length(
        open in prop::collection::vec(fragment(), 1..5),
        middle in prop::collection::vec(fragment(), 0..3),
        close in prop::collection::vec(fragment(), 0..4),
    ) {
        let (open, middle, close) = (open.concat(), middle.concat(), close.concat());
        let text = |times: usize| open.repeat(250 * times) + &middle + &close.repeat(250 * times);
        let small = cost(&text(1));
        assert_linear(&format!("{open:?} {middle:?} {close:?}"), small, cost(&text(4)), 4);
    }
}

fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "![",
        "[",
        "](x)",
        "](https://x.y)",
        "]",
        "][x]",
        "(",
        ")",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```\n",
        "$",
        "{",
        "}",
        "> ",
        ">",
        "- ",
        "* ",
        "1. ",
        "    ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "\r\n",
        "a",
        "a ",
        "b\n",
        "|",
        "|-|-|\n",
        "|a|b|\n",
        "<",
        "<a ",
        "<!--",
        "-->",
        "<div>\n",
        "&amp;",
        "&",
        "\\",
        "\"",
        "'",
        "[x]: y\n",
        "[^1]",
        "# ",
        "---\n",
        "===\n",
        "- [x] ",
        "https://a.b",
        "\0",
        "é",
        "\u{202e}",
    ])
}

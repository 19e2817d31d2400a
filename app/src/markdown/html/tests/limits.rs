//! Messages beyond the limits of the parser.

use super::{blocks, html};

#[test]
fn block_with_deeply_nested_inline_elements_is_plain() {
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
fn deeply_nested_containers_are_plain_up_to_a_blank_line() {
    let deep = "> ".repeat(33) + "a\nb\n";
    assert_eq!(
        blocks(&format!("- *c*\n{deep}\n*d*")),
        ["<ul><li><em>c</em></li></ul>", &format!("plain {deep}\n"), "<p><em>d</em></p>"]
    );
    assert!(blocks(&("> ".repeat(32) + "a"))[0].starts_with("<blockquote>"));
}

#[test]
fn link_title_with_too_many_lines_becomes_plain() {
    let title = |lines: usize| format!("[a](https://b 'c{}')", "\n*d*".repeat(lines));
    assert!(blocks(&title(31))[0].starts_with("<p><a href="));
    let cut = blocks(&title(40));
    assert_eq!((cut.len(), cut[1].as_str()), (2, &*format!("plain {}')", ["*d*"; 9].join("\n"))));
}

#[test]
fn code_with_costly_lines_stays_code() {
    let deep = ">".repeat(40);
    let source = format!("a\n\n```\n{deep}\n\n{deep}\n```\n\n*b*\n\n```\n{deep}");
    let code = format!("code {deep}\n\n{deep}\n");
    assert_eq!(blocks(&source), ["<p>a</p>", &code, "<p><em>b</em></p>", &format!("code {deep}")]);
}

#[test]
fn text_after_max_cuts_is_plain() {
    let cut = ">".repeat(40) + "\n\n*a*\n\n";
    let all = blocks(&cut.repeat(100));
    assert_eq!(all.len(), 2 * 31 + 1);
    assert_eq!(all[62], format!("plain {}", cut.repeat(69)));
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    for source in
        [">".repeat(5000), "- ".repeat(2000), "[".repeat(5000), "*a ".repeat(5000), "![".repeat(5000)]
    {
        assert!(!html(&source).contains("<script"));
    }
}

//! Each kind of block, streamed and finished.

use super::{Document, streamed};

#[test]
fn paragraphs_and_setext_headings() {
    assert_eq!(streamed("a\nb\n\nc"), ["<p>a\nb</p>", "<p>c</p>"]);
    assert_eq!(streamed("a\nb\n===\nc\n---\n"), ["<h3>a\nb</h3>", "<h4>c</h4>"]);
    assert_eq!(streamed("# a\nb\n## c ##\n#d\n"), ["<h3>a</h3>", "<p>b</p>", "<h4>c</h4>", "<p>#d</p>"]);
}

#[test]
fn tables() {
    let table = streamed("| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 |\n\nafter");
    assert_eq!(table.len(), 2);
    assert_eq!(
        table[0],
        "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">a</th>\
         <th scope=\"col\" class=\"align-right\">b</th></tr></thead><tbody>\
         <tr><td>1</td><td class=\"align-right\">2</td></tr>\
         <tr><td>3</td><td class=\"align-right\"></td></tr></tbody></table></div>"
    );
    // A table may interrupt a paragraph, but only its second line tells.
    assert_eq!(streamed("a\n| b |\n|---|\n| c |\n").len(), 2);
    assert_eq!(streamed("a\n| b |\n|---|x\n| c |\n").len(), 1);
}

#[test]
fn lists() {
    assert_eq!(
        streamed("- a\n  - b\n\n    c\n- d\n\ne"),
        ["<ul><li>a<ul><li><p>b</p><p>c</p></li></ul></li><li>d</li></ul>", "<p>e</p>"]
    );
    assert_eq!(streamed("- a\n\n- b\n"), ["<ul><li><p>a</p></li><li><p>b</p></li></ul>"]);
    assert_eq!(streamed("- a\n* b\n").len(), 2);
    assert_eq!(streamed("3. a\n4. b\n"), ["<ol start=\"3\"><li>a</li><li>b</li></ol>"]);
    let mut document = Document::default();
    document.update("- a\n\n\n", false);
    assert_eq!(document.frozen(), 0, "a blank line does not end a list");
}

#[test]
fn tasks() {
    assert_eq!(
        streamed("- [ ] a *b*\n  - [x] c\n"),
        ["<ul><li><label><input type=\"checkbox\" disabled> a <em>b</em></label>\
          <ul><li><label><input type=\"checkbox\" disabled checked> c</label></li></ul></li></ul>"]
    );
    assert_eq!(
        streamed("- [x] a\n\n  b\n"),
        ["<ul><li><p><label><input type=\"checkbox\" disabled checked> a</label></p><p>b</p></li></ul>"]
    );
}

#[test]
fn fences() {
    assert_eq!(
        streamed("```rust,ignore x\nfn a() {}\n\n  b\n```\nc\n"),
        ["rust|fn a() {}\n\n  b\n", "<p>c</p>"]
    );
    assert_eq!(streamed("~~~\n```\n~~\n~~~~\n"), ["|```\n~~\n"]);
    assert_eq!(streamed("```\na\n``\nb"), ["|a\n``\nb"]);
    assert_eq!(streamed("```\na\n``"), ["|a\n``"]);
    assert_eq!(streamed("```\na\n  "), ["|a\n"]);
    assert_eq!(streamed("```\r\na\r\n\r\nb\r\n```\r\nc"), ["|a\n\nb\n", "<p>c</p>"]);
    assert_eq!(streamed("  ```\n   a\n b\n\tc\n   ```\nd"), ["| a\nb\n  c\n", "<p>d</p>"]);
    assert_eq!(streamed("```\na\n    ```\n``` b\n```\t\n"), ["|a\n    ```\n``` b\n```\t\n"]);
    assert_eq!(streamed("````\n```\n````\n```\n"), ["|```\n", "|"]);
    assert_eq!(streamed("a\n```b`\nc").len(), 1, "backticks in the info string: no fence");
    assert_eq!(streamed("- ```\n  a\n  ```\n> ~~~\n> b\n").len(), 2);
    assert_eq!(streamed("    a\n\n      b\n\nc"), ["|a\n\n  b\n", "<p>c</p>"]);
}

#[test]
fn html_blocks_and_quotes() {
    assert_eq!(streamed("<div>\n*a*\n\nb"), ["<div class=\"raw\">&lt;div&gt;\n*a*\n</div>", "<p>b</p>"]);
    assert_eq!(streamed("<!-- a\n\nb -->\nc").len(), 2);
    assert_eq!(streamed("> a\nb\n> c\n\nd"), ["<blockquote><p>a\nb\nc</p></blockquote>", "<p>d</p>"]);
    assert_eq!(streamed("> a\n\n> b\n").len(), 2);
}

//! Limits of size and time.

use super::{
    Block, BlockKind, Document, Fence, LAZY_PARTS, MAX_EAGER_TAIL_BYTES, MAX_TAGS, TAGS_AROUND_BLOCK,
    content, stream,
};

/// The work for each update is bounded by the open blocks, not by the text before them.
#[test]
fn frozen_blocks_are_not_parsed_again() {
    let text = "A paragraph of a few words.\n\n```\nlet a = 1;\n```\n\n".repeat(200);
    let mut document = Document::default();
    for cut in 0..=text.len() {
        document.update(&text[..cut], false);
        assert!(cut - document.tail_start <= 64, "{} bytes open at {cut}", cut - document.tail_start);
    }
    let code = "let a = 1;\n".repeat(1000);
    let mut document = Document::default();
    document.update("```\n", false);
    for end in (0..code.len()).step_by(7) {
        document.update(&format!("```\n{}", &code[..end]), false);
        let unread = 4 + end - document.open_fence.as_ref().map_or(0, Fence::position);
        assert!(unread <= 4, "{unread} bytes are fed again");
    }
}

#[test]
fn block_with_too_many_tags_is_plain_also_while_it_grows() {
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
fn message_with_too_many_blocks_ends_in_plain_text_also_while_it_grows() {
    let text = "*a*\n\n".repeat(10_000);
    let whole = Document::parse(&text);
    let formatted = MAX_TAGS / (TAGS_AROUND_BLOCK + 4);
    assert_eq!(whole.blocks().len(), formatted + 1);
    assert_eq!(whole.blocks()[formatted].kind, BlockKind::Plain(text[5 * formatted..].to_owned()));
    let growing = stream(&text, (0..text.len()).step_by(5_003));
    assert_eq!(content(&growing), content(&whole));
}

#[test]
fn long_open_block_is_parsed_in_linear_time() {
    const STEP: usize = 4096;
    let text = "word ".repeat(50_000);
    let mut document = Document::default();
    let mut parsed = 0;
    for end in (0..text.len()).step_by(STEP) {
        let before = document.parsed_len;
        document.update(&text[..end], false);
        if document.parsed_len != before {
            parsed += end - document.tail_start;
        }
    }
    let eager = MAX_EAGER_TAIL_BYTES / STEP * MAX_EAGER_TAIL_BYTES;
    assert!(parsed <= eager + (LAZY_PARTS + 1) * text.len(), "{parsed} bytes of {}", text.len());
    document.update(&text, true);
    assert_eq!(document.blocks(), Document::parse(&text).blocks());
}

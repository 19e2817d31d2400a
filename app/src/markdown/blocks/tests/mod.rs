//! Tests of the document, with the helpers that they share.

mod kinds;
mod limits;
mod properties;
mod streaming;

use super::*;

/// Returns the content of each block: `lang|code` for code.
fn content(document: &Document) -> Vec<String> {
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

/// Returns the content of the blocks of a finished message.
fn whole(text: &str) -> Vec<String> {
    content(&Document::parse(text))
}

/// Updates a document with each prefix of `text` that ends at one of `cuts`, then with the finished text.
///
/// Checks after each update the invariants of all texts.
fn stream(text: &str, cuts: impl IntoIterator<Item = usize>) -> Document {
    let mut document = Document::default();
    let cuts = cuts.into_iter().map(|cut| (cut, false)).chain([(text.len(), true)]);
    for (cut, finished) in cuts {
        let mut frozen = document.blocks()[..document.frozen()].to_vec();
        let open = document.blocks()[document.frozen()..].to_vec();
        let first_changed = document.update(&text[..cut], finished);
        // With definitions, texts become references when the message is finished.
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
            assert!(old.key != new.key || old.kind.can_become(&new.kind), "{text:?} cut at {cut}");
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
                    || text[end..cut][..stable_len(&text[end..cut])].trim().is_empty()
                    || cut - document.tail_start > MAX_EAGER_TAIL_BYTES)
        );
    }
    assert_eq!(document.frozen(), document.blocks().len());
    let mut keys: Vec<_> = document.blocks().iter().map(|block| block.key).collect();
    keys.dedup();
    assert_eq!(keys.len(), document.blocks().len());
    document
}

/// Streams `text` character by character, and checks that the result is that of parsing the finished text.
#[track_caller]
fn streamed(text: &str) -> Vec<String> {
    let cuts = (0..text.len()).filter(|&cut| text.is_char_boundary(cut));
    let live = content(&stream(text, cuts));
    assert_eq!(live, whole(text), "{text:?}");
    live
}

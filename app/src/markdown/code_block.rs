//! A code block of its own, with its language and a button that copies the code.
//!
//! The code of a message grows while the message streams. It is drawn in chunks, and only the last chunk is redrawn.

use leptos::{html, task::spawn_local};
use view::prelude::*;

use super::{
    block_handle::BlockHandle,
    blocks::BlockKind,
    clipboard::{COPIED_DURATION, copy_text},
    escape::push_text,
    highlight::{
        HighlightCache, Runs, block_key, is_highlightable, is_highlighted_by_server, push_highlighted,
    },
    labels::MarkdownLabels,
};
use crate::signal::RwSignalExt as _;

/// A chunk is full after so many lines.
const MAX_CHUNK_LINES: usize = 200;
/// The size limit of a chunk, in bytes. Minified code has long lines, so that a limit of lines is not enough.
const MAX_CHUNK_BYTES: usize = 32 * 1024;

/// A code block, or a block that is shown as plain text.
#[component]
pub(super) fn CodeBlock(
    block: BlockHandle,
    /// The text above the block.
    caption: String,
    labels: MarkdownLabels,
) -> impl IntoView {
    let mut caption_html = String::new();
    push_text(&mut caption_html, &caption);
    let highlighting = Highlighting::new(&block);
    let chunk_starts = RwSignal::new(vec![0]);
    let growing = block.clone();
    let starts = move || {
        growing.read(|kind| {
            highlighting.request(kind);
            (chunk_starts.update_untracked(|starts| extend_chunks(starts, code(kind))), true)
        });
        chunk_starts.get_untracked()
    };
    let copied = block.clone();
    let chunk = move |start: usize| {
        let block = block.clone();
        view! { <CodeChunk block start runs=highlighting.runs/> }
    };
    view! {
        <figure class="code">
            <figcaption>
                <span class="lang" inner_html=caption_html></span>
                <CopyCodeButton block=copied labels/>
            </figcaption>
            <pre tabindex="0">
                <code data-coloured=highlighting.is_written node_ref=highlighting.element>
                    <For each=starts key=|start| *start children=chunk/>
                </code>
            </pre>
        </figure>
    }
}

#[component]
fn CopyCodeButton(block: BlockHandle, labels: MarkdownLabels) -> impl IntoView {
    let is_copied = RwSignal::new(false);
    let label = move || if is_copied.get() { labels.copied } else { labels.copy };
    let copy = move |_| {
        let text = block.read(|kind| (code(kind).to_owned(), false)).unwrap_or_default();
        spawn_local(async move {
            if copy_text(&text).await {
                is_copied.set_if_changed(true);
                set_timeout(move || is_copied.set_if_changed(false), COPIED_DURATION);
            }
        });
    };
    view! {
        <button type="button" class="copy" aria-label=label on:click=copy>
            {label}
        </button>
    }
}

/// A chunk of the code from `start` on. It is redrawn until it is full.
#[component]
fn CodeChunk(block: BlockHandle, start: usize, runs: RwSignal<Runs>) -> impl IntoView {
    let html = move || {
        let runs = runs.get();
        let html = block.read(|kind| {
            let code = code(kind);
            let full_len = code.get(start..).and_then(full_chunk_len);
            let end = full_len.map_or(code.len(), |len| start + len);
            let mut html = String::new();
            push_highlighted(&mut html, code, start..end, &runs);
            (html, full_len.is_none())
        });
        html.unwrap_or_default()
    };
    view! { <span inner_html=html></span> }
}

/// The highlighting of a code block.
#[derive(Clone, Copy)]
struct Highlighting {
    cache: Option<HighlightCache>,
    runs: RwSignal<Runs>,
    /// `true` if the cache has an entry for the code, also one without runs.
    is_cached: bool,
    /// `true` if the server writes the code with its runs.
    is_written: bool,
    element: NodeRef<html::Code>,
}

impl Highlighting {
    /// Takes the runs from the cache. An open block has no runs yet.
    fn new(block: &BlockHandle) -> Self {
        let cache = use_context::<HighlightCache>();
        let runs = block.read(|kind| match kind {
            BlockKind::Code { lang, text, closed: true } => {
                (cache.and_then(|cache| cache.get(block_key(lang, text))), false)
            }
            _ => (None, false),
        });
        let runs = runs.flatten();
        let is_cached = runs.is_some();
        Self {
            cache,
            runs: RwSignal::new(runs.as_deref().map(Runs::parse).unwrap_or_default()),
            is_cached,
            is_written: is_cached && cfg!(not(feature = "hydrate")),
            element: NodeRef::new(),
        }
    }

    /// Requests the runs of a closed block. Does nothing on the server.
    fn request(self, kind: &BlockKind) {
        if let (BlockKind::Code { lang, text, closed: true }, Some(cache)) = (kind, self.cache)
            && cfg!(feature = "hydrate")
            && !self.is_cached
            && is_highlightable(lang, text)
        {
            let element = self.element;
            cache.request(lang, text, self.runs, move || is_highlighted_by_server(element));
        }
    }
}

fn code(kind: &BlockKind) -> &str {
    match kind {
        BlockKind::Code { text, .. } | BlockKind::Plain(text) => text,
        BlockKind::Html { .. } => "",
    }
}

/// Appends the starts of the chunks that `code` has gained.
fn extend_chunks(starts: &mut Vec<usize>, code: &str) {
    let mut start = starts.last().copied().unwrap_or_default();
    while let Some(len) = code.get(start..).and_then(full_chunk_len) {
        start += len;
        starts.push(start);
    }
}

/// Returns the length of the first chunk of `code`; `None` if the chunk is not full.
///
/// Text that is appended to `code` does not change a full chunk.
fn full_chunk_len(code: &str) -> Option<usize> {
    let limit = code.floor_char_boundary(MAX_CHUNK_BYTES);
    let line_breaks = code.as_bytes()[..limit].iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
    match line_breaks.map(|(index, _)| index + 1).nth(MAX_CHUNK_LINES - 1) {
        None if limit < code.len() => Some(limit),
        full => full,
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::markdown::markdown_view::tests::{render, render_with};

    #[test]
    fn runs_continue_in_next_chunk() {
        let code = "x\n".repeat(MAX_CHUNK_LINES + 1);
        let known = vec![(block_key("rust", &code), format!("c{}", code.len()))];
        let html = render_with(known, &format!("```rust\n{code}```\n"));
        assert!(html.contains("x\n</span></span><span><span class=\"hl-c\">x\n</span></span>"), "{html}");
    }

    #[test]
    fn long_code_is_drawn_in_chunks() {
        let code: String = (0..450).flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
        let html = render(&format!("```\n{code}```\n"), true);
        assert_eq!(html.matches("<span>").count(), 3);
        assert!(html.contains("199\n</span><span>200\n"), "{html}");
        assert_eq!(html.matches("399\n</span><span>400\n").count(), 1);
    }

    #[test]
    fn chunk_is_full_after_max_lines_or_max_bytes() {
        assert_eq!(full_chunk_len(&"a\n".repeat(MAX_CHUNK_LINES - 1)), None);
        assert_eq!(full_chunk_len(&"a\n".repeat(MAX_CHUNK_LINES)), Some(2 * MAX_CHUNK_LINES));
        assert_eq!(full_chunk_len(&"é".repeat(MAX_CHUNK_BYTES / 2)), None);
        assert_eq!(full_chunk_len(&format!("a{}", "é".repeat(MAX_CHUNK_BYTES))), Some(MAX_CHUNK_BYTES - 1));
    }

    #[test]
    fn growing_code_has_the_chunks_of_whole_code() {
        let code = format!("{}\n", "x".repeat(70)).repeat(1000);
        let mut whole = vec![0];
        extend_chunks(&mut whole, &code);
        let mut growing = vec![0];
        for end in (0..=code.len()).step_by(97).chain([code.len()]) {
            extend_chunks(&mut growing, &code[..end]);
        }
        assert_eq!(growing, whole);
        assert_eq!(whole.len(), 6);
    }
}

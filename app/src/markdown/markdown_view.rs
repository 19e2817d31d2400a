//! A message drawn as Markdown.

use view::prelude::*;

use super::{
    block_handle::BlockHandle,
    blocks::{BlockKind, Document},
    code_block::CodeBlock,
    html_block::HtmlBlock,
    labels::MarkdownLabels,
};

/// The source of a message's text.
pub struct MarkdownText(Box<ReadText>);

type ReadText = dyn Fn(&mut dyn FnMut(&str, bool));

impl MarkdownText {
    /// Creates a source from a function that lends the current text, and says whether the text is finished.
    ///
    /// The function runs again whenever a signal that it tracks changes. Use one signal for each message, and change it at
    /// most once per animation frame.
    pub fn new(read: impl Fn(&mut dyn FnMut(&str, bool)) + 'static) -> Self {
        Self(Box::new(read))
    }
}

/// A text that is finished.
impl From<String> for MarkdownText {
    fn from(text: String) -> Self {
        Self::new(move |lend| lend(&text, true))
    }
}

/// A message drawn as Markdown.
///
/// Frozen blocks are drawn once. A change of the text redraws only the open blocks at its end.
#[component]
pub(crate) fn MarkdownView(text: MarkdownText, labels: MarkdownLabels) -> impl IntoView {
    let document = RwSignal::new(Document::default());
    let update = move || {
        let mut first_changed = 0;
        text.0(&mut |text, finished| {
            document.try_update_untracked(|document| first_changed = document.update(text, finished));
        });
        first_changed
    };
    untrack(&update);
    let blocks = RwSignal::new(document.with_untracked(|current| {
        let blocks = current.blocks().iter().enumerate();
        blocks.map(|(index, block)| BlockHandle::new(document, index, block)).collect::<Vec<_>>()
    }));
    Effect::new(move |_| redraw(document, blocks, update()));
    view! {
        <div class="prose">
            <For
                each=move || blocks.get()
                key=BlockHandle::position_and_key
                children=move |block| view! { <BlockView block labels/> }
            />
        </div>
    }
}

/// Updates the page after a change of the document. The blocks before `first_changed` are unchanged.
fn redraw(document: RwSignal<Document>, handles: RwSignal<Vec<BlockHandle>>, first_changed: usize) {
    document.with_untracked(|current| {
        let blocks = current.blocks();
        let is_same = handles.try_with_untracked(|handles| {
            let old_keys = handles[first_changed.min(handles.len())..].iter().map(BlockHandle::key);
            blocks.len() == handles.len()
                && blocks[first_changed..].iter().map(|block| block.key).eq(old_keys)
        });
        if is_same == Some(false) {
            handles.update(|handles| {
                let old = handles.split_off(first_changed.min(handles.len()));
                let first = handles.len();
                handles.extend(blocks.iter().enumerate().skip(first).map(|(index, block)| {
                    let kept = old.get(index - first).filter(|handle| handle.key() == block.key);
                    kept.cloned().unwrap_or_else(|| BlockHandle::new(document, index, block))
                }));
            });
        }
    });
    let changed =
        handles.try_with_untracked(|handles| handles.iter().skip(first_changed).cloned().collect::<Vec<_>>());
    for handle in changed.unwrap_or_default() {
        handle.notify();
    }
}

#[component]
fn BlockView(block: BlockHandle, labels: MarkdownLabels) -> impl IntoView {
    let caption = block.read(|kind| match kind {
        BlockKind::Code { lang, .. } => (Some(lang.clone()), false),
        BlockKind::Plain(_) => (Some(labels.plain.to_owned()), false),
        BlockKind::Html { .. } => (None, false),
    });
    match caption.flatten() {
        Some(caption) => view! { <CodeBlock block caption labels/> },
        None => view! { <HtmlBlock block labels/> },
    }
}

#[cfg(all(test, feature = "ssr"))]
#[path = "markdown_view_tests.rs"]
pub(super) mod tests;

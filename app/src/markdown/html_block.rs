//! A block drawn as HTML. The parts that depend on the page are filled in: nested code blocks and titles of alerts.

use std::sync::Arc;

use leptos::html;
#[cfg(feature = "hydrate")]
use leptos::task::spawn_local;
use view::prelude::*;
#[cfg(feature = "hydrate")]
use wasm_bindgen::JsCast as _;
use web_sys::MouseEvent;

#[cfg(feature = "hydrate")]
use super::clipboard::{COPIED_DURATION, copy_text};
use super::{
    block_handle::BlockHandle,
    blocks::{BlockKind, NestedCode},
    escape::{push_address, push_text},
    highlight::{
        HighlightCache, Runs, block_key, is_highlightable, is_highlighted_by_server, push_highlighted,
    },
    labels::MarkdownLabels,
    placeholder::{CAUTION, IMPORTANT, MARK, NOTE, TIP, WARNING},
};

/// A block drawn as HTML.
#[component]
pub(super) fn HtmlBlock(block: BlockHandle, labels: MarkdownLabels) -> impl IntoView {
    let nested = NestedCodes::new(&block);
    let (is_written, element) = (nested.is_written, nested.element);
    let clicked = block.clone();
    let html = move || {
        nested.request_highlights(&block);
        let html = block.read(|kind| match kind {
            BlockKind::Html { html, codes } => (nested.fill_in(html, codes, labels), true),
            BlockKind::Code { .. } | BlockKind::Plain(_) => (String::new(), false),
        });
        html.unwrap_or_default()
    };
    // `auto` gives the text, the lists and the tables the direction of the first letter.
    view! {
        <div
            class="block"
            dir="auto"
            data-coloured=is_written
            node_ref=element
            on:click=move |event: MouseEvent| copy_clicked_code(&clicked, &event, labels)
            inner_html=html
        ></div>
    }
}

/// The code blocks inside a block, and their highlighting.
struct NestedCodes {
    cache: Option<HighlightCache>,
    /// The runs of each code block. Empty until the highlighting is requested.
    runs: RwSignal<Vec<RwSignal<Runs>>>,
    /// Owns the signals in `runs`, so that they live as long as the block.
    owner: Arc<Owner>,
    /// `true` if the server writes all code blocks with their runs.
    is_written: bool,
    element: NodeRef<html::Div>,
}

impl NestedCodes {
    fn new(block: &BlockHandle) -> Self {
        let cache = use_context::<HighlightCache>();
        let cached = |code: &NestedCode| cache.and_then(|cache| cache.get(block_key(&code.lang, &code.text)));
        let is_settled =
            |code: &NestedCode| !is_highlightable(&code.lang, &code.text) || cached(code).is_some();
        let is_frozen = block.is_frozen();
        let runs = block.read(|kind| {
            let codes: &[NestedCode] = match kind {
                BlockKind::Html { codes, .. } if is_frozen => codes,
                _ => &[],
            };
            let all_settled = !codes.is_empty() && codes.iter().all(is_settled);
            let runs = codes
                .iter()
                .map(|code| RwSignal::new(cached(code).as_deref().map(Runs::parse).unwrap_or_default()));
            ((runs.collect::<Vec<_>>(), all_settled), false)
        });
        let (runs, all_settled) = runs.unwrap_or_default();
        let has_to_request = cfg!(feature = "hydrate") && !all_settled;
        Self {
            cache,
            runs: RwSignal::new(if has_to_request { Vec::new() } else { runs }),
            owner: Arc::new(Owner::current().unwrap_or_default()),
            is_written: all_settled && !cfg!(feature = "hydrate"),
            element: NodeRef::new(),
        }
    }

    /// Requests the runs of the code blocks once the block is frozen. Does nothing on the server.
    fn request_highlights(&self, block: &BlockHandle) {
        let Some(cache) = self.cache.filter(|_| cfg!(feature = "hydrate")) else { return };
        if !block.is_frozen() || !self.runs.with_untracked(Vec::is_empty) {
            return;
        }
        let codes = block.read(|kind| match kind {
            BlockKind::Html { codes, .. } => (codes.clone(), false),
            BlockKind::Code { .. } | BlockKind::Plain(_) => (Vec::new(), false),
        });
        for NestedCode { lang, text } in codes.unwrap_or_default() {
            let cached = cache.get(block_key(&lang, &text)).as_deref().map(Runs::parse);
            let is_cached = cached.is_some();
            let runs = self.owner.with(|| RwSignal::new(cached.unwrap_or_default()));
            self.runs.update_untracked(|all| all.push(runs));
            if !is_cached && is_highlightable(&lang, &text) {
                let element = self.element;
                cache.request(&lang, &text, runs, move || is_highlighted_by_server(element));
            }
        }
    }

    /// Returns the HTML of the block with its placeholders filled in.
    fn fill_in(&self, html: &str, codes: &[NestedCode], labels: MarkdownLabels) -> String {
        let mut parts = html.split(MARK);
        let mut filled = parts.next().unwrap_or_default().to_owned();
        let mut index = 0;
        for part in parts {
            let mut rest = part.chars();
            let title = match rest.next() {
                Some(NOTE) => labels.alerts.note,
                Some(TIP) => labels.alerts.tip,
                Some(IMPORTANT) => labels.alerts.important,
                Some(WARNING) => labels.alerts.warning,
                Some(CAUTION) => labels.alerts.caution,
                _ => {
                    if let Some(code) = codes.get(index) {
                        let runs = self.runs.with_untracked(|runs| runs.get(index).copied());
                        let runs = runs.map(|runs| runs.get()).unwrap_or_default();
                        push_figure(&mut filled, code, &runs, labels);
                    }
                    index += 1;
                    ""
                }
            };
            filled.push_str(title);
            filled.push_str(rest.as_str());
        }
        filled
    }
}

/// Appends a nested code block, which looks like a [`CodeBlock`](super::code_block::CodeBlock).
fn push_figure(html: &mut String, code: &NestedCode, runs: &Runs, labels: MarkdownLabels) {
    html.push_str("<figure class=\"code\" dir=\"ltr\"><figcaption><span class=\"lang\">");
    push_text(html, &code.lang);
    html.push_str("</span><button type=\"button\" class=\"copy\" aria-label=\"");
    push_address(html, labels.copy);
    html.push_str("\">");
    push_text(html, labels.copy);
    html.push_str("</button></figcaption><pre tabindex=\"0\"><code translate=\"no\">");
    push_highlighted(html, &code.text, 0..code.text.len(), runs);
    html.push_str("</code></pre></figure>");
}

/// Copies a nested code block if its button was clicked.
#[cfg(feature = "hydrate")]
fn copy_clicked_code(block: &BlockHandle, event: &MouseEvent, labels: MarkdownLabels) {
    let closest = |element: &web_sys::Element, selector| element.closest(selector).ok().flatten();
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let Some(button) = target.and_then(|target| closest(&target, "button.copy")) else { return };
    let Some(buttons) =
        closest(&button, ".block").and_then(|block| block.query_selector_all("button.copy").ok())
    else {
        return;
    };
    let index = (0..buttons.length()).find(|index| buttons.item(*index).as_ref() == Some(button.as_ref()));
    let text = block.read(|kind| match (kind, index) {
        (BlockKind::Html { codes, .. }, Some(index)) => {
            (codes.get(index as usize).map(|code| code.text.clone()), false)
        }
        _ => (None, false),
    });
    let Some(text) = text.flatten() else { return };
    spawn_local(async move {
        if copy_text(&text).await {
            let set_label = move |label: &str| {
                button.set_text_content(Some(label));
                let _ = button.set_attribute("aria-label", label);
            };
            set_label(labels.copied);
            set_timeout(move || set_label(labels.copy), COPIED_DURATION);
        }
    });
}

/// There are no clicks on the server.
#[cfg(not(feature = "hydrate"))]
fn copy_clicked_code(_: &BlockHandle, _: &MouseEvent, _: MarkdownLabels) {}

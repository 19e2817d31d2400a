//! What depends on the page inside the HTML of a block: code blocks with their colours and buttons, titles of alerts.

use std::sync::Arc;

use leptos::prelude::*;

use super::blocks::{BlockKind, Document, NestedCode};
use super::escape::{push_address, push_text};
use super::highlight::{HighlightCache, Runs, key, may_have, push_code};
use super::html::{CAUTION, IMPORTANT, MARK, NOTE, TIP, WARNING};
use super::view::{MarkdownLabels, Row};
use crate::node::ElementRef;

/// The code blocks inside a block, and their colours.
#[derive(Clone)]
pub(super) struct NestedCodes {
    colours: Option<HighlightCache>,
    /// For each code block, once it was looked for.
    runs: RwSignal<Vec<RwSignal<Runs>>>,
    /// What is made for a code block lives as long as the block.
    owner: Arc<Owner>,
    /// The server writes the colours.
    pub(super) written: bool,
    pub(super) element: ElementRef,
}

impl NestedCodes {
    pub(super) fn new(document: RwSignal<Document>, row: &Row) -> Self {
        let colours = use_context::<HighlightCache>();
        let find = |code: &NestedCode| {
            let runs = colours.and_then(|colours| colours.known(key(&code.lang, &code.text)));
            RwSignal::new(runs.as_deref().map(Runs::read).unwrap_or_default())
        };
        let is_known = |code: &NestedCode| {
            !may_have(&code.lang, &code.text)
                || colours.is_some_and(|colours| colours.known(key(&code.lang, &code.text)).is_some())
        };
        let frozen = row.is_frozen(document);
        let found = row.read(document, |kind| {
            let codes: &[NestedCode] = match kind {
                BlockKind::Html { codes, .. } if frozen => codes,
                _ => &[],
            };
            let all_known = !codes.is_empty() && codes.iter().all(is_known);
            ((codes.iter().map(find).collect::<Vec<_>>(), all_known), false)
        });
        let (runs, all_known) = found.unwrap_or_default();
        let asks = cfg!(feature = "hydrate") && !all_known;
        Self {
            colours,
            runs: RwSignal::new(if asks { Vec::new() } else { runs }),
            owner: Arc::new(Owner::current().unwrap_or_default()),
            written: all_known && !cfg!(feature = "hydrate"),
            element: ElementRef::new(),
        }
    }

    /// Asks for the colours, once the block does not change any more; in the browser only.
    pub(super) fn ask_for_colours(&self, document: RwSignal<Document>, row: &Row) {
        let Some(colours) = self.colours.filter(|_| cfg!(feature = "hydrate")) else { return };
        if !row.is_frozen(document) || !self.runs.with_untracked(Vec::is_empty) {
            return;
        }
        let codes = row.read(document, |kind| match kind {
            BlockKind::Html { codes, .. } => (codes.clone(), false),
            BlockKind::Code { .. } | BlockKind::Plain(_) => (Vec::new(), false),
        });
        for NestedCode { lang, text } in codes.unwrap_or_default() {
            let known = colours.known(key(&lang, &text));
            let runs = known.as_deref().map(Runs::read);
            let is_known = runs.is_some();
            let runs = self.owner.with(|| RwSignal::new(runs.unwrap_or_default()));
            self.runs.try_update_untracked(|all| all.push(runs));
            if !is_known && may_have(&lang, &text) {
                colours.ask(&lang, &text, runs, self.element);
            }
        }
    }

    /// The HTML of the block, with what its marks stand for.
    pub(super) fn write(&self, html: &str, codes: &[NestedCode], labels: MarkdownLabels) -> String {
        let mut parts = html.split(MARK);
        let mut written = parts.next().unwrap_or_default().to_owned();
        let mut index = 0;
        for part in parts {
            let mut rest = part.chars();
            let label = match rest.next() {
                Some(NOTE) => labels.alerts.note,
                Some(TIP) => labels.alerts.tip,
                Some(IMPORTANT) => labels.alerts.important,
                Some(WARNING) => labels.alerts.warning,
                Some(CAUTION) => labels.alerts.caution,
                _ => {
                    if let Some(code) = codes.get(index) {
                        let runs = self.runs.with_untracked(|runs| runs.get(index).copied());
                        push_figure(
                            &mut written,
                            code,
                            &runs.map(|runs| runs.get()).unwrap_or_default(),
                            labels,
                        );
                    }
                    index += 1;
                    ""
                }
            };
            written.push_str(label);
            written.push_str(rest.as_str());
        }
        written
    }
}

/// Appends a code block as the view draws one that stands by itself.
fn push_figure(html: &mut String, code: &NestedCode, runs: &Runs, labels: MarkdownLabels) {
    html.push_str("<figure class=\"code\" dir=\"ltr\"><figcaption><span class=\"lang\">");
    push_text(html, &code.lang);
    html.push_str("</span><button type=\"button\" class=\"copy\" aria-label=\"");
    push_address(html, labels.copy);
    html.push_str("\">");
    push_text(html, labels.copy);
    html.push_str("</button></figcaption><pre tabindex=\"0\"><code translate=\"no\">");
    push_code(html, &code.text, 0..code.text.len(), runs);
    html.push_str("</code></pre></figure>");
}

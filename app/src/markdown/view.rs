//! A message on the page.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
#[cfg(feature = "hydrate")]
use wasm_bindgen::JsCast as _;
#[cfg(feature = "hydrate")]
use web_sys::Element;
use web_sys::MouseEvent;

use super::blocks::{Block, BlockKind, Document};
use super::copy_text;
use super::escape::push_text;
use super::highlight::{COLOURED, HighlightCache, Runs, key, may_have, push_code};
use super::nested::NestedCodes;
use crate::node::{El, ElementExt as _, ElementRef, Node, el, list, live};

/// The texts of a message's controls, in the page's language.
#[derive(Clone, Copy, Debug)]
pub struct MarkdownLabels {
    /// On the button that copies a code block.
    pub copy: &'static str,
    /// In its place for a moment, once that is done.
    pub copied: &'static str,
    /// Above a block that is shown as plain text.
    pub plain: &'static str,
    /// The titles of alerts.
    pub alerts: AlertLabels,
}

/// The titles of alerts (`> [!NOTE]`).
#[derive(Clone, Copy, Debug)]
pub struct AlertLabels {
    /// `NOTE`
    pub note: &'static str,
    /// `TIP`
    pub tip: &'static str,
    /// `IMPORTANT`
    pub important: &'static str,
    /// `WARNING`
    pub warning: &'static str,
    /// `CAUTION`
    pub caution: &'static str,
}

/// Where a message's text is read from.
pub struct MarkdownText(Box<ReadText>);

type ReadText = dyn Fn(&mut dyn FnMut(&str, bool));

impl MarkdownText {
    /// `read` lends the text as it is now and says whether it is finished. It runs again whenever a signal changes
    /// that it tracks: let that be one signal per message, changed at most once per animation frame.
    pub fn new(read: impl Fn(&mut dyn FnMut(&str, bool)) + 'static) -> Self {
        Self(Box::new(read))
    }
}

/// A finished text.
impl From<String> for MarkdownText {
    fn from(text: String) -> Self {
        Self::new(move |lend| lend(&text, true))
    }
}

/// What draws a block: which one, and what to track as long as it may change.
#[derive(Clone)]
pub(super) struct Row {
    index: usize,
    key: u32,
    changed: ArcTrigger,
}

impl Row {
    fn of(index: usize, block: &Block) -> Self {
        Self { index, key: block.key, changed: ArcTrigger::new() }
    }

    /// Names the row in the list, by its place too: so it is found at once.
    fn name(&self) -> String {
        format!("{}.{}", self.index, self.key)
    }

    /// The row of that name.
    fn find(rows: &[Self], name: &str) -> Option<Self> {
        let (index, key) = name.split_once('.')?;
        let row = rows.get(index.parse::<usize>().ok()?)?;
        (row.key == key.parse::<u32>().ok()?).then(|| row.clone())
    }

    /// Returns `true` if the block never changes again.
    pub(super) fn is_frozen(&self, document: RwSignal<Document>) -> bool {
        document.with_untracked(|document| self.index < document.frozen())
    }

    /// Reads the row's block; tracks it while it is open, if `read` says that its result may change with it.
    pub(super) fn read<T>(
        &self,
        document: RwSignal<Document>,
        read: impl FnOnce(&BlockKind) -> (T, bool),
    ) -> Option<T> {
        document.with_untracked(|document| {
            let (result, may_change) = read(&document.blocks().get(self.index)?.kind);
            if may_change && self.index >= document.frozen() {
                self.changed.track();
            }
            Some(result)
        })
    }
}

/// Draws one message. Blocks that are closed are drawn once; a change of the text redraws its open end only.
pub(crate) fn markdown_view(text: MarkdownText, labels: MarkdownLabels) -> Node {
    let document = RwSignal::new(Document::default());
    let update = move || {
        let mut first_changed = 0;
        text.0(&mut |text, finished| {
            document.try_update_untracked(|document| first_changed = document.update(text, finished));
        });
        first_changed
    };
    untrack(&update);
    let rows = RwSignal::new(document.with_untracked(|document| {
        document.blocks().iter().enumerate().map(|(index, block)| Row::of(index, block)).collect::<Vec<_>>()
    }));
    Effect::new(move |_| redraw(document, rows, update()));
    let names = move || rows.try_with(|rows| rows.iter().map(Row::name).collect()).unwrap_or_default();
    let block = move |name: String| {
        let row = rows.try_with_untracked(|rows| Row::find(rows, &name)).flatten();
        row.map(|row| block_view(document, row, labels)).into()
    };
    el("div").class("prose").child(list(names, block)).into()
}

/// Brings the page in step with the document, whose blocks from `first_changed` on may be others than before.
fn redraw(document: RwSignal<Document>, rows: RwSignal<Vec<Row>>, first_changed: usize) {
    document.with_untracked(|document| {
        let blocks = document.blocks();
        let keys = |rows: &Vec<Row>, from: usize| -> Vec<u32> {
            rows[from.min(rows.len())..].iter().map(|row| row.key).collect()
        };
        let same = rows.try_with_untracked(|rows| {
            blocks.len() == rows.len()
                && blocks[first_changed..].iter().map(|block| block.key).eq(keys(rows, first_changed))
        });
        if same == Some(false) {
            rows.update(|rows| {
                let open = rows.split_off(first_changed.min(rows.len()));
                let first = rows.len();
                rows.extend(blocks.iter().enumerate().skip(first).map(|(index, block)| {
                    let kept = open.get(index - first).filter(|row| row.key == block.key);
                    kept.cloned().unwrap_or_else(|| Row::of(index, block))
                }));
            });
        }
    });
    let changed =
        rows.try_with_untracked(|rows| rows.iter().skip(first_changed).cloned().collect::<Vec<_>>());
    for row in changed.unwrap_or_default() {
        row.changed.notify();
    }
}

fn block_view(document: RwSignal<Document>, row: Row, labels: MarkdownLabels) -> El {
    let caption = row.read(document, |kind| match kind {
        BlockKind::Code { lang, .. } => (Some(lang.clone()), false),
        BlockKind::Plain(_) => (Some(labels.plain.to_owned()), false),
        BlockKind::Html { .. } => (None, false),
    });
    if let Some(caption) = caption.flatten() {
        return code_view(document, row, &caption, labels);
    }
    let nested = NestedCodes::new(document, &row);
    let html = {
        let (row, nested) = (row.clone(), nested.clone());
        move || {
            nested.ask_for_colours(document, &row);
            row.read(document, |kind| match kind {
                BlockKind::Html { html, codes } => (nested.write(html, codes, labels), true),
                BlockKind::Code { .. } | BlockKind::Plain(_) => (String::new(), false),
            })
        }
    };
    el("div")
        .class("block")
        // Its text, and what a list or a table looks like, have the direction of its first letter.
        .attr("dir", "auto")
        .attr(COLOURED, nested.written)
        .node_ref(nested.element)
        .on("click", move |event: MouseEvent| copy_nested(document, &row, &event, labels))
        .inner_html(move || html().unwrap_or_default())
}

fn code_view(document: RwSignal<Document>, row: Row, caption: &str, labels: MarkdownLabels) -> El {
    let mut caption_html = String::new();
    push_text(&mut caption_html, caption);
    let copied = RwSignal::new(false);
    let label = move || if copied.get() { labels.copied } else { labels.copy };
    let whole = row.clone();
    let copy = move || {
        let text = whole.read(document, |kind| (code(kind).to_owned(), false)).unwrap_or_default();
        spawn_local(async move {
            if copy_text(&text).await {
                copied.set(true);
                set_timeout(move || copied.set(false), Duration::from_secs(2));
            }
        });
    };

    let colours = Coloured::new(document, &row);
    let growing = row.clone();
    let starts = RwSignal::new(vec![0]);
    let chunks = move || {
        growing.read(document, |kind| {
            colours.look_for(kind);
            (starts.update(|starts| extend_chunks(starts, code(kind))), true)
        });
        starts.get_untracked().iter().map(ToString::to_string).collect()
    };
    let chunk = move |start: String| {
        let (row, start) = (row.clone(), start.parse().unwrap_or(0));
        let html = move || {
            let runs = colours.runs.get();
            row.read(document, |kind| {
                let code = code(kind);
                let full = code.get(start..).and_then(full_chunk);
                let mut html = String::new();
                push_code(&mut html, code, start..full.map_or(code.len(), |length| start + length), &runs);
                (html, full.is_none())
            })
        };
        el("span").inner_html(move || html().unwrap_or_default()).into()
    };
    let button = el("button")
        .attr("type", "button")
        .live_attr("aria-label", label)
        .class("copy")
        .on_click(copy)
        .child(live(label));
    let caption = el("figcaption")
        .child(el("span").class("lang").inner_html(move || caption_html.clone()))
        .child(button);
    let code = el("code").attr(COLOURED, colours.written).node_ref(colours.element);
    let code = el("pre").attr("tabindex", "0").child(code.child(list(chunks, chunk)));
    el("figure").class("code").child(caption).child(code)
}

/// Copies the code block whose button was clicked, if one was.
#[cfg(feature = "hydrate")]
fn copy_nested(document: RwSignal<Document>, row: &Row, event: &MouseEvent, labels: MarkdownLabels) {
    let closest = |element: &Element, selector| element.closest(selector).ok().flatten();
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(button) = target.and_then(|target| closest(&target, "button.copy")) else { return };
    let Some(buttons) =
        closest(&button, ".block").and_then(|block| block.query_selector_all("button.copy").ok())
    else {
        return;
    };
    let index = (0..buttons.length()).find(|index| buttons.item(*index).as_ref() == Some(button.as_ref()));
    let code = |kind: &BlockKind| match (kind, index) {
        (BlockKind::Html { codes, .. }, Some(index)) => {
            codes.get(index as usize).map(|code| code.text.clone())
        }
        _ => None,
    };
    let Some(text) = row.read(document, |kind| (code(kind), false)).flatten() else { return };
    spawn_local(async move {
        if copy_text(&text).await {
            let label = move |label: &str| {
                button.set_text_content(Some(label));
                // The label is an attribute of the button's.
                let _ = button.set_attribute("aria-label", label);
            };
            label(labels.copied);
            set_timeout(move || label(labels.copy), Duration::from_secs(2));
        }
    });
}

/// There are no clicks on the server.
#[cfg(not(feature = "hydrate"))]
fn copy_nested(_: RwSignal<Document>, _: &Row, _: &MouseEvent, _: MarkdownLabels) {}

/// The colours of a code block: there are none before it is closed.
#[derive(Clone, Copy)]
struct Coloured {
    colours: Option<HighlightCache>,
    runs: RwSignal<Runs>,
    /// They are known, even if there are none.
    known: bool,
    /// The server writes them.
    written: bool,
    element: ElementRef,
}

impl Coloured {
    /// As far as they are known already.
    fn new(document: RwSignal<Document>, row: &Row) -> Self {
        let colours = use_context::<HighlightCache>();
        let find = |kind: &BlockKind| match kind {
            BlockKind::Code { lang, text, closed: true } => {
                (colours.and_then(|colours| colours.known(key(lang, text))), false)
            }
            _ => (None, false),
        };
        let runs = row.read(document, find).flatten();
        let known = runs.is_some();
        let written = known && cfg!(not(feature = "hydrate"));
        let runs = RwSignal::new(runs.as_deref().map(Runs::read).unwrap_or_default());
        Self { colours, runs, known, written, element: ElementRef::new() }
    }

    /// Asks for them, once the block is closed; in the browser only.
    fn look_for(self, kind: &BlockKind) {
        if let (BlockKind::Code { lang, text, closed: true }, Some(colours)) = (kind, self.colours)
            && cfg!(feature = "hydrate")
            && !self.known
            && may_have(lang, text)
        {
            colours.ask(lang, text, self.runs, self.element);
        }
    }
}

fn code(kind: &BlockKind) -> &str {
    match kind {
        BlockKind::Code { text, .. } | BlockKind::Plain(text) => text,
        BlockKind::Html { .. } => "",
    }
}

/// Lines of code that one node of the page shows.
const CHUNK_LINES: usize = 200;
/// Bytes after which a chunk is full all the same: minified code has long lines.
const CHUNK_BYTES: usize = 32 * 1024;

/// Appends to `starts` where chunks begin that `code`, which has grown, has by now.
fn extend_chunks(starts: &mut Vec<usize>, code: &str) {
    let mut start = starts.last().copied().unwrap_or_default();
    while let Some(length) = code.get(start..).and_then(full_chunk) {
        start += length;
        starts.push(start);
    }
}

/// The length of the first chunk of `code` if it is full, and so stays as it is whatever follows.
fn full_chunk(code: &str) -> Option<usize> {
    let limit = code.floor_char_boundary(CHUNK_BYTES);
    let lines = code.as_bytes()[..limit].iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
    match lines.map(|(at, _)| at + 1).nth(CHUNK_LINES - 1) {
        None if limit < code.len() => Some(limit),
        full => full,
    }
}

#[cfg(all(test, feature = "ssr"))]
#[path = "view_tests.rs"]
mod tests;

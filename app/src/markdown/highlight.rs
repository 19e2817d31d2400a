//! Syntax highlighting of code blocks.
//!
//! The server splits the code into runs of equally coloured text; the page generates spans from the runs. A page that the
//! server renders is written with the runs of its code. The browser requests those of all other blocks: once for each
//! block, and in batches.

use std::{ops::Range, sync::Arc, time::Duration};

use codex_gateway_wire::highlight::{MAX_CODE_BYTES, MAX_SNIPPETS, PLAIN, is_known, read_runs};
use leptos::{html::ElementType, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::{blocks::hash, escape::push_text};
use crate::server_fns;

/// The maximum number of blocks in the cache. Blocks are drawn again when the reader scrolls back to them.
const MAX_CACHED_BLOCKS: usize = 400;
/// The maximum number of blocks that wait for a request.
const MAX_QUEUED_BLOCKS: usize = 400;
/// The maximum size of the code in one request. As JSON it must fit into the 512 KiB that the server accepts.
const MAX_BATCH_BYTES: usize = 200 * 1024;
/// How long a request waits for more blocks.
const BATCH_DELAY: Duration = Duration::from_millis(80);

/// The runs of blocks that are known to the page, and the queue of blocks whose runs are requested.
#[derive(Clone, Copy)]
pub(crate) struct HighlightCache(RwSignal<CacheState>);

/// Encoded runs of blocks, each with its block's key.
pub(crate) type KnownRuns = Vec<(u64, String)>;

#[derive(Default)]
struct CacheState {
    /// The oldest first.
    known: KnownRuns,
    queue: Vec<QueuedBlock>,
    /// `true` while a request is scheduled or under way.
    is_requesting: bool,
}

/// A block that waits for a request.
struct QueuedBlock {
    /// The language, a line break, and the code.
    source: String,
    /// Receives the runs.
    runs: RwSignal<Runs>,
    /// Returns `true` if the block needs no runs any more.
    is_obsolete: Box<dyn Fn() -> bool + Send + Sync>,
}

/// Returns the highlights that a page is rendered with. Empty in the browser, whose document contains them already.
pub(crate) fn initial_highlights() -> KnownRuns {
    #[cfg(feature = "ssr")]
    return use_context::<super::PageHighlights>().unwrap_or_default().0;
    #[cfg(not(feature = "ssr"))]
    return Vec::new();
}

/// Returns the key of a code block in the cache.
pub(crate) fn block_key(lang: &str, code: &str) -> u64 {
    hash(hash(hash(0, lang), "\n"), code)
}

/// Returns `true` if the server highlights such code.
pub(crate) fn is_highlightable(lang: &str, code: &str) -> bool {
    !code.is_empty() && code.len() <= MAX_CODE_BYTES && is_known(lang)
}

/// Returns `true` if the server has written the element's code with its runs.
///
/// Also returns `true` if the page with the element is left.
pub(super) fn is_highlighted_by_server<E>(element: NodeRef<E>) -> bool
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    let Some(element) = element.try_get_untracked() else { return true };
    element.is_some_and(|element| {
        element.unchecked_ref::<web_sys::Element>().has_attribute(HIGHLIGHTED_ATTRIBUTE)
    })
}

/// Marks elements whose code the server has written with its runs.
const HIGHLIGHTED_ATTRIBUTE: &str = "data-coloured";

impl HighlightCache {
    /// Provides a cache that holds `known`.
    pub(crate) fn provide(known: KnownRuns) {
        provide_context(Self(RwSignal::new(CacheState { known, ..CacheState::default() })));
    }

    /// Returns the encoded runs of a block; `None` if they are not known.
    pub(crate) fn get(self, key: u64) -> Option<String> {
        let find = |state: &CacheState| {
            state.known.iter().find(|(known, _)| *known == key).map(|(_, runs)| runs.clone())
        };
        self.0.try_with_untracked(find).flatten()
    }

    /// Requests the runs of a block, unless `is_obsolete` returns `true` by the time of the request.
    ///
    /// Does nothing if the queue is full: the block stays without colours.
    pub(crate) fn request(
        self,
        lang: &str,
        code: &str,
        runs: RwSignal<Runs>,
        is_obsolete: impl Fn() -> bool + Send + Sync + 'static,
    ) {
        if self.0.try_with_untracked(|state| state.queue.len() >= MAX_QUEUED_BLOCKS) == Some(true) {
            return;
        }
        let block =
            QueuedBlock { source: [lang, "\n", code].concat(), runs, is_obsolete: Box::new(is_obsolete) };
        let is_first = self.0.try_update(|state| {
            state.queue.push(block);
            !std::mem::replace(&mut state.is_requesting, true)
        });
        if is_first == Some(true) {
            set_timeout(move || self.send_batches(), BATCH_DELAY);
        }
    }

    /// Sends one request after the other until the queue is empty.
    fn send_batches(self) {
        let mut batch = self.0.try_update(|state| std::mem::take(&mut state.queue)).unwrap_or_default();
        batch.retain(|block| {
            // An equal block may have been part of an earlier batch.
            let known = self.get(hash(0, &block.source));
            let is_settled = known.is_some() || (block.is_obsolete)();
            if let Some(runs) = known {
                block.runs.set(Runs::parse(&runs));
            }
            !is_settled
        });
        let rest = batch.split_off(batch_len(&batch));
        self.0.update(|state| (state.queue, state.is_requesting) = (rest, !batch.is_empty()));
        if batch.is_empty() {
            return;
        }
        spawn_local(async move {
            let sources = batch.iter().map(|block| block.source.clone()).collect();
            // A failure is not reported: the code is readable without colours.
            let found = server_fns::highlight_code(sources).await.unwrap_or_default();
            for (block, runs) in batch.into_iter().zip(found) {
                self.0.update(|state| {
                    if state.known.len() >= MAX_CACHED_BLOCKS {
                        state.known.remove(0);
                    }
                    state.known.push((hash(0, &block.source), runs.clone()));
                });
                block.runs.set(Runs::parse(&runs));
            }
            self.send_batches();
        });
    }
}

/// Returns how many blocks fit into one request; at least one, if there is one.
fn batch_len(queue: &[QueuedBlock]) -> usize {
    let mut bytes = 0;
    let fitting = queue.iter().take(MAX_SNIPPETS).take_while(|block| {
        bytes += block.source.len();
        bytes <= MAX_BATCH_BYTES
    });
    fitting.count().max(1).min(queue.len())
}

/// The runs of a code block, each with its token and its end.
///
/// The ends are absolute, so that the runs of a part of the code are found by binary search.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs(Arc<[(char, usize)]>);

impl Runs {
    /// Parses runs as the server encodes them.
    pub(crate) fn parse(runs: &str) -> Self {
        let ends = read_runs(runs).scan(0_usize, |end, (token, bytes)| {
            *end = end.saturating_add(bytes);
            Some((token, *end))
        });
        Self(ends.collect())
    }

    /// Returns the runs in a part of the code, cut to the part.
    fn within(&self, part: Range<usize>) -> impl Iterator<Item = (char, Range<usize>)> {
        let first = self.0.partition_point(|(_, end)| *end <= part.start);
        let mut start = part.start;
        let runs = self.0[first..].iter().map(move |(token, end)| {
            let run = start..(*end).min(part.end);
            start = *end;
            (*token, run)
        });
        runs.take_while(move |(_, run)| run.start < part.end).filter(|(_, run)| !run.is_empty())
    }
}

/// Appends a part of the code as HTML with spans for the runs of the whole code.
///
/// From the first run that does not fit the code, the code is appended without spans.
pub(crate) fn push_highlighted(html: &mut String, code: &str, part: Range<usize>, runs: &Runs) {
    let mut written = part.start;
    for (token, run) in runs.within(part.clone()) {
        let Some(text) = code.get(run.clone()) else { break };
        written = run.end;
        if token == PLAIN {
            push_text(html, text);
            continue;
        }
        html.push_str("<span class=\"hl-");
        html.push(token);
        html.push_str("\">");
        push_text(html, text);
        html.push_str("</span>");
    }
    push_text(html, code.get(written..part.end).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(code: &str, part: Range<usize>, runs: &str) -> String {
        let mut html = String::new();
        push_highlighted(&mut html, code, part, &Runs::parse(runs));
        html
    }

    #[test]
    fn run_is_written_as_span() {
        let code = "fn a<T>";
        assert_eq!(
            html(code, 0..7, "k2_1f1"),
            "<span class=\"hl-k\">fn</span> <span class=\"hl-f\">a</span>&lt;T&gt;"
        );
        assert_eq!(html(code, 0..7, ""), "fn a&lt;T&gt;");
    }

    #[test]
    fn part_of_code_has_its_part_of_the_runs() {
        let code = "\"a\nb\" c";
        assert_eq!(html(code, 0..3, "s5"), "<span class=\"hl-s\">&quot;a\n</span>");
        assert_eq!(html(code, 3..7, "s5"), "<span class=\"hl-s\">b&quot;</span> c");
        assert_eq!(html(code, 5..7, "s5"), " c");
    }

    #[test]
    fn runs_that_do_not_fit_keep_the_text() {
        for runs in ["k1", "k3", "_1k1", "k999", "k18446744073709551615k9", "k1k1k1"] {
            let text = html("é<漢", 0..6, runs).replace("<span class=\"hl-k\">", "").replace("</span>", "");
            assert_eq!(text, "é&lt;漢", "{runs}");
        }
    }

    #[test]
    fn hidden_character_in_run_is_marked() {
        let hidden = html("a\u{202E}b", 0..5, "s5");
        assert_eq!(hidden, "<span class=\"hl-s\">a<span class=\"bidi\">U+202E</span>b</span>");
    }
}

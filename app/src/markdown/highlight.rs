//! Colours for code blocks. The server finds the tokens; here they become spans around the text that the page has.
//!
//! A page that the server renders has its colours in it. What closes later, or comes without being rendered there,
//! is asked for: once for each block, and together for all that close within a moment.

use std::{ops::Range, sync::Arc, time::Duration};

use codex_gateway_wire::highlight::{MAX_CODE_BYTES, MAX_SNIPPETS, PLAIN, is_known, read_runs};
use leptos::{prelude::*, task::spawn_local};

use super::{blocks::hash, escape::push_text};
use crate::{node::ElementRef, server_fns};

/// How many blocks' colours are kept, for when they are drawn again.
const KEPT: usize = 400;
/// How much code is sent at once, in bytes. As JSON it has to fit into the 512 KiB that the server takes.
const MAX_BATCH_BYTES: usize = 200 * 1024;
/// How long others may join before the server is asked.
const BATCH_DELAY: Duration = Duration::from_millis(80);

/// The colours that are known on this page, and those that are asked for.
#[derive(Clone, Copy)]
pub(crate) struct HighlightCache(RwSignal<CacheState>);

/// Runs of blocks, by the hash of the block.
pub(crate) type Known = Vec<(u64, String)>;

#[derive(Default)]
struct CacheState {
    known: Known,
    wanted: Vec<Wanted>,
    /// The server is being asked, or about to.
    asking: bool,
}

/// A block without colours.
struct Wanted {
    /// The language, a line break, and the code.
    source: String,
    runs: RwSignal<Runs>,
    /// The element of a block that the server may have coloured.
    element: ElementRef,
}

/// Names a block by its content.
pub(crate) fn key(lang: &str, code: &str) -> u64 {
    hash(hash(hash(0, lang), "\n"), code)
}

/// Whether a block may have colours.
pub(crate) fn may_have(lang: &str, code: &str) -> bool {
    !code.is_empty() && code.len() <= MAX_CODE_BYTES && is_known(lang)
}

impl HighlightCache {
    /// With those that are known at the beginning.
    pub(crate) fn provide(known: Known) {
        provide_context(Self(RwSignal::new(CacheState { known, ..CacheState::default() })));
    }

    /// The runs of a block, if they are known.
    pub(crate) fn known(self, key: u64) -> Option<String> {
        let find = |shelf: &CacheState| {
            shelf.known.iter().find(|(known, _)| *known == key).map(|(_, runs)| runs.clone())
        };
        self.0.try_with_untracked(find).flatten()
    }

    /// Asks for the runs of a block. If the server has coloured its element already, that is left as it is. While many
    /// wait, others stay without colours.
    pub(crate) fn ask(self, lang: &str, code: &str, runs: RwSignal<Runs>, element: ElementRef) {
        if self.0.try_with_untracked(|shelf| shelf.wanted.len() >= KEPT) == Some(true) {
            return;
        }
        let wanted = Wanted { source: [lang, "\n", code].concat(), runs, element };
        let first = self.0.try_update(|shelf| {
            shelf.wanted.push(wanted);
            !std::mem::replace(&mut shelf.asking, true)
        });
        if first == Some(true) {
            set_timeout(move || self.send(), BATCH_DELAY);
        }
    }

    /// Asks for what is wanted and not known by now; there is one request at a time.
    fn send(self) {
        let mut batch = self.0.try_update(|shelf| std::mem::take(&mut shelf.wanted)).unwrap_or_default();
        batch.retain(|wanted| {
            let known = self.known(hash(0, &wanted.source));
            // The page that it was on may be gone by now.
            let coloured = match wanted.element.try_get_untracked() {
                Some(element) => element.is_some_and(|element| element.has_attribute(COLOURED)),
                None => true,
            };
            let settled = known.is_some() || coloured;
            if let Some(runs) = known {
                wanted.runs.set(Runs::read(&runs));
            }
            !settled
        });
        let rest = batch.split_off(batch_len(&batch));
        self.0.update(|shelf| (shelf.wanted, shelf.asking) = (rest, !batch.is_empty()));
        if batch.is_empty() {
            return;
        }
        spawn_local(async move {
            let sources = batch.iter().map(|wanted| wanted.source.clone()).collect();
            // Without colours it can be read as well: what went wrong is not worth a word.
            let found = server_fns::highlight_code(sources).await.unwrap_or_default();
            for (wanted, runs) in batch.into_iter().zip(found) {
                self.0.update(|shelf| {
                    if shelf.known.len() >= KEPT {
                        shelf.known.remove(0);
                    }
                    shelf.known.push((hash(0, &wanted.source), runs.clone()));
                });
                wanted.runs.set(Runs::read(&runs));
            }
            self.send();
        });
    }
}

/// How many pieces of code are sent at once: as many as the server takes, at least one.
fn batch_len(wanted: &[Wanted]) -> usize {
    let mut bytes = 0;
    let fitting = wanted.iter().take(MAX_SNIPPETS).take_while(|wanted| {
        bytes += wanted.source.len();
        bytes <= MAX_BATCH_BYTES
    });
    fitting.count().max(1).min(wanted.len())
}

/// Says of an element that the server has coloured it.
pub(super) const COLOURED: &str = "data-coloured";

/// The runs of a block of code, each with its token and where it ends: a part of the code finds its own at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs(Arc<[(char, usize)]>);

impl Runs {
    /// Reads runs as the server tells them.
    pub(crate) fn read(runs: &str) -> Self {
        let ends = read_runs(runs).scan(0_usize, |end, (token, bytes)| {
            *end = end.saturating_add(bytes);
            Some((token, *end))
        });
        Self(ends.collect())
    }

    /// The runs that reach into a part of the code: tokens, and where they are in it.
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

/// Appends a part of the code as HTML, coloured as the runs of the whole code say. What they do not fit has none.
pub(crate) fn push_code(html: &mut String, code: &str, part: Range<usize>, runs: &Runs) {
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
        push_code(&mut html, code, part, &Runs::read(runs));
        html
    }

    #[test]
    fn runs_become_spans() {
        let code = "fn a<T>";
        assert_eq!(
            html(code, 0..7, "k2_1f1"),
            "<span class=\"hl-k\">fn</span> <span class=\"hl-f\">a</span>&lt;T&gt;"
        );
        assert_eq!(html(code, 0..7, ""), "fn a&lt;T&gt;");
    }

    #[test]
    fn a_part_has_its_part_of_the_runs() {
        let code = "\"a\nb\" c";
        assert_eq!(html(code, 0..3, "s5"), "<span class=\"hl-s\">&quot;a\n</span>");
        assert_eq!(html(code, 3..7, "s5"), "<span class=\"hl-s\">b&quot;</span> c");
        assert_eq!(html(code, 5..7, "s5"), " c");
    }

    #[test]
    fn runs_of_other_code_do_no_harm() {
        for runs in ["k1", "k3", "_1k1", "k999", "k18446744073709551615k9", "k1k1k1"] {
            let text = html("é<漢", 0..6, runs).replace("<span class=\"hl-k\">", "").replace("</span>", "");
            assert_eq!(text, "é&lt;漢", "{runs}");
        }
    }

    #[test]
    fn what_code_hides_is_shown_in_colours_too() {
        let hidden = html("a\u{202E}b", 0..5, "s5");
        assert_eq!(hidden, "<span class=\"hl-s\">a<span class=\"bidi\">U+202E</span>b</span>");
    }
}

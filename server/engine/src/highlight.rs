//! Syntax highlighting: finds the tokens in a piece of code.
//!
//! Grammars are regular expressions, and the code comes from the model. So the length and the time are limited, the
//! work runs on blocking threads, and results are cached.

mod cache;
mod scopes;

use std::{
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use codex_gateway_wire::highlight::{MAX_CODE_BYTES, MAX_SNIPPETS, PLAIN, is_known, push_run};
use syntect::{
    parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet},
    util::LinesWithEndings,
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use self::{cache::Cache, scopes::Scopes};

/// The maximum length of a line, in bytes. The time limit is checked between lines. Within a line, a pattern can take
/// quadratic time: up to 3 s for 2,000 spaces, and a quarter of a second for this length.
const MAX_LINE_BYTES: usize = 500;
/// The maximum number of concurrent batches.
const MAX_WORKERS: usize = 2;

/// Names of languages that their grammars do not know, and the names that they know.
const ALIASES: &[(&str, &str)] = &[
    ("cjs", "js"),
    ("csharp", "cs"),
    ("docker", "dockerfile"),
    ("fsharp", "fs"),
    ("golang", "go"),
    ("json5", "js"),
    ("jsonc", "js"),
    ("jsx", "tsx"),
    ("mjs", "js"),
    ("objc", "m"),
    ("python3", "py"),
    ("shell", "sh"),
];

/// Limits on the time of highlighting.
#[derive(Clone, Copy, Debug)]
struct Budget {
    /// The limit for one snippet. The rest of the snippet stays plain.
    snippet: Duration,
    /// The limit after which no further snippet of a batch is started.
    batch: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { snippet: Duration::from_millis(250), batch: Duration::from_millis(500) }
    }
}

struct Grammars {
    set: SyntaxSet,
    scopes: Scopes,
}

/// Loaded on first use.
static GRAMMARS: LazyLock<Grammars> =
    LazyLock::new(|| Grammars { set: two_face::syntax::extra_newlines(), scopes: Scopes::new() });

/// A piece of code in one language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snippet {
    /// The name of the language.
    pub lang: String,
    /// The code.
    pub code: String,
}

/// Highlights code. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Highlighter {
    cache: Arc<Mutex<Cache>>,
    workers: Arc<Semaphore>,
    budget: Budget,
}

impl Default for Highlighter {
    fn default() -> Self {
        Self {
            cache: Arc::default(),
            workers: Arc::new(Semaphore::new(MAX_WORKERS)),
            budget: Budget::default(),
        }
    }
}

impl Highlighter {
    /// Returns the runs of each snippet (see [`codex_gateway_wire::highlight`]). `None` if the language is unknown, the
    /// snippet is too long, or `max_wait` has passed.
    ///
    /// Work that has started continues after `max_wait`, and its results are cached for the next call. At most [`MAX_SNIPPETS`]
    /// snippets that are not cached are highlighted.
    pub async fn highlight(&self, snippets: Vec<Snippet>, max_wait: Duration) -> Vec<Option<Arc<str>>> {
        let mut found: Vec<_> = snippets.iter().map(|snippet| self.cached(snippet)).collect();
        let missing = |(at, snippet): (usize, Snippet)| {
            let is_wanted =
                found[at].is_none() && is_known(&snippet.lang) && snippet.code.len() <= MAX_CODE_BYTES;
            is_wanted.then_some((at, snippet))
        };
        let missing: Vec<_> =
            snippets.into_iter().enumerate().filter_map(missing).take(MAX_SNIPPETS).collect();
        if missing.is_empty() {
            return found;
        }
        let (workers, cache, budget) = (Arc::clone(&self.workers), Arc::clone(&self.cache), self.budget);
        // If the caller gives up before the work has started, the work is dropped.
        let work = async {
            let permit = workers.acquire_owned().await.ok()?;
            let batch = move || {
                // Held by the blocking thread, which cannot be stopped.
                let _permit = permit;
                highlight_batch(&cache, missing, budget)
            };
            spawn_blocking(batch).await.ok()
        };
        for (at, runs) in timeout(max_wait, work).await.ok().flatten().unwrap_or_default() {
            found[at] = Some(runs);
        }
        found
    }

    fn cached(&self, snippet: &Snippet) -> Option<Arc<str>> {
        lock(&self.cache).get(snippet)
    }
}

fn lock(cache: &Mutex<Cache>) -> std::sync::MutexGuard<'_, Cache> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

fn highlight_batch(
    cache: &Mutex<Cache>,
    snippets: Vec<(usize, Snippet)>,
    budget: Budget,
) -> Vec<(usize, Arc<str>)> {
    let start = Instant::now();
    let mut done = Vec::new();
    for (at, snippet) in snippets {
        if start.elapsed() > budget.batch {
            break;
        }
        let Some(syntax) = grammar(&snippet.lang) else { continue };
        let runs: Arc<str> = runs(syntax, &snippet.code, Instant::now() + budget.snippet).into();
        lock(cache).put(snippet, Arc::clone(&runs));
        done.push((at, runs));
    }
    done
}

fn grammar(lang: &str) -> Option<&'static SyntaxReference> {
    let lang = lang.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == lang).map(|(_, name)| *name);
    GRAMMARS.set.find_syntax_by_token(alias.unwrap_or(&lang))
}

/// Returns the runs of the code. The code after the deadline stays plain.
fn runs(syntax: &SyntaxReference, code: &str, deadline: Instant) -> String {
    let Grammars { set, scopes } = &*GRAMMARS;
    let mut runs = RunWriter::default();
    let (mut parser, mut stack) = (ParseState::new(syntax), ScopeStack::new());
    for line in LinesWithEndings::from(code) {
        if line.len() > MAX_LINE_BYTES || Instant::now() > deadline {
            break;
        }
        let Ok(changes) = parser.parse_line(line, set) else { break };
        let mut from = 0;
        for (at, change) in changes {
            runs.add(scopes.token(&stack), at - from);
            from = at;
            if stack.apply(&change).is_err() {
                return runs.finish();
            }
        }
        runs.add(scopes.token(&stack), line.len() - from);
    }
    runs.finish()
}

/// Writes runs, and merges neighbours of the same token.
#[derive(Default)]
struct RunWriter {
    text: String,
    last: Option<(char, usize)>,
}

impl RunWriter {
    fn add(&mut self, token: char, bytes: usize) {
        if bytes == 0 {
            return;
        }
        match &mut self.last {
            Some((last, length)) if *last == token => *length += bytes,
            last => {
                if let Some((token, bytes)) = last.replace((token, bytes)) {
                    push_run(&mut self.text, token, bytes);
                }
            }
        }
    }

    /// Returns the text, without a plain run at the end.
    fn finish(mut self) -> String {
        if let Some((token, bytes)) = self.last.filter(|(token, _)| *token != PLAIN) {
            push_run(&mut self.text, token, bytes);
        }
        self.text
    }
}

#[cfg(test)]
#[path = "highlight/tests.rs"]
mod tests;

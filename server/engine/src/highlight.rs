//! Colours for code: what the tokens of a piece of code are.
//!
//! Grammars are regular expressions, and the code is the model's: so both its length and the time are bounded, the
//! work is done beside the runtime, and what was found is kept for who asks again.

mod cache;
mod scopes;

use std::{
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use codex_gateway_wire::highlight::{LARGEST, MOST, PLAIN, is_known, push_run};
use syntect::{
    parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet},
    util::LinesWithEndings,
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use self::{cache::Cache, scopes::Scopes};

/// The longest line that is looked at, in bytes. Time is looked at between lines; within one, a pattern that goes
/// astray takes a time that grows with the square of it: up to 3 s for 2000 spaces, a quarter of a second for these.
const LONGEST_LINE: usize = 500;
/// How many batches are worked on at the same time.
const WORKERS: usize = 2;

/// What languages are called that their grammars do not call themselves.
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

/// How much time it may take.
#[derive(Clone, Copy, Debug)]
struct Budget {
    /// One piece of code; what comes later in it has no colours.
    one: Duration,
    /// A batch of them, until its last piece is begun.
    batch: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { one: Duration::from_millis(250), batch: Duration::from_millis(500) }
    }
}

struct Grammars {
    set: SyntaxSet,
    scopes: Scopes,
}

/// Loaded when the first code is highlighted.
static GRAMMARS: LazyLock<Grammars> =
    LazyLock::new(|| Grammars { set: two_face::syntax::extra_newlines(), scopes: Scopes::new() });

/// A piece of code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snippet {
    /// The name of its language.
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
        Self { cache: Arc::default(), workers: Arc::new(Semaphore::new(WORKERS)), budget: Budget::default() }
    }
}

impl Highlighter {
    /// The runs of each piece (see [`codex_gateway_wire::highlight`]); none of one whose language is not known, that
    /// is too long, or that there was no time for: work that has begun goes on after one's patience has
    /// ended, for who asks again. At most [`MOST`] pieces are looked at that nobody has asked for lately.
    pub async fn highlight(&self, snippets: Vec<Snippet>, patience: Duration) -> Vec<Option<Arc<str>>> {
        let mut found: Vec<_> = snippets.iter().map(|snippet| self.cached(snippet)).collect();
        let missing = |(at, snippet): (usize, Snippet)| {
            let wanted = found[at].is_none() && is_known(&snippet.lang) && snippet.code.len() <= LARGEST;
            wanted.then_some((at, snippet))
        };
        let missing: Vec<_> = snippets.into_iter().enumerate().filter_map(missing).take(MOST).collect();
        if missing.is_empty() {
            return found;
        }
        let (workers, cache, budget) = (Arc::clone(&self.workers), Arc::clone(&self.cache), self.budget);
        // Whoever gives up before it has begun takes their code with them.
        let work = async {
            let place = workers.acquire_owned().await.ok()?;
            let batch = move || {
                // Held by the work itself: it cannot be stopped.
                let _place = place;
                batch(&cache, missing, budget)
            };
            spawn_blocking(batch).await.ok()
        };
        for (at, runs) in timeout(patience, work).await.ok().flatten().unwrap_or_default() {
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

fn batch(cache: &Mutex<Cache>, snippets: Vec<(usize, Snippet)>, budget: Budget) -> Vec<(usize, Arc<str>)> {
    let start = Instant::now();
    let mut done = Vec::new();
    for (at, snippet) in snippets {
        if start.elapsed() > budget.batch {
            break;
        }
        let Some(syntax) = grammar(&snippet.lang) else { continue };
        let runs: Arc<str> = runs(syntax, &snippet.code, Instant::now() + budget.one).into();
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

/// The runs of the code, as far as they were found until then.
fn runs(syntax: &SyntaxReference, code: &str, until: Instant) -> String {
    let Grammars { set, scopes } = &*GRAMMARS;
    let mut runs = Runs::default();
    let (mut parser, mut stack) = (ParseState::new(syntax), ScopeStack::new());
    for line in LinesWithEndings::from(code) {
        if line.len() > LONGEST_LINE || Instant::now() > until {
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

/// Runs that are being written; neighbours of the same token are one.
#[derive(Default)]
struct Runs {
    text: String,
    last: Option<(char, usize)>,
}

impl Runs {
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

    /// What is plain at the end need not be said.
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

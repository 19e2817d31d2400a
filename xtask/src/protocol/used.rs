//! What of codex's protocol the gateway's sources name.
//!
//! Nobody keeps a list: every identifier and every word of a text that stands in the code which knows codex's JSON
//! counts, `like_this` also as `likeThis`. So a method or a field that is used is never missed. A field of somebody
//! else's that has the name of one of ours is counted too, which can only make us look once more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::project::{files_below, root};

/// Where codex's JSON is known.
const PLACES: [&str; 5] = [
    "server/wire/src",
    "server/engine/src/bridge",
    "server/engine/src/requests",
    "server/engine/src/session",
    "server/engine/src/sessions",
];

/// The methods and words that the sources name.
#[derive(Default)]
pub(crate) struct Used {
    texts: BTreeSet<String>,
    words: BTreeSet<String>,
    #[cfg(test)]
    requests: BTreeSet<String>,
}

impl Used {
    /// Reads the sources.
    pub(crate) fn read() -> Result<Self> {
        let mut used = Self::default();
        for place in PLACES {
            for file in files_below(&root().join(place))? {
                used.add(&source(&file)?);
            }
        }
        Ok(used)
    }

    /// What a source names: for tests.
    #[cfg(test)]
    pub(crate) fn of(source: &str) -> Self {
        let mut used = Self::default();
        used.add(source);
        used
    }

    /// Whether a method is: its name stands there as a text of its own.
    pub(crate) fn method(&self, name: &str) -> bool {
        self.texts.contains(name)
    }

    /// Whether a field or a value is.
    pub(crate) fn word(&self, name: &str) -> bool {
        self.words.contains(name) || self.texts.contains(name)
    }

    /// The requests that are declared in the sources: `request!(ThreadStart = "thread/start" -> …`.
    #[cfg(test)]
    pub(crate) fn requests(&self) -> impl Iterator<Item = &str> {
        self.requests.iter().map(String::as_str)
    }

    fn add(&mut self, source: &str) {
        for line in source.lines().take_while(|line| !line.starts_with("#[cfg(test)]")) {
            // Names in comments are not used. (No text of ours has two slashes that matter.)
            let code = line.split("//").next().unwrap_or_default();
            #[cfg(test)]
            if let Some((_, request)) = code.split_once("request!(").filter(|_| !code.contains('$')) {
                self.requests.extend(request.split('"').nth(1).map(str::to_owned));
            }
            self.texts.extend(code.split('"').skip(1).step_by(2).map(str::to_owned));
            for word in code.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
                self.words.insert(camel_case(word, false));
                // A variant of an enum is a word as well.
                self.words.insert(camel_case(word, true));
                self.words.insert(word.to_owned());
            }
        }
    }
}

fn source(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// `likeThis` of `like_this`, and with `lower` of `LikeThis`.
fn camel_case(word: &str, lower: bool) -> String {
    let mut upper = false;
    let mut camel = String::with_capacity(word.len());
    for (at, letter) in word.chars().enumerate() {
        match letter {
            '_' if at > 0 => upper = true,
            letter if upper => {
                camel.extend(letter.to_uppercase());
                upper = false;
            }
            letter if at == 0 && lower => camel.extend(letter.to_lowercase()),
            letter => camel.push(letter),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::Used;

    #[test]
    fn what_stands_in_the_code_is_used_and_what_stands_in_comments_and_tests_is_not() {
        let used = Used::of(
            "/// Of `thread/moon`\nrequest!(ThreadStart = \"thread/start\" -> X); // no_comment\n\
             pub last_turn_id: u8, enum Kind { AgentMessage }\n#[cfg(test)]\nmod tests { only_here }",
        );
        assert!(used.method("thread/start") && !used.method("thread/moon") && !used.method("lastTurnId"));
        for word in ["lastTurnId", "last_turn_id", "agentMessage", "ThreadStart"] {
            assert!(used.word(word), "{word}");
        }
        assert!(!used.word("noComment") && !used.word("onlyHere"));
    }
}

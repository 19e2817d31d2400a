//! Finds the names of codex's protocol that the gateway's sources use.
//!
//! There is no list to maintain. Every identifier and every string in the code that reads codex's JSON counts as a used name,
//! `like_this` also as `likeThis`. So no used method or field is missed. An unrelated field with the same name counts too,
//! which only makes the report longer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::project::{files_below, root};

/// The directories of the code that reads codex's JSON.
const SOURCES: [&str; 5] = [
    "server/wire/src",
    "server/client/src",
    "server/engine/src/server_requests",
    "server/engine/src/session",
    "server/engine/src/sessions",
];

/// The names that the sources use.
#[derive(Default)]
pub(crate) struct UsedNames {
    /// String literals.
    strings: BTreeSet<String>,
    /// Identifiers, as written and in camel case.
    identifiers: BTreeSet<String>,
    /// The methods of `request!` declarations.
    #[cfg(test)]
    requests: BTreeSet<String>,
}

impl UsedNames {
    /// Reads the sources.
    pub(crate) fn read() -> Result<Self> {
        let mut used = Self::default();
        for dir in SOURCES {
            for file in files_below(&root().join(dir))? {
                used.add(&source(&file)?);
            }
        }
        Ok(used)
    }

    /// Reads one source text.
    #[cfg(test)]
    pub(crate) fn of_source(source: &str) -> Self {
        let mut used = Self::default();
        used.add(source);
        used
    }

    /// Returns `true` if a method is used: its name is a string literal.
    pub(crate) fn method(&self, name: &str) -> bool {
        self.strings.contains(name)
    }

    /// Returns `true` if a field, a variant or a value is used.
    pub(crate) fn name(&self, name: &str) -> bool {
        self.identifiers.contains(name) || self.strings.contains(name)
    }

    /// Returns the methods that the sources declare: `request!(ThreadStart = "thread/start" -> …`.
    #[cfg(test)]
    pub(crate) fn requests(&self) -> impl Iterator<Item = &str> {
        self.requests.iter().map(String::as_str)
    }

    fn add(&mut self, source: &str) {
        for line in source.lines().take_while(|line| !line.starts_with("#[cfg(test)]")) {
            // Names in comments do not count. (No relevant string contains two slashes.)
            let code = line.split("//").next().unwrap_or_default();
            #[cfg(test)]
            if let Some((_, request)) = code.split_once("request!(").filter(|_| !code.contains('$')) {
                self.requests.extend(request.split('"').nth(1).map(str::to_owned));
            }
            self.strings.extend(code.split('"').skip(1).step_by(2).map(str::to_owned));
            for word in code.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
                self.identifiers.insert(camel_case(word, false));
                // Enum variants are serialised in camel case.
                self.identifiers.insert(camel_case(word, true));
                self.identifiers.insert(word.to_owned());
            }
        }
    }
}

fn source(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Converts `like_this` to `likeThis`, and with `lower` also `LikeThis`.
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
    use super::UsedNames;

    #[test]
    fn names_in_code_are_used_and_names_in_comments_and_tests_are_not() {
        let used = UsedNames::of_source(
            "/// Of `thread/moon`\nrequest!(ThreadStart = \"thread/start\" -> X); // no_comment\n\
             pub last_turn_id: u8, enum Kind { AgentMessage }\n#[cfg(test)]\nmod tests { only_here }",
        );
        assert!(used.method("thread/start") && !used.method("thread/moon") && !used.method("lastTurnId"));
        for word in ["lastTurnId", "last_turn_id", "agentMessage", "ThreadStart"] {
            assert!(used.name(word), "{word}");
        }
        assert!(!used.name("noComment") && !used.name("onlyHere"));
    }
}

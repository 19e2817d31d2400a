//! Rules that codex's home has already: those that codex was told of elsewhere, in its terminal or by an editor.
//!
//! Codex has no setting by which one of its app-servers leaves them out, so they hold in every session.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::bridge::Launch;

/// Where codex looks for rules of the whole machine.
const MACHINE: &str = "/etc/codex/rules";

/// The directory in codex's home that has rules, and how their files' names end.
const DIRECTORY: &str = "rules";
const EXTENSION: &str = "rules";

/// A file of rules that allow something.
#[derive(Debug)]
pub struct RuleFile {
    /// The file.
    pub path: PathBuf,
    /// How many rules in it allow something, or why it cannot be read.
    pub allowing: io::Result<usize>,
}

/// The files with rules that codex reads and that allow something, and those that cannot be read. Blocks.
pub fn rule_files(launch: &Launch) -> Vec<RuleFile> {
    let home = launch.home().map(|home| home.join(DIRECTORY));
    home.into_iter().chain([PathBuf::from(MACHINE)]).flat_map(|dir| files_in(&dir)).collect()
}

fn files_in(dir: &Path) -> Vec<RuleFile> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Vec::new();
        }
        Err(error) => return vec![RuleFile { path: dir.to_owned(), allowing: Err(error) }],
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == EXTENSION) && !path.is_dir());
    paths.sort();
    let read =
        |path: PathBuf| RuleFile { allowing: fs::read_to_string(&path).map(|text| count(&text)), path };
    paths.into_iter().map(read).filter(|file| !matches!(file.allowing, Ok(0))).collect()
}

/// Counts the rules that allow something. A decision that is not written out counts as one.
fn count(text: &str) -> usize {
    let tokens = tokens(text);
    let begins = |at: &usize| {
        let call = [Token::Word("prefix_rule".to_owned()), Token::Word("network_rule".to_owned())];
        call.contains(&tokens[*at]) && tokens.get(at + 1) == Some(&Token::Sign('('))
    };
    (0..tokens.len()).filter(begins).filter(|at| allows(&tokens[at + 2..])).count()
}

/// Returns `true` if the arguments of a rule do not say that it asks or refuses.
fn allows(arguments: &[Token]) -> bool {
    let mut depth = 1;
    for (at, token) in arguments.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth -= 1,
            Token::Word(word) if depth == 1 && word == "decision" => {
                return match (arguments.get(at + 1), arguments.get(at + 2)) {
                    (Some(Token::Sign('=')), Some(Token::Text(decision))) => decision == "allow",
                    _ => true,
                };
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    // Codex allows, if nothing is said.
    true
}

/// A token of a file of rules, which is Starlark.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if c == '#' {
            rest.find('\n').unwrap_or(rest.len())
        } else if c == '"' || c == '\'' {
            let quote = if rest.starts_with(&c.to_string().repeat(3)) { 3 } else { 1 };
            let length = text_length(&rest[quote..], &rest[..quote]);
            tokens.push(Token::Text(rest[quote..quote + length].to_owned()));
            (quote + length + quote).min(rest.len())
        } else if is_word(c) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..length].to_owned()));
            length
        } else {
            if !c.is_whitespace() {
                tokens.push(Token::Sign(c));
            }
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// How long a text is, in bytes, before the quote that ends it.
fn text_length(rest: &str, quote: &str) -> usize {
    let mut at = 0;
    while let Some(c) = rest[at..].chars().next() {
        if rest[at..].starts_with(quote) {
            return at;
        }
        at += c.len_utf8();
        if c == '\\' {
            at += rest[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PassEnv;

    #[test]
    fn rules_that_allow_are_counted() {
        for (text, expected) in [
            ("", 0),
            ("prefix_rule(pattern=[\"touch\", \"a\"], decision=\"allow\")\n", 1),
            ("prefix_rule(pattern = [\"git\", [\"push\", \"fetch\"]])", 1),
            ("prefix_rule(\n  pattern=['rm'],\n  decision = 'forbidden',\n)", 0),
            ("prefix_rule(pattern=[\"rm\"], decision=\"prompt\")", 0),
            ("prefix_rule(pattern=[\"decision=\\\"prompt\\\"\"])", 1),
            ("prefix_rule(pattern=[\"x\"], decision=D)", 1),
            ("# prefix_rule(pattern=[\"x\"])\nx = \"prefix_rule(\"", 0),
            ("network_rule(host=\"a.example\", protocol=\"https\", decision=\"allow\")", 1),
            ("network_rule(host=\"a.example\", protocol=\"https\", decision=\"deny\")", 0),
            (
                "prefix_rule(pattern=[\"a\"])\nprefix_rule(pattern=[\"b\"], decision=\"allow\", justification=\"\"\"it's \" (\"\"\")\n",
                2,
            ),
            ("prefix_rule(pattern=[\"ä", 1),
            ("prefix_rule(pattern=[\"文件\", 'é\\é'], decision=\"allow\")", 1),
            ("prefix_rule(", 1),
        ] {
            assert_eq!(count(text), expected, "{text}");
        }
    }

    #[test]
    fn files_with_rules_that_allow_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let launch = Launch {
            program: "codex".into(),
            codex_home: Some(dir.path().to_owned()),
            cwd: dir.path().to_owned(),
            settings: Vec::new(),
            pass_env: PassEnv::default(),
        };
        let of_home = || rule_files(&launch).into_iter().filter(|file| file.path.starts_with(dir.path()));
        assert_eq!(of_home().count(), 0);
        let rules = dir.path().join("rules");
        fs::create_dir(&rules).unwrap();
        let allow = "prefix_rule(pattern=[\"a\"], decision=\"allow\")\n";
        fs::write(rules.join("default.rules"), allow.repeat(2)).unwrap();
        fs::write(rules.join("strict.rules"), "prefix_rule(pattern=[\"a\"], decision=\"prompt\")").unwrap();
        fs::write(rules.join("notes.txt"), allow).unwrap();
        fs::write(rules.join("broken.rules"), [0xff]).unwrap();
        let found: Vec<_> =
            of_home().map(|file| (file.path.file_name().unwrap().to_owned(), file.allowing.ok())).collect();
        assert_eq!(found, [("broken.rules".into(), None), ("default.rules".into(), Some(2))]);
    }
}

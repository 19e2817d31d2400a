//! Rules in codex's home, which a user has made in codex's terminal or an editor.
//!
//! Codex has no setting to ignore them, so they apply to every session.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use codex_app_server_client::LaunchConfig;

/// The directory of rules for the whole machine.
const MACHINE_RULES_DIR: &str = "/etc/codex/rules";

/// The directory of rules in codex's home, and the extension of their files.
const RULES_DIR: &str = "rules";
const RULES_EXTENSION: &str = "rules";

/// A file with rules that allow something, or a file that cannot be read.
#[derive(Debug)]
pub struct RuleFile {
    /// The path of the file.
    pub path: PathBuf,
    /// The number of rules that allow something, or why the file cannot be read.
    pub allow_rules: io::Result<usize>,
}

/// Returns the rule files of codex that have rules which allow something, and files that cannot be read. Blocks.
pub fn rule_files(launch: &LaunchConfig) -> Vec<RuleFile> {
    let home = launch.home().map(|home| home.join(RULES_DIR));
    home.into_iter().chain([PathBuf::from(MACHINE_RULES_DIR)]).flat_map(|dir| files_in(&dir)).collect()
}

fn files_in(dir: &Path) -> Vec<RuleFile> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Vec::new();
        }
        Err(error) => return vec![RuleFile { path: dir.to_owned(), allow_rules: Err(error) }],
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        path.extension().is_some_and(|extension| extension == RULES_EXTENSION) && !path.is_dir()
    });
    paths.sort();
    let read = |path: PathBuf| RuleFile {
        allow_rules: fs::read_to_string(&path).map(|text| count_allowing(&text)),
        path,
    };
    paths.into_iter().map(read).filter(|file| !matches!(file.allow_rules, Ok(0))).collect()
}

/// Counts the rules that allow something. A decision that is not a literal counts as allowing.
fn count_allowing(text: &str) -> usize {
    let tokens = tokens(text);
    let is_rule = |at: &usize| {
        let call = [Token::Word("prefix_rule".to_owned()), Token::Word("network_rule".to_owned())];
        call.contains(&tokens[*at]) && tokens.get(at + 1) == Some(&Token::Sign('('))
    };
    (0..tokens.len()).filter(is_rule).filter(|at| allows(&tokens[at + 2..])).count()
}

/// Returns `true` unless the arguments of a rule have a literal decision other than `allow`.
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
    // The default decision is to allow.
    true
}

/// A token of a rule file, which is written in Starlark.
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

/// The length of a string literal before its closing quote, in bytes.
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
    use crate::config::CLIENT;

    #[test]
    fn allowing_rules_are_counted() {
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
            assert_eq!(count_allowing(text), expected, "{text}");
        }
    }

    #[test]
    fn files_with_allowing_rules_and_unreadable_files_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let launch = LaunchConfig {
            codex_home: Some(dir.path().to_owned()),
            ..LaunchConfig::new("codex".into(), dir.path().to_owned(), CLIENT)
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
        let found: Vec<_> = of_home()
            .map(|file| (file.path.file_name().unwrap().to_owned(), file.allow_rules.ok()))
            .collect();
        assert_eq!(found, [("broken.rules".into(), None), ("default.rules".into(), Some(2))]);
    }
}

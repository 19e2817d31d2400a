//! Splits simple commands into words.
//!
//! Rules compare words, but shells run lines. A command is simple if every shell splits its line into the same words:
//! one command without operators, expansions, redirections, assignments or comments.

/// The directories of the system's shells. The agent can choose the shell, and a shell of its own could do anything.
const SHELL_DIRS: [&str; 4] = ["", "/bin/", "/usr/bin/", "/usr/local/bin/"];

/// The shells in which codex runs commands.
const SHELLS: [&str; 4] = ["bash", "sh", "zsh", "dash"];

/// The maximum length of a simple command, in bytes.
const MAX_LINE_BYTES: usize = 4096;

/// Letters that are invisible: a word with one of them differs from what a person reads.
const INVISIBLE_LETTERS: [char; 4] = ['\u{115F}', '\u{1160}', '\u{3164}', '\u{FFA0}'];

/// Splits a command of codex's, with or without the shell that runs it. `None` unless the command is simple.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    if line.len() > MAX_LINE_BYTES || !line.chars().all(is_plain) {
        return None;
    }
    // Codex joins the arguments with the same quoting rules.
    let arguments = shlex::split(line)?;
    let words = match arguments.as_slice() {
        [shell, option, script] if is_shell(shell) && matches!(option.as_str(), "-lc" | "-c") => {
            is_simple(script).then(|| shlex::split(script))??
        }
        // Without a shell, the arguments are the words, provided that codex quoted them when it joined them.
        _ if shlex::try_join(arguments.iter().map(String::as_str)).is_ok_and(|joined| joined == line) => {
            arguments
        }
        _ => return None,
    };
    let program = words.first()?;
    (is_program(program) && words.iter().skip(1).all(|word| !word.starts_with('='))).then_some(words)
}

/// The name of the program that a command runs, without its directory. For a script that is not a simple command, the
/// name of its shell. `None` if the name cannot be determined.
pub(crate) fn program_name(line: &str) -> Option<String> {
    let words = words(line).or_else(|| shlex::split(line))?;
    let program = words.into_iter().next().filter(|word| is_program(word))?;
    program.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Returns `true` for a shell of the system.
fn is_shell(path: &str) -> bool {
    let (dir, name) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
    SHELL_DIRS.contains(&dir) && SHELLS.contains(&name)
}

/// Returns `true` for visible characters that do not affect the display of others.
fn is_plain(c: char) -> bool {
    c.is_ascii_graphic()
        || c == ' '
        || (c.is_alphanumeric() && !c.is_ascii() && !INVISIBLE_LETTERS.contains(&c))
}

/// Returns `true` if a shell does nothing with the script but split it into words: outside of quotes there are only
/// letters, digits and a few signs without meaning to shells, and inside of quotes nothing that a shell would
/// replace.
fn is_simple(script: &str) -> bool {
    let mut quote = None;
    for c in script.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '$' | '`' | '\\' | '!') => return false,
            (Some(_), _) | (None, ' ') => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, c) if c.is_alphanumeric() || "_-./:,@%+=".contains(c) => {}
            (None, _) => return false,
        }
    }
    quote.is_none()
}

/// Returns `true` for the name or path of a program: not an assignment, option, job, or path that the shell would
/// expand. Only ASCII letters count, because others look like them and name another program.
fn is_program(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric() || "_./".contains(c))
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./+".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Option<String> {
        words(line).map(|words| words.join("|"))
    }

    #[test]
    fn simple_command_is_split_into_words() {
        for (line, expected) in [
            ("/bin/bash -lc 'cargo test'", "cargo|test"),
            ("bash -lc ls", "ls"),
            ("/usr/bin/zsh -c 'git commit -m \"two words\"'", "git|commit|-m|two words"),
            (r#"/bin/bash -lc "echo 'a;b' x=1""#, "echo|a;b|x=1"),
            ("sh -c './run.sh --all'", "./run.sh|--all"),
            ("/bin/bash -lc 'cat 文件.txt'", "cat|文件.txt"),
            ("cargo test 'a b'", "cargo|test|a b"),
        ] {
            assert_eq!(split(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn command_with_shell_syntax_or_hidden_characters_is_not_simple() {
        for script in [
            "cargo test; rm x",
            "cargo test && rm x",
            "cargo test || rm x",
            "cargo test | sh",
            "cargo test &",
            "cargo test > x",
            "cargo test < x",
            "cargo test $HOME",
            "cargo test $(rm x)",
            "cargo test `rm x`",
            "cargo test \"$(rm x)\"",
            "cargo test \"`rm x`\"",
            "cargo test *",
            "cargo test ?",
            "cargo test [a]",
            "cargo test {a,b}",
            "cargo test ~",
            "cargo test # x",
            "cargo test !x",
            "cargo test ^x",
            "cargo test =ls",
            "cargo\\ test",
            "cargo test \\",
            "(cargo test)",
            "{ cargo test; }",
            "! cargo test",
            "FOO=1 cargo test",
            "PATH=. cargo test",
            "-c cargo test",
            "%1 test",
            "=cargo test",
            "~/cargo test",
            "c\u{430}rgo test",
            "\"car go\" test",
            "cargo test 'open",
            "",
            " ",
            "''",
        ] {
            let line = shlex::try_join(["/bin/bash", "-lc", script]).unwrap();
            assert_eq!(split(&line), None, "{line}");
        }
        for hidden in [
            '\n',
            '\t',
            '\r',
            '\0',
            '\u{7f}',
            '\u{1b}',
            '\u{200b}',
            '\u{202e}',
            '\u{2066}',
            '\u{a0}',
            '\u{3164}',
            '\u{2028}',
            '\u{e0041}',
            '\u{301}',
        ] {
            let line = format!("/bin/bash -lc 'cargo test{hidden}x'");
            assert_eq!(split(&line), None, "{line:?}");
        }
        assert_eq!(split(&format!("bash -lc 'ls {}'", "x".repeat(MAX_LINE_BYTES))), None);
    }

    #[test]
    fn other_shell_or_extra_arguments_are_not_taken_for_a_script() {
        for line in [
            "/work/bash -lc 'cargo test' x",
            "bash -lc 'cargo test' x",
            "bash -lic 'cargo test'",
            "bash -l -c 'cargo test'",
            "bash -c 'cargo test",
            "cargo test;rm x",
            "cargo  test",
            "cargo test $(rm x)",
        ] {
            let found = split(line);
            // Words that start with a shell are too broad for a rule; see `breadth`.
            assert!(
                found.is_none_or(|words| words.starts_with("bash|") || words.starts_with("/work/bash|")),
                "{line}"
            );
        }
    }
}

//! The words of a simple command.
//!
//! A rule looks at words, and a shell runs a line. Only a line that every shell cuts into the same words counts: one
//! command, with no operator, expansion, redirection, assignment or comment in it.

/// Where the system keeps its shells. The agent can choose the shell, and one of its own making can do anything.
const SHELL_DIRS: [&str; 4] = ["", "/bin/", "/usr/bin/", "/usr/local/bin/"];

/// The shells that codex runs commands in.
const SHELLS: [&str; 4] = ["bash", "sh", "zsh", "dash"];

/// The longest line that is looked at, in bytes.
const MAX_LINE_BYTES: usize = 4096;

/// Letters that have no shape: a word with one of them does not read as it runs.
const BLANK_LETTERS: [char; 4] = ['\u{115F}', '\u{1160}', '\u{3164}', '\u{FFA0}'];

/// The words of a command as codex tells it: with the shell that it runs in, or without. `None` unless it is simple.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    if line.len() > MAX_LINE_BYTES || !line.chars().all(is_plain) {
        return None;
    }
    // Codex joins the arguments so that this gives them back.
    let arguments = shlex::split(line)?;
    let words = match arguments.as_slice() {
        [shell, option, script] if is_shell(shell) && matches!(option.as_str(), "-lc" | "-c") => {
            is_simple(script).then(|| shlex::split(script))??
        }
        // Without a shell, the arguments are the words, if they were joined and not merely put side by side.
        _ if shlex::try_join(arguments.iter().map(String::as_str)).is_ok_and(|joined| joined == line) => {
            arguments
        }
        _ => return None,
    };
    let program = words.first()?;
    (is_program(program) && words.iter().skip(1).all(|word| !word.starts_with('='))).then_some(words)
}

/// The name of the program that a command runs, without its directory: of a script that is no simple command, that of its
/// shell. `None` if it cannot be told.
pub(crate) fn program(line: &str) -> Option<String> {
    let words = words(line).or_else(|| shlex::split(line))?;
    let program = words.into_iter().next().filter(|word| is_program(word))?;
    program.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Returns `true` for a shell of the system's.
fn is_shell(path: &str) -> bool {
    let (dir, name) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
    SHELL_DIRS.contains(&dir) && SHELLS.contains(&name)
}

/// Returns `true` for what can stand in a command: it is seen as it is, and moves nothing else.
fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() || c == ' ' || (c.is_alphanumeric() && !c.is_ascii() && !BLANK_LETTERS.contains(&c))
}

/// Returns `true` if a shell only cuts the script into words: outside of quotes there are letters, digits and a few
/// signs that mean nothing to it, and inside of them nothing that is replaced.
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

/// Returns `true` for what can be a program, and is no assignment, option, job or path of the shell's own making. Its
/// letters are plain: others look like them, and name another program.
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
    fn simple_command_is_cut_into_its_words() {
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
    fn anything_that_a_shell_does_more_with_has_no_words() {
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
    fn shell_of_the_agents_own_and_what_is_beside_the_script_have_no_words() {
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
            // What begins with a shell is too broad for a rule; see `breadth`.
            assert!(
                found.is_none_or(|words| words.starts_with("bash|") || words.starts_with("/work/bash|")),
                "{line}"
            );
        }
    }
}

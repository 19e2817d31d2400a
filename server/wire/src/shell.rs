//! Command lines as people would type them.

/// Where the system keeps its shells. The agent can choose the shell, and one of its own making can do anything,
/// whatever stands behind it: only what runs in one of these is shown alone.
const PLACES: [&str; 4] = ["", "/bin/", "/usr/bin/", "/usr/local/bin/"];

/// The command inside `bash -lc '…'`, which is how codex runs most of them; any other line as it is.
pub fn command_line(line: &str) -> String {
    inner(line).unwrap_or_else(|| line.to_owned())
}

fn inner(line: &str) -> Option<String> {
    let (shell, rest) = line.split_once(' ')?;
    let (place, name) = shell.split_at(shell.rfind('/').map_or(0, |slash| slash + 1));
    if !PLACES.contains(&place) || !matches!(name, "bash" | "sh" | "zsh" | "dash") {
        return None;
    }
    let rest = rest.strip_prefix("-lc ").or_else(|| rest.strip_prefix("-c "))?;
    single_word(rest)
}

/// Takes the quotes off a text that is one word to a shell.
fn single_word(text: &str) -> Option<String> {
    let mut word = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => loop {
                match chars.next()? {
                    '\'' => break,
                    c => word.push(c),
                }
            },
            '"' => loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => match chars.next()? {
                        c @ ('"' | '\\' | '$' | '`') => word.push(c),
                        c => word.extend(['\\', c]),
                    },
                    c => word.push(c),
                }
            },
            '\\' => word.push(chars.next()?),
            c if c.is_whitespace() || ";|&<>()$`".contains(c) => return None,
            c => word.push(c),
        }
    }
    (!word.trim().is_empty()).then_some(word)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_shell_around_a_command_is_left_out() {
        assert_eq!(command_line("/bin/bash -lc 'cargo test'"), "cargo test");
        assert_eq!(command_line("bash -lc ls"), "ls");
        assert_eq!(command_line(r#"/usr/bin/zsh -c "echo \"a b\" \$HOME \n""#), r#"echo "a b" $HOME \n"#);
        assert_eq!(command_line(r#"bash -lc 'echo '"'"'hi'"'"''"#), "echo 'hi'");
    }

    #[test]
    fn a_shell_of_the_agents_own_is_shown() {
        for line in [
            "/work/bash -lc 'ls'",
            "./sh -c ls",
            "bin/bash -c ls",
            "/tmp/usr/bin/bash -lc ls",
            "../bin/sh -c ls",
        ] {
            assert_eq!(command_line(line), line);
        }
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for line in [
            "ls -la",
            "bash -lc 'a' b",
            "bash script.sh",
            "bash -lc 'open",
            "python -c 'x'",
            "bash -lc a;b",
            "",
        ] {
            assert_eq!(command_line(line), line);
        }
    }
}

//! The command inside a shell invocation such as `bash -lc '…'`.

/// The directories of the system's shells. Only the commands of these shells are unwrapped: the agent can choose the
/// shell, and a program of its own could do anything, whatever its arguments.
const SHELL_DIRS: [&str; 4] = ["", "/bin/", "/usr/bin/", "/usr/local/bin/"];

/// Returns the command inside `bash -lc '…'`, which is how codex runs most commands. Other lines are returned
/// unchanged.
pub fn unwrap_shell_command(line: &str) -> String {
    inner_command(line).unwrap_or_else(|| line.to_owned())
}

fn inner_command(line: &str) -> Option<String> {
    let (shell, rest) = line.split_once(' ')?;
    let (dir, name) = shell.split_at(shell.rfind('/').map_or(0, |slash| slash + 1));
    if !SHELL_DIRS.contains(&dir) || !matches!(name, "bash" | "sh" | "zsh" | "dash") {
        return None;
    }
    let rest = rest.strip_prefix("-lc ").or_else(|| rest.strip_prefix("-c "))?;
    single_word(rest)
}

/// Removes the shell quoting of a text. `None` if a shell would not read the text as a single word.
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
    fn system_shell_around_a_command_is_removed() {
        assert_eq!(unwrap_shell_command("/bin/bash -lc 'cargo test'"), "cargo test");
        assert_eq!(unwrap_shell_command("bash -lc ls"), "ls");
        assert_eq!(
            unwrap_shell_command(r#"/usr/bin/zsh -c "echo \"a b\" \$HOME \n""#),
            r#"echo "a b" $HOME \n"#
        );
        assert_eq!(unwrap_shell_command(r#"bash -lc 'echo '"'"'hi'"'"''"#), "echo 'hi'");
    }

    #[test]
    fn shell_in_another_directory_is_kept() {
        for line in [
            "/work/bash -lc 'ls'",
            "./sh -c ls",
            "bin/bash -c ls",
            "/tmp/usr/bin/bash -lc ls",
            "../bin/sh -c ls",
        ] {
            assert_eq!(unwrap_shell_command(line), line);
        }
    }

    #[test]
    fn other_lines_are_unchanged() {
        for line in [
            "ls -la",
            "bash -lc 'a' b",
            "bash script.sh",
            "bash -lc 'open",
            "python -c 'x'",
            "bash -lc a;b",
            "",
        ] {
            assert_eq!(unwrap_shell_command(line), line);
        }
    }
}

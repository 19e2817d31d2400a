//! Command prefixes that would allow too much.

/// The maximum number of words of a prefix, and of bytes of all words.
const MAX_WORDS: usize = 32;
const MAX_BYTES: usize = 1024;

/// Programs that run the rest of their command line. Not even their options determine the program.
const WRAPPERS: &[&str] = &[
    "builtin",
    "busybox",
    "chpst",
    "chroot",
    "chrt",
    "command",
    "coproc",
    "doas",
    "entr",
    "env",
    "eval",
    "exec",
    "faketime",
    "fakeroot",
    "find",
    "firejail",
    "flock",
    "gdb",
    "ionice",
    "ltrace",
    "nice",
    "nocorrect",
    "noglob",
    "nohup",
    "nsenter",
    "numactl",
    "parallel",
    "pkexec",
    "prlimit",
    "proot",
    "rlwrap",
    "run0",
    "runuser",
    "script",
    "setarch",
    "setpriv",
    "setsid",
    "source",
    "ssh",
    "start-stop-daemon",
    "stdbuf",
    "strace",
    "su",
    "sudo",
    "systemd-run",
    "taskset",
    "time",
    "timeout",
    "toybox",
    "trap",
    "unbuffer",
    "unshare",
    "valgrind",
    "watch",
    "xargs",
    ".",
];

/// Programs that run code from a file or an argument: shells, and interpreters of languages.
const INTERPRETERS: &[&str] = &[
    "ash",
    "awk",
    "bash",
    "bun",
    "csh",
    "dash",
    "deno",
    "elvish",
    "fish",
    "gawk",
    "guile",
    "irb",
    "java",
    "jshell",
    "julia",
    "ksh",
    "lua",
    "luajit",
    "mawk",
    "mksh",
    "node",
    "nodejs",
    "nu",
    "osascript",
    "perl",
    "php",
    "powershell",
    "psql",
    "pwsh",
    "py",
    "pypy",
    "python",
    "pythonw",
    "r",
    "rbash",
    "rscript",
    "ruby",
    "scala",
    "sed",
    "sh",
    "sqlite",
    "tclsh",
    "tcsh",
    "wish",
    "xonsh",
    "yash",
    "zsh",
];

/// Returns `true` if a rule is so broad that matching commands could do anything:
///
/// - an empty rule, or more than a person would read
/// - a program that runs another one
/// - an interpreter alone or with an option, because the code comes later. (A module after `-m` counts as a script.)
/// - a program alone that was run with arguments, because they determine what it does
pub(super) fn is_too_broad(rule: &[String], command: &[String]) -> bool {
    let bytes: usize = rule.iter().map(String::len).sum();
    let Some(program) = rule.first().filter(|_| rule.len() <= MAX_WORDS && bytes <= MAX_BYTES) else {
        return true;
    };
    let name = name(program);
    if WRAPPERS.contains(&name.as_str()) || rule.iter().any(String::is_empty) {
        return true;
    }
    match rule {
        [_] => is_interpreter(&name) || command.len() > 1,
        [_, option, module, ..] if is_interpreter(&name) && option == "-m" => module.starts_with('-'),
        [_, first, ..] => is_interpreter(&name) && first.starts_with(['-', '+']),
        [] => true,
    }
}

/// The name of a program without its directory and version suffix.
fn name(program: &str) -> String {
    let name = program.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    // `.` is a shell builtin.
    if bare.is_empty() { name.to_owned() } else { bare.to_owned() }
}

fn is_interpreter(name: &str) -> bool {
    INTERPRETERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_broad(rule: &str, command: &str) -> bool {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        is_too_broad(&words(rule), &words(command))
    }

    #[test]
    fn prefix_that_could_do_anything_is_too_broad() {
        for rule in [
            "",
            "bash",
            "sh",
            "/bin/bash",
            "bash -lc",
            "bash -c x",
            "zsh -ic",
            "python",
            "python3",
            "python3.12",
            "/usr/bin/python3 -c",
            "python -",
            "python3 -m",
            "python3 -m -x",
            "node -e",
            "perl -e",
            "ruby -e",
            "php -r",
            "sudo",
            "sudo apt update",
            "env",
            "env A=1 cargo test",
            "timeout 10",
            "timeout 10 ls",
            "xargs rm",
            "nohup ls",
            "nice ls",
            "time ls",
            "find . -name x",
            "ssh host ls",
            "eval ls",
            "exec ls",
            ". x",
            "source x",
            "busybox sh",
            "python.exe",
            "sed -n p",
        ] {
            assert!(is_broad(rule, &format!("{rule} more")), "{rule}");
        }
        assert!(is_too_broad(&["cargo".to_owned(), "x".repeat(MAX_BYTES)], &[]));
        assert!(is_too_broad(&vec!["x".to_owned(); MAX_WORDS + 1], &[]));
        assert!(is_too_broad(&["cargo".to_owned(), String::new()], &[]));
    }

    #[test]
    fn program_alone_is_too_broad_if_it_was_run_with_arguments() {
        for program in ["git", "cargo", "npm", "docker", "make"] {
            assert!(is_broad(program, &format!("{program} x")), "{program}");
            assert!(!is_broad(program, program), "{program}");
        }
    }

    #[test]
    fn prefix_that_determines_what_runs_is_not_too_broad() {
        for rule in [
            "cargo test",
            "git push",
            "npm run build",
            "python3 tool.py",
            "python -m pytest",
            "./run.sh -x",
            "bash check.sh",
            "touch out.txt",
        ] {
            assert!(!is_broad(rule, &format!("{rule} more")), "{rule}");
        }
    }
}

//! All commands that the mock server asks codex to run.
//!
//! Commands whose live output matters print nothing in the first 300 ms: codex reports earlier output only in the
//! completed item, not as deltas.

/// Prints seven lines over about a second.
pub const LIVE: &str = "sleep 0.3; for n in 1 2 3 4 5 6; do echo \"step $n of 6\"; sleep 0.15; done; pwd";

/// Prints a line, then sleeps for 25 seconds.
pub const SLOW: &str = "sleep 0.3; echo 'started, sleeping for 25 s'; sleep 25; echo 'done'";

/// Runs for 27 seconds and ignores SIGHUP, SIGINT and SIGTERM.
pub const STUBBORN: &str =
    "trap '' HUP INT TERM; sleep 0.3; echo 'ignoring signals for 27 s'; sleep 27; echo 'done'";

/// Outlives its turn, and exits after a minute.
pub const BACKGROUND: &str = "sleep 0.3; echo 'running in the background for 60 s'; sleep 60; echo 'done'";

/// Prints 2,000 lines, coloured with ANSI escapes.
pub const BIG: &str = "sleep 0.3; n=1; while [ $n -le 2000 ]; do \
    printf '\\033[3%dmline %04d\\033[0m of 2000: a coloured line of output\\n' $((n % 7 + 1)) $n; \
    n=$((n + 1)); done";

/// Prints the command's environment, and that of every process that it can read.
pub const ENVIRONMENT: &str = "sleep 0.3; env; for file in /proc/[0-9]*/environ; do tr '\\0' '\\n' < $file; done 2>/dev/null; \
    echo 'that is all'";

/// Tries to write in the usual directories for temporary files and in the working directory, then makes a temporary
/// file.
pub const TEMPORARY: &str = "sleep 0.3; for dir in /tmp /var/tmp \"$TMPDIR\" .; do \
    if touch \"$dir/standin-temporary\" 2>/dev/null; then echo \"can write $dir\"; else echo \"cannot write $dir\"; fi; done; \
    echo \"made $(mktemp)\"";

/// Commands that codex recognises as reading files and as a search.
pub const EXPLORING: [&str; 3] =
    ["cat /etc/hostname", "cat /etc/os-release", "grep -n VERSION /etc/os-release"];

/// Reads a file that does not exist.
pub const MISSING: &str = "cat no-such-file.txt";

/// Two commands that run outside of the sandbox after approval.
pub const ESCALATED: &str = "date -u; uname -sm";

/// A single command that runs outside of the sandbox after approval. A single command can be allowed permanently.
pub const ESCALATED_ALONE: &str = "uname -sm";

/// Prints whether the notes exist: [`NOTES_PRESENT`] if so.
pub const LOOK: &str = "if [ -e standin-notes.md ]; then echo 'standin-notes.md: present'; else echo 'standin-notes.md: absent'; fi";

/// The output of [`LOOK`] if the notes exist.
pub const NOTES_PRESENT: &str = "standin-notes.md: present";

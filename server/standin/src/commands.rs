//! Every command that the stand-in ever runs, word for word.
//!
//! Those that one watches print nothing in their first 300 ms: what a command prints at once, codex
//! reports in the finished item, but not as a delta.

/// Seven lines over about a second.
pub const LIVE: &str = "sleep 0.3; for n in 1 2 3 4 5 6; do echo \"step $n of 6\"; sleep 0.15; done; pwd";

/// A line, then 25 seconds of nothing.
pub const SLOW: &str = "sleep 0.3; echo 'started, sleeping for 25 s'; sleep 25; echo 'done'";

/// Ignores every signal that asks it to end.
pub const STUBBORN: &str =
    "trap '' HUP INT TERM; sleep 0.3; echo 'ignoring signals for 27 s'; sleep 27; echo 'done'";

/// Outlives its turn: ends by itself after a minute.
pub const BACKGROUND: &str = "sleep 0.3; echo 'running in the background for 60 s'; sleep 60; echo 'done'";

/// 2,000 lines, coloured with ANSI escapes.
pub const BIG: &str = "sleep 0.3; n=1; while [ $n -le 2000 ]; do \
    printf '\\033[3%dmline %04d\\033[0m of 2000: a coloured line of output\\n' $((n % 7 + 1)) $n; \
    n=$((n + 1)); done";

/// What a command finds around it: its own environment, and that of every process that lets it look.
pub const ENVIRONMENT: &str = "sleep 0.3; env; for file in /proc/[0-9]*/environ; do tr '\\0' '\\n' < $file; done 2>/dev/null; \
    echo 'that is all'";

/// Tries to write where temporary files usually are, and in the directory; then makes a temporary file.
pub const TEMPORARY: &str = "sleep 0.3; for dir in /tmp /var/tmp \"$TMPDIR\" .; do \
    if touch \"$dir/standin-temporary\" 2>/dev/null; then echo \"can write $dir\"; else echo \"cannot write $dir\"; fi; done; \
    echo \"made $(mktemp)\"";

/// Run outside the sandbox, once it is approved.
pub const ESCALATED: &str = "date -u; uname -sm";

/// Run outside the sandbox, too. It is one command, so that it can be allowed always.
pub const ESCALATED_ALONE: &str = "uname -sm";

/// Looks whether the notes are there; [`NOTES_PRESENT`] in the output says yes.
pub const LOOK: &str = "if [ -e standin-notes.md ]; then echo 'standin-notes.md: present'; else echo 'standin-notes.md: absent'; fi";

/// What [`LOOK`] prints when the notes are there.
pub const NOTES_PRESENT: &str = "standin-notes.md: present";

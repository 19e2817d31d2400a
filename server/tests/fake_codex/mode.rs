//! The ways to misbehave.

use std::path::Path;

/// Declares the modes, each with the word that stands in the file.
macro_rules! modes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A way to misbehave.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mode {
            $($(#[$doc])* $name,)*
        }

        impl Mode {
            /// The mode that stands in the directory's file `mode`.
            pub(crate) fn read(dir: &Path) -> Self {
                let word = std::fs::read_to_string(dir.join("mode")).unwrap_or_default();
                match word.trim() {
                    $($word => Self::$name,)*
                    other => {
                        eprintln!("fake codex: there is no mode {other:?}");
                        std::process::exit(64)
                    }
                }
            }
        }
    };
}

modes! {
    /// It behaves: a turn has an item of every kind, and one of a kind that nobody knows.
    Normal = "normal",
    /// `--version` fails.
    Broken = "broken",
    /// It is of before there was an `app-server`.
    Ancient = "ancient",
    /// It is of when an `app-server` could not do what sessions need.
    Old = "old",
    /// It behaves, and is of before `includedThreadIds`.
    Before171 = "before-171",
    /// The first two that are started end, because another one makes codex's database at the same time.
    Races = "races",
    /// It ends at once, with a word on its error output.
    Exits = "exits",
    /// It prints what is no message, for ever.
    Garbage = "garbage",
    /// It never answers.
    Silent = "silent",
    /// It never answers, and ignores the end of its input.
    Deaf = "deaf",
    /// It ignores the end of its input, and SIGTERM.
    Stubborn = "stubborn",
    /// It leaves a process behind that only SIGKILL ends.
    Orphan = "orphan",
    /// It answers the first two requests of a kind with "overloaded".
    Overloaded = "overloaded",
    /// It refuses turns.
    Refuses = "refuses",
    /// It takes turns back, and refuses turns.
    Reverts = "reverts",
    /// A sub-agent ends, and the context is compacted, after the answer of a turn.
    LateWork = "late-work",
    /// It accepts a turn, says what is wrong, and neither begins nor ends it.
    NeverBegins = "never-begins",
    /// It says what is wrong with a turn, accepts it then, and neither begins nor ends it.
    FailsFirst = "fails-first",
    /// It ends when it is told to start a turn, without a word.
    DiesTold = "dies-told",
    /// It does not answer `turn/start`, and begins no turn.
    Mute = "mute",
    /// It answers `turn/start` with something that has not the shape of a reply.
    BadReply = "bad-reply",
    /// It answers `turn/start` with more than 64 MiB.
    LongReply = "long-reply",
    /// A notification of a turn has more than 64 MiB.
    LongNotification = "long-notification",
    /// Between the messages of a turn stand lines that are none.
    Malformed = "malformed",
    /// A turn has methods, kinds, statuses and fields that nobody knows.
    Unknown = "unknown",
    /// A turn changes files, in every way.
    Changes = "changes",
    /// A command goes on after its turn, until the gate opens.
    Outlives = "outlives",
    /// A sub-agent asks whether it may change a file.
    SubAgent = "sub-agent",
    /// A turn has more output than a log keeps.
    Flood = "flood",
    /// A turn says as many numbers as its prompt asks for, one at a time.
    Counts = "counts",
    /// A turn is accepted, and begins when the gate opens.
    LateStart = "late-start",
    /// A turn begins and ends before it is accepted.
    EarlyEnd = "early-end",
    /// A turn does not end by itself.
    Hangs = "hangs",
    /// A turn does not end by itself, and begins a command when it is stopped: before it says so, and behind much else.
    BeginsStopped = "begins-stopped",
    /// A turn waits for the gate, and ends well then. The gate closes behind it.
    Waits = "waits",
    /// It takes nothing while a turn runs, and refuses turns that begin.
    RefusesAll = "refuses-all",
    /// It ends when it is told something while a turn runs.
    DiesSteered = "dies-steered",
    /// It ends in the middle of a turn, with a word on its error output.
    Dies = "dies",
    /// It kills itself in the middle of a turn.
    Killed = "killed",
    /// It ends when it is asked about threads, with a word on its error output.
    DiesReading = "dies-reading",
    /// It does not answer when it is asked about threads.
    SilentReading = "silent-reading",
    /// A turn asks everything that codex can ask.
    Asks = "asks",
    /// A turn asks all at once that people can answer; once the gate is open it takes back what is left, and
    /// goes on without.
    AsksTogether = "asks-together",
    /// A turn asks to run the commands of the file `commands`, one after another.
    AsksCommands = "asks-commands",
    /// A turn asks what is answered in words, one thing after another.
    AsksForWords = "asks-for-words",
    /// A turn asks what the file `asks.json` says: a list of objects with `method` and `params`, under `asks`. Its change of
    /// files has the `changes` that stand beside. Once the gate is open, the change becomes `later`, and the gate closes.
    AsksAsWritten = "asks-as-written",
    /// A turn asks twice, and has more output than a log keeps after either question.
    AsksInFlood = "asks-in-flood",
}

impl Mode {
    /// The version that it says it has.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Ancient => "0.20.0",
            Self::Old => "0.110.0",
            Self::Before171 => "0.169.0",
            _ => "0.0.0-fake",
        }
    }

    /// What it says of itself when it is greeted.
    pub(crate) fn user_agent(self) -> String {
        format!("fake/{} (Debian 12.0.0; x86_64) xterm (codex_gateway; 0.1.0)", self.version())
    }
}

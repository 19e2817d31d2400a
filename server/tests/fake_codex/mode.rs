//! The modes of the fake codex.

use std::path::Path;

/// Declares the modes, each with its name in the file `mode`.
macro_rules! modes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// How the fake codex behaves.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mode {
            $($(#[$doc])* $name,)*
        }

        impl Mode {
            /// Reads the mode from the file `mode` in the directory.
            pub(crate) fn read(dir: &Path) -> Self {
                let word = std::fs::read_to_string(dir.join("mode")).unwrap_or_default();
                match word.trim() {
                    $($word => Self::$name,)*
                    other => {
                        eprintln!("fake codex: unknown mode {other:?}");
                        std::process::exit(64)
                    }
                }
            }
        }
    };
}

modes! {
    /// Behaves well. A turn has an item of every kind, and one of an unknown kind.
    Normal = "normal",
    /// `--version` fails.
    VersionFails = "version-fails",
    /// A version without `app-server`.
    NoAppServer = "no-app-server",
    /// A version whose `app-server` lacks what sessions need.
    Unsupported = "unsupported",
    /// Behaves well, but ignores `includedThreadIds`, as versions before 0.171 do.
    Before171 = "before-171",
    /// The first two processes exit, as if another process were creating codex's database at the same time.
    StartupRace = "startup-race",
    /// Exits at once with an error message.
    ExitsAtStart = "exits-at-start",
    /// Prints lines that are not messages, endlessly.
    Garbage = "garbage",
    /// Never answers.
    Silent = "silent",
    /// Never answers, and ignores the end of its input. Only a signal ends it.
    SilentUntilSigterm = "silent-until-sigterm",
    /// Ignores the end of its input and SIGTERM.
    IgnoresSigterm = "ignores-sigterm",
    /// Starts a process in another session that only SIGKILL ends.
    LeavesOrphan = "leaves-orphan",
    /// Answers the first two requests of each method with "overloaded".
    Overloaded = "overloaded",
    /// Refuses `turn/start`.
    RefusesTurns = "refuses-turns",
    /// Supports `thread/revert`, and refuses `turn/start`.
    Reverts = "reverts",
    /// After the answer of a turn, a sub-agent interacts and the context is compacted.
    LateWork = "late-work",
    /// Accepts a turn, then sends an error, and neither starts nor completes the turn.
    ErrorAfterAccept = "error-after-accept",
    /// Sends an error, then accepts the turn, and neither starts nor completes the turn.
    ErrorBeforeAccept = "error-before-accept",
    /// Exits on `turn/start`, without a message.
    ExitsOnTurnStart = "exits-on-turn-start",
    /// Does not answer `turn/start`, and starts no turn.
    NoTurnReply = "no-turn-reply",
    /// Answers `turn/start` with a result of another shape.
    BadReply = "bad-reply",
    /// Answers `turn/start` with a line of more than 64 MiB.
    LongReply = "long-reply",
    /// A turn has a notification of more than 64 MiB.
    LongNotification = "long-notification",
    /// A turn has lines that are not messages.
    Malformed = "malformed",
    /// A turn has unknown methods, item kinds, statuses and fields.
    UnknownMethods = "unknown-methods",
    /// A turn changes files in every way.
    Changes = "changes",
    /// A command runs on after its turn, until the gate opens.
    Outlives = "outlives",
    /// A sub-agent asks for approval of a file change.
    SubAgent = "sub-agent",
    /// A turn has more output than an event log keeps.
    Flood = "flood",
    /// A turn's message counts up to the number in the prompt, one delta per tick.
    Counts = "counts",
    /// A turn is accepted, and starts when the gate opens.
    LateStart = "late-start",
    /// A turn starts and completes before it is accepted.
    EarlyEnd = "early-end",
    /// A turn runs until it is interrupted.
    EndlessTurn = "endless-turn",
    /// A turn runs until it is interrupted. Before it answers the interrupt, it sends many deltas and starts a command.
    CommandOnInterrupt = "command-on-interrupt",
    /// A turn waits for the gate, and then completes. The gate closes behind it.
    Waits = "waits",
    /// Refuses `turn/start` and `turn/steer`.
    RefusesTurnsAndSteers = "refuses-turns-and-steers",
    /// Exits on `turn/steer`.
    ExitsOnSteer = "exits-on-steer",
    /// Exits in the middle of a turn, with an error message.
    ExitsInTurn = "exits-in-turn",
    /// Kills itself in the middle of a turn.
    KilledInTurn = "killed-in-turn",
    /// Exits on `thread/list` and `thread/read`, with an error message.
    ExitsOnRead = "exits-on-read",
    /// Does not answer `thread/list` and `thread/read`.
    SilentOnRead = "silent-on-read",
    /// A turn sends every server request, one after another.
    Asks = "asks",
    /// A turn sends every server request that users answer, all at once. When the gate opens, it withdraws the
    /// unanswered ones and completes.
    AsksTogether = "asks-together",
    /// A turn asks for approval of the commands in the file `commands`, one after another.
    AsksCommands = "asks-commands",
    /// A turn asks questions and sends a form, one after another.
    AsksQuestions = "asks-questions",
    /// A turn sends the server requests of the file `asks.json`, one after another.
    ///
    /// The file is an object. `asks` is a list of objects with `method` and `params`. `changes`, if present, are those
    /// of the turn's file change. With `later`, opening the gate replaces the changes by these and closes the gate.
    AsksAsWritten = "asks-as-written",
    /// A turn asks for two approvals, each followed by more output than an event log keeps.
    AsksDuringFlood = "asks-during-flood",
}

impl Mode {
    /// The version that `--version` prints.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::NoAppServer => "0.20.0",
            Self::Unsupported => "0.110.0",
            Self::Before171 => "0.169.0",
            _ => "0.0.0-fake",
        }
    }

    /// The user agent in the reply to `initialize`.
    pub(crate) fn user_agent(self) -> String {
        format!("fake/{} (Debian 12.0.0; x86_64) xterm (codex_gateway; 0.1.0)", self.version())
    }
}

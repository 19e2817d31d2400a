//! Log records about turns and requests for operators. They never contain prompts, answers or the
//! output of commands.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use codex_gateway_wire::{TurnId, TurnRecord, codex::TurnStatus};

use super::actor::Actor;
use crate::rules;

/// Maximum length of a logged reason, in characters: an upstream may send a page of HTML.
const MAX_REASON_CHARS: usize = 300;

impl Actor {
    pub(super) fn log_turn_started(&self, turn: &TurnId) {
        let (session, owner) = (&self.shared.id, self.context.owner.as_str());
        let thread = self.transcript.thread_id.as_ref().map(tracing::field::display);
        let model = self.transcript.model.as_deref();
        tracing::info!(%session, owner, thread, %turn, model, "turn started");
    }

    pub(super) fn log_turn_ended(&self, turn: &TurnRecord) {
        let (session, owner) = (&self.shared.id, self.context.owner.as_str());
        let thread = self.transcript.thread_id.as_ref().map(tracing::field::display);
        let TurnRecord { id, status, duration_ms, tokens, error, .. } = turn;
        let why = error.as_ref().map(|error| truncate(&error.message));
        let kind = error.as_ref().and_then(|error| Some(error.codex_error_info.as_ref()?.get()));
        let message = match status {
            TurnStatus::Completed => "turn completed",
            TurnStatus::Interrupted => "turn interrupted",
            _ => "turn failed",
        };
        tracing::info!(
            %session, owner, thread, turn = %id, status = status.as_str(), duration_ms,
            input_tokens = tokens.input_tokens, cached_input_tokens = tokens.cached_input_tokens,
            output_tokens = tokens.output_tokens, total_tokens = tokens.total_tokens, why, kind,
            "{message}"
        );
    }

    /// Logs that codex refused a message, or that the turn failed before it started.
    pub(super) fn log_turn_refused(&self, error: &str) {
        let (session, owner) = (&self.shared.id, self.context.owner.as_str());
        tracing::info!(%session, owner, why = truncate(error), "turn failed before it began");
    }
}

/// Returns the beginning of a reason.
fn truncate(reason: &str) -> String {
    reason.chars().take(MAX_REASON_CHARS).collect()
}

/// A command as it is logged. Its text may contain secrets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LoggedCommand {
    /// The name of the program. `None` if it is not certain.
    pub program: Option<String>,
    /// The SHA-256 digest of the command as it is in the API, in hexadecimal.
    pub sha256: Option<String>,
}

impl LoggedCommand {
    pub(super) fn of(command: Option<&str>) -> Self {
        let Some(command) = command else { return Self::default() };
        let digest = digest(&SHA256, command.as_bytes());
        let mut sha256 = String::new();
        for byte in digest.as_ref() {
            // Writing to a `String` never fails.
            let _ = write!(sha256, "{byte:02x}");
        }
        Self { program: rules::program_name(command), sha256: Some(sha256) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(command: &str) -> LoggedCommand {
        LoggedCommand::of(Some(command))
    }

    #[test]
    fn command_is_logged_by_its_program_and_hash_alone() {
        let simple = logged("/bin/bash -lc 'curl -H token:hush https://example.org'");
        assert_eq!(simple.program.as_deref(), Some("curl"));
        assert_eq!(
            logged("echo hi").sha256.unwrap(),
            "56a79f3b115448072387c2480044bfa2cf8f90e4f5fddd8c943b4e051b81f80b"
        );
        assert!(!format!("{simple:?}").contains("hush"));
        for (script, program) in [
            ("/bin/bash -lc 'TOKEN=hush ./deploy'", Some("bash")),
            ("/usr/bin/zsh -lc 'cd a && make'", Some("zsh")),
            ("/opt/tools/run --all", Some("run")),
            ("TOKEN=hush ./deploy", None),
            ("", None),
        ] {
            assert_eq!(logged(script).program.as_deref(), program, "{script}");
        }
        assert_eq!(LoggedCommand::of(None), LoggedCommand::default());
    }

    #[test]
    fn long_reason_is_truncated() {
        assert_eq!(truncate(&"é".repeat(1000)).chars().count(), MAX_REASON_CHARS);
    }
}

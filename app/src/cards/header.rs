//! What the header of a step says: one line about what was done. `conversation/step.rs` draws it.

use codex_gateway_wire::diff::LineCounts;

use crate::icon::Icon;

/// The header of a step: icon, verb, target, scope, result and duration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EntryHeader {
    pub(crate) icon: Icon,
    pub(crate) verb: &'static str,
    pub(crate) target: Target,
    /// What limits the target, such as "in src". Empty if nothing does.
    pub(crate) scope: String,
    /// How the step ended; empty if the verb says it already.
    pub(crate) result: String,
    /// Lines added and removed; `None` if the step changed no lines.
    pub(crate) lines: Option<LineCounts>,
    pub(crate) tone: Tone,
    pub(crate) duration_ms: Option<u64>,
    /// `true` if the step has a body to show.
    pub(crate) is_expandable: bool,
}

/// The object of a header's verb.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// Prose.
    Text(String),
    /// A command, a path or a name.
    Code(String),
}

/// How a header stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Quiet,
    Failed,
    NeedsYou,
}

impl Tone {
    /// Returns the value of the attribute `data-tone`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Failed => "failed",
            Self::NeedsYou => "needs-you",
        }
    }
}

impl EntryHeader {
    /// Returns a header without target, scope, result and duration. Its tone is quiet, and it is expandable.
    pub(crate) fn new(icon: Icon, verb: &'static str) -> Self {
        Self {
            icon,
            verb,
            target: Target::Text(String::new()),
            scope: String::new(),
            result: String::new(),
            lines: None,
            tone: Tone::Quiet,
            duration_ms: None,
            is_expandable: true,
        }
    }

    pub(crate) fn text(self, target: impl Into<String>) -> Self {
        Self { target: Target::Text(target.into()), ..self }
    }

    pub(super) fn code(self, target: impl Into<String>) -> Self {
        Self { target: Target::Code(target.into()), ..self }
    }

    pub(super) fn result(self, result: impl Into<String>) -> Self {
        Self { result: result.into(), ..self }
    }

    pub(super) fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    pub(super) fn duration_ms(self, duration_ms: Option<u64>) -> Self {
        Self { duration_ms, ..self }
    }

    pub(super) fn expandable(self, is_expandable: bool) -> Self {
        Self { is_expandable, ..self }
    }
}

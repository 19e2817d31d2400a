//! What codex offers, as far as it is known before a session has its own process.

use codex_gateway_wire::api::{AccountState, Model};

use crate::{bridge::ConfigWarning, environment::RequestedVariable, project::ProjectRules};

/// The models and the account, as the newest process told them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// The models that can be chosen; none until a process has told them.
    pub models: Vec<Model>,
    /// Who codex is signed in as.
    pub account: AccountState,
    /// Why codex cannot be run, if it cannot.
    pub error: Option<String>,
    /// What codex says of its configuration.
    pub config_warning: Option<ConfigWarning>,
    /// Codex's rules about projects.
    pub(crate) project_rules: ProjectRules,
    /// The variables that codex's configuration asks for.
    pub requested_variables: Vec<RequestedVariable>,
}

//! Who answers codex's requests: the operator's ceiling and the defaults.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use codex_gateway_wire::ApprovalMode;

/// The operator's setting for who answers codex's requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Approvals {
    pub(super) set: Option<ApprovalMode>,
}

impl Approvals {
    /// The most permissive mode that the operator allows. `None` if the operator has not set one.
    pub fn ceiling(self) -> Option<ApprovalMode> {
        self.set
    }

    /// Returns the mode of a session that requests `requested`.
    ///
    /// # Errors
    /// The ceiling, if `requested` is above it. Only the operator can allow to accept everything.
    pub fn resolve(self, requested: Option<ApprovalMode>) -> Result<ApprovalMode, ApprovalMode> {
        let ceiling = self.set.unwrap_or(ApprovalMode::Ask);
        match requested {
            Some(requested) if requested > ceiling => Err(ceiling),
            Some(requested) => Ok(requested),
            None => Ok(self.set.unwrap_or(ApprovalMode::AskOrDecline)),
        }
    }

    /// The mode of sessions of the chat page. Requests wait until the user comes back.
    pub fn web_default(self) -> ApprovalMode {
        self.set.unwrap_or(ApprovalMode::Ask)
    }
}

pub(super) fn approval_modes() -> impl TypedValueParser<Value = ApprovalMode> {
    PossibleValuesParser::new(ApprovalMode::ALL.iter().map(|mode| mode.as_str()))
        .map(|word| ApprovalMode::parse(&word).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requested_mode_is_limited_by_the_operators_setting() {
        use ApprovalMode::{Accept, Ask, AskOrDecline, Decline};
        let unset = Approvals::default();
        assert_eq!((unset.resolve(None), unset.web_default()), (Ok(AskOrDecline), Ask));
        assert_eq!((unset.resolve(Some(Ask)), unset.resolve(Some(Accept))), (Ok(Ask), Err(Ask)));
        for &mode in ApprovalMode::ALL {
            let set = Approvals { set: Some(mode) };
            assert_eq!((set.resolve(None), set.web_default()), (Ok(mode), mode));
            assert_eq!(set.resolve(Some(Decline)), Ok(Decline));
            assert_eq!(set.resolve(Some(Accept)).is_ok(), mode == Accept);
        }
    }
}

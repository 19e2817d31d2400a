//! Who answers what codex asks.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use codex_gateway_wire::ApprovalMode;

/// Who answers what codex asks: what the operator says, and what follows from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Approvals {
    pub(super) set: Option<ApprovalMode>,
}

impl Approvals {
    /// The laxest that the operator allows, if they have said so.
    pub fn most(self) -> Option<ApprovalMode> {
        self.set
    }

    /// What a session has that asks for `asked`.
    ///
    /// # Errors
    /// The most that is allowed, if that is more. Approving everything is for the operator alone to allow.
    pub fn settle(self, asked: Option<ApprovalMode>) -> Result<ApprovalMode, ApprovalMode> {
        let most = self.set.unwrap_or(ApprovalMode::Ask);
        match asked {
            Some(asked) if asked > most => Err(most),
            Some(asked) => Ok(asked),
            None => Ok(self.set.unwrap_or(ApprovalMode::AskOrDecline)),
        }
    }

    /// What a session of the chat page has: a question waits there for whoever comes back.
    pub fn of_the_page(self) -> ApprovalMode {
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
    fn approvals_are_as_lax_as_the_operator_says_and_never_silent_unless_they_do() {
        use ApprovalMode::{Accept, Ask, AskOrDecline, Decline};
        let unset = Approvals::default();
        assert_eq!((unset.settle(None), unset.of_the_page()), (Ok(AskOrDecline), Ask));
        assert_eq!((unset.settle(Some(Ask)), unset.settle(Some(Accept))), (Ok(Ask), Err(Ask)));
        for &mode in ApprovalMode::ALL {
            let set = Approvals { set: Some(mode) };
            assert_eq!((set.settle(None), set.of_the_page()), (Ok(mode), mode));
            assert_eq!(set.settle(Some(Decline)), Ok(Decline));
            assert_eq!(set.settle(Some(Accept)).is_ok(), mode == Accept);
        }
    }
}
